"""A person has unspent USDC back at their own address, on a chain, and is told of each step; the reserves agree."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain.cards import auto_topup
from app.domain.cards.tables import OffReason, Switch
from app.domain.errors import Refused
from app.domain.money import Environment
from app.domain.operators.operators import Operator
from app.domain.payouts import addresses
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import PayoutStatus, ProvedBy
from app.domain.people.sessions import Person
from app.flows.events.mails import Desk
from app.flows.settlement.requesting import approve_payout, withdraw_payout
from app.flows.settlement.unspent.withdrawing import Wish, withdraw_unspent
from tests.support.books import assert_books_balance
from tests.support.paying_out import (
    CHAIN,
    ONE,
    RULES,
    Dies,
    Mails,
    assert_paid_once,
    find,
    kept_mails,
    make_saver,
    rail_of,
    run,
    unspent,
)
from tests.support.saved_cards import save_card, switch_on
from tests.support.scripted_chain import TREASURY, Cut, ToyChain

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SANDBOX = Environment.SANDBOX
WISH = Wish(SANDBOX, CHAIN, "c1")
OP = Operator("acc_op")


def prove(who: Person, address: str = "0xAda") -> None:
    with db.transaction() as session:
        begun = addresses.begin(session, who.account_id, SANDBOX, address)
        addresses.prove(session, addresses.lock(session, who.account_id, begun.id), ProvedBy.SIGNATURE)


def chain_with(units: int) -> ToyChain:
    chain = ToyChain()
    chain.mint(TREASURY, units)
    chain.mine(3)
    return chain


def test_unspent_usdc_arrives_once_and_its_owner_is_mailed(database: str) -> None:
    (ada, wallet), chain, mails = make_saver(9 * ONE + 3, card_units=ONE), chain_with(10 * ONE), Mails()
    rail, desk = rail_of(chain, mails), Desk(mails, frozenset())
    with pytest.raises(Refused, match="No address of yours counts yet"):
        asyncio.run(withdraw_unspent(RULES, desk, ada, WISH))
    prove(ada)
    asked, again = (asyncio.run(withdraw_unspent(RULES, desk, ada, WISH)) for _ in range(2))
    assert (asked.id, asked.address, asked.units, unspent(wallet)) == (again.id, "0xAda", 9 * ONE + 3, 0)
    run(rail, chain, 4)
    assert_paid_once(chain, [asked])
    assert [(mail.to, mail.subject) for mail in mails.sent] == [
        ("ada@example.org", "Your withdrawal of 9.000003 USDC is on its way"),
        ("ada@example.org", "Your withdrawal of 9.000003 USDC arrived"),
    ]
    assert (find(asked.id).paid_by or "none") in mails.sent[1].text and "0xAda" in mails.sent[0].text


def test_no_crash_loses_the_mail_of_a_withdrawal(database: str) -> None:
    (ada, _), chain = make_saver(9 * ONE), chain_with(10 * ONE)
    prove(ada)
    with pytest.raises(Cut):
        asyncio.run(withdraw_unspent(RULES, Desk(Dies(), frozenset()), ada, WISH))
    asked = asyncio.run(withdraw_unspent(RULES, Desk(Mails(), frozenset()), ada, WISH))
    said = ("ada@example.org", "Your withdrawal of 9.00 USDC is on its way")
    assert kept_mails() == [said]
    with pytest.raises(Cut):
        run(rail_of(chain, Dies()), chain, 4)
    assert find(asked.id).status is PayoutStatus.PAID
    assert kept_mails() == [said, ("ada@example.org", "Your withdrawal of 9.00 USDC arrived")]


def test_a_large_one_waits_for_an_operator_and_one_that_is_taken_back_is_in_the_wallet_again(database: str) -> None:
    (ada, wallet), chain, mails = make_saver(90 * ONE), chain_with(90 * ONE), Mails()
    rail, desk, rules = rail_of(chain, mails), Desk(mails, frozenset()), PayoutRules(payout_units_max=50 * ONE)
    prove(ada)
    large = asyncio.run(withdraw_unspent(rules, desk, ada, replace(WISH, units=60 * ONE)))
    small = asyncio.run(withdraw_unspent(rules, desk, ada, Wish(SANDBOX, CHAIN, "c2", 20 * ONE)))
    run(rail, chain, 3)
    assert (find(large.id).status, find(small.id).status) == (PayoutStatus.WAITING, PayoutStatus.PAID)
    assert asyncio.run(withdraw_payout(OP, large.id)) and not asyncio.run(approve_payout(OP, large.id))
    run(rail, chain, 4)
    assert (find(large.id).status, unspent(wallet)) == (PayoutStatus.RETURNED, 70 * ONE)
    assert mails.sent[-1].subject == "Your withdrawal of 60.00 USDC came back"
    assert_books_balance()


def test_whoever_withdraws_is_charged_by_itself_no_more(database: str) -> None:
    ada, wallet = make_saver(6 * ONE)
    switch_on(ada, save_card("sandbox", ada))
    prove(ada)
    asyncio.run(withdraw_unspent(RULES, Desk(Mails(), frozenset()), ada, WISH))
    with db.transaction(writes=False) as session:
        auto = auto_topup.find(session, wallet.owner)
        assert auto is not None and (auto.switch, auto.off_reason) == (Switch.OFF, OffReason.REFUND_ASKED)

"""A person has unspent USDC back at their own address, on a chain, and is told of each step; the reserves agree."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.cards import auto_topup
from app.domain.cards.tables import OffReason, Switch
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.errors import Refused
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.accounts import Kind
from app.domain.money import Environment
from app.domain.operators.operators import Operator
from app.domain.payouts import addresses, batches, desk, listing, requests
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import PayoutDesk, PayoutStatus, ProvedBy
from app.domain.paywalls.modes import Mode
from app.domain.people.sessions import Person
from app.flows.events.mails import Desk
from app.flows.settlement.requesting import approve_payout, book_for_wallet, resume_payouts, withdraw_payout
from app.flows.settlement.unspent.withdrawing import Wish, withdraw_unspent
from tests.support.books import assert_books_balance, make_snapshot
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
    withdraw,
)
from tests.support.restored import keep, restore
from tests.support.saved_cards import save_card, switch_on
from tests.support.scripted_chain import TREASURY, Cut, ToyChain
from tests.support.taking_back import begin_shared, cents_of, charge, house_of, of_paywall, open_taking_bank, spends

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


@pytest.mark.unhurried
@pytest.mark.parametrize("comes_back", [False, True])
async def test_card_money_is_disputed_while_usdc_is_on_its_way(
    database: str, comes_back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on its way is not reached; what comes back pays what is owed, and leaves when the dispute was won."""
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({"op@example.org"}))
    app, bank, (ada, wallet) = make_snapshot(mode=Mode.SHARED), open_taking_bank(), make_saver(50 * ONE)
    house, marks = house_of(bank), begin_shared(wallet, bank.connection_id, 5_000)
    bank.pay("pi_1", marks)
    await house.door.receive(bank.connection_id, "e1", "pi_1")
    charge(app, spends(app, ada), 3_000)
    payout = withdraw(ada, None, "0xAda")

    def stands() -> tuple[int, int, int]:
        assert_books_balance()
        return cents_of(wallet), cents_of(of_paywall(app, Kind.EARNINGS_PENDING)), unspent(wallet) // ONE

    assert (payout.units, *stands()) == (50 * ONE, 2_000, 2_970, 0)
    bank.dispute("dp_1", "pi_1", 5_000, DisputeState.OPEN, Funds.OUT)
    await house.door.receive(bank.connection_id, "e2", "dp_1", ObjectKind.DISPUTE)
    assert stands() == (-3_000, 0, 0)
    with db.transaction() as session:
        if comes_back:
            assert requests.withdraw(session, payout.id, "withdrawn") and batches.note_returned(
                session, payout.id, "0x", 9
            )
        else:
            assert batches.note_paid(session, payout.id, "0x", 9)
    assert stands() == ((2_000, 2_970, 0) if comes_back else (-3_000, 0, 0))
    with pytest.raises(Refused, match="frozen"):
        withdraw(ada, 5 * ONE, "0xAda")
    bank.dispute("dp_1", "pi_1", 5_000, DisputeState.WON, Funds.BACK)
    await house.door.receive(bank.connection_id, "e3", "dp_1", ObjectKind.DISPUTE)
    assert stands() == ((7_000, 2_970, 50) if comes_back else (2_000, 2_970, 0))


@pytest.mark.unhurried
def test_a_restored_backup_gives_no_withdrawal_twice(database: str) -> None:
    """The wallet has again what had left it; its owner, who knows that, is quicker than any operator."""
    (ada, wallet), chain, mails = make_saver(20 * ONE), chain_with(50 * ONE), Mails()
    rail, desk_ = rail_of(chain, mails), Desk(mails, frozenset())
    prove(ada)
    run(rail, chain, 1)
    with db.transaction() as session:  # a backup is older than what the payouts' own look takes
        session.get_one(PayoutDesk, CHAIN).read_at -= desk.READ_WITHIN + clock.SECOND
    kept = keep(database)
    run(rail, chain, 1)
    asked = asyncio.run(withdraw_unspent(RULES, desk_, ada, WISH))
    run(rail, chain, 3)
    assert_paid_once(chain, [asked])
    restore(database, kept)
    assert unspent(wallet) == 20 * ONE
    with pytest.raises(Refused, match="cannot be read"):
        asyncio.run(withdraw_unspent(RULES, desk_, ada, replace(WISH, click="c2")))
    run(rail, chain, 1)
    with pytest.raises(Refused, match="paused"):
        asyncio.run(withdraw_unspent(RULES, desk_, ada, replace(WISH, click="c2")))
    with db.transaction() as session:
        (left,) = listing.list_unbooked(session, CHAIN, 9)
    asyncio.run(book_for_wallet(OP, left.id, wallet.owner))
    asyncio.run(resume_payouts(OP, rail.treasury))
    assert unspent(wallet) == 0 and chain.paid("0xAda") == [20 * ONE]
    assert_books_balance()

"""Who may ask for payouts, where they go, and what an operator does about one."""

import asyncio

import pytest

from app import db
from app.domain.errors import NotAllowed, NotFound, Refused
from app.domain.money import Environment
from app.domain.operators.operators import Operator, read_changes
from app.domain.payouts import addresses, desk, listing
from app.domain.payouts.desk import Outgoing, Seen
from app.domain.payouts.tables import PayoutDesk, PayoutStatus, ProvedBy
from app.domain.people.sessions import Person
from app.flows.settlement.requesting import (
    Wanted,
    approve_payout,
    book_for_operator,
    book_for_paywall,
    hurry_payout,
    pause_payouts,
    request_payout,
    resume_payouts,
    withdraw_payout,
)
from tests.support.managing import OPERATOR, manager, own, person
from tests.support.paying_out import CHAIN, ONE, RULES, assert_paid_once, find, make_earner, rail_of, run, tick
from tests.support.scripted_chain import TREASURY, ToyChain

SANDBOX = Environment.SANDBOX
WANTED = Wanted(SANDBOX, CHAIN, "c1")
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def owner_of(paywall: str, address: str | None = "0xAda") -> Person:
    who = person("ada@example.org")
    own(paywall, who)
    if address:
        with db.transaction() as session:
            begun = addresses.begin(session, who.account_id, SANDBOX, address)
            addresses.prove(session, addresses.lock(session, who.account_id, begun.id), ProvedBy.SIGNATURE)
    return who


def operator() -> Operator:
    return Operator(person(OPERATOR).account_id)


def test_the_owner_asks_once_and_it_goes_to_their_address(database: str) -> None:
    paywall = make_earner(9 * ONE)
    who = owner_of(paywall)
    asked, again = (asyncio.run(request_payout(RULES, manager(paywall, who), WANTED)) for _ in range(2))
    assert asked.id == again.id and (asked.address, asked.units) == ("0xAda", 9 * ONE)
    assert asked.status is PayoutStatus.REQUESTED


def test_nobody_else_asks_and_nothing_goes_without_an_address(database: str) -> None:
    paywall = make_earner(9 * ONE)
    who = owner_of(paywall, None)
    with pytest.raises(Refused, match="No address of yours counts yet"):
        asyncio.run(request_payout(RULES, manager(paywall, who), WANTED))
    with pytest.raises(NotAllowed):
        asyncio.run(request_payout(RULES, manager(paywall, person(OPERATOR)), WANTED))
    with pytest.raises(NotFound):
        manager(paywall, person("eve@example.org"))


def test_an_address_of_the_sandbox_is_none_of_live_money(database: str) -> None:
    paywall = make_earner(9 * ONE)
    who = owner_of(paywall)
    with pytest.raises(Refused, match="No address"):
        asyncio.run(request_payout(RULES, manager(paywall, who), Wanted(Environment.LIVE, 137, "c1")))


def test_an_operator_approves_and_takes_back_and_that_is_logged(database: str) -> None:
    paywall = make_earner(600 * ONE)
    who, by = owner_of(paywall), operator()
    asked = asyncio.run(request_payout(RULES, manager(paywall, who), WANTED))
    assert asked.status is PayoutStatus.WAITING
    assert asyncio.run(approve_payout(by, asked.id)) and not asyncio.run(approve_payout(by, asked.id))
    assert asyncio.run(withdraw_payout(by, asked.id)) and not asyncio.run(withdraw_payout(by, asked.id))
    assert find(asked.id).status is PayoutStatus.CANCELING
    with db.transaction(writes=False) as session:
        assert [change.what for change in read_changes(session, 9)] == [{"withdrawn": True}, {"approved": True}]
    with pytest.raises(NotFound):
        asyncio.run(approve_payout(by, "pay_none"))


def test_an_operator_pauses_and_books(database: str) -> None:
    paywall = make_earner(9 * ONE)
    owner_of(paywall)
    by = operator()
    with pytest.raises(Refused, match="not read yet"):
        asyncio.run(pause_payouts(by, CHAIN))
    with db.transaction() as session:
        desk.open_desk(session, CHAIN, 10, "0xa")
        outgoing = [Outgoing("0x1", n, 11, "0xAda", ONE, None) for n in range(2)]
        desk.note_read(session, CHAIN, Seen(12, "0xc", 1, 0, 0), outgoing)
    asyncio.run(pause_payouts(by, CHAIN))
    with db.transaction(writes=False) as session:
        found = session.get_one(PayoutDesk, CHAIN)
        assert found.paused_because == "An operator paused them."
        first, second = (one.id for one in listing.list_unbooked(session, CHAIN, 9))
    asyncio.run(book_for_paywall(by, first, paywall))
    asyncio.run(book_for_operator(by, second))
    with db.transaction(writes=False) as session:
        assert listing.list_unbooked(session, CHAIN, 9) == []


@pytest.mark.unhurried
def test_an_operator_has_a_transaction_offer_more_and_resumes(database: str) -> None:
    chain, by, paywall = ToyChain(), operator(), make_earner(9 * ONE)
    chain.mint(TREASURY, 10 * ONE)
    chain.mine(3)
    asked = asyncio.run(request_payout(RULES, manager(paywall, owner_of(paywall)), WANTED))
    with pytest.raises(Refused, match="No transaction"):
        asyncio.run(hurry_payout(by, asked.id))
    rail = rail_of(chain)
    tick(rail)
    asyncio.run(hurry_payout(by, asked.id))
    tick(rail)
    assert len(set(chain.sent)) == 2  # the second offers more, under the same number
    asyncio.run(pause_payouts(by, CHAIN))
    asyncio.run(resume_payouts(by, rail.treasury))
    run(rail, chain, 2)
    assert_paid_once(chain, [asked])
    with db.transaction(writes=False) as session:
        assert read_changes(session, 1)[0].what == {"payouts": "resumed"}

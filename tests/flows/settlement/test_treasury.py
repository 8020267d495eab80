"""What left the treasury or the gas account and is not ours pauses payouts, until an operator has seen to it."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import Refused
from app.domain.payouts import desk
from app.domain.payouts.tables import PayoutDesk, PayoutStatus, TreasuryTransfer
from app.flows.settlement.treasury import Treasury
from tests.support.books import assert_books_balance
from tests.support.paying_out import (
    CHAIN,
    ONE,
    Mails,
    ask,
    ask_many,
    assert_paid_once,
    make_earner,
    rail_of,
    run,
    statuses,
    tick,
)
from tests.support.restored import keep, restore
from tests.support.scripted_chain import TREASURY, ToyChain

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def funded() -> ToyChain:
    chain = ToyChain()
    chain.mint(TREASURY, 10_000 * ONE)
    chain.mine(3)
    return chain


def because() -> str | None:
    with db.transaction(writes=False) as session:
        found: PayoutDesk = session.get_one(PayoutDesk, CHAIN)
        return found.paused_because


def an_hour_later() -> None:
    with db.transaction() as session:
        session.execute(update(PayoutDesk).values(looked_at=PayoutDesk.looked_at - 3_601 * clock.SECOND))  # type: ignore[operator]


def nothing(_session: Session) -> None:
    return


def resume(treasury: Treasury) -> None:
    asyncio.run(treasury.resume(nothing))


def book_all() -> None:
    with db.transaction() as session:
        session.execute(update(TreasuryTransfer).values(booked_as="operator"))


@pytest.mark.unhurried
def test_a_transfer_that_is_not_ours_pauses_until_it_is_booked(database: str) -> None:
    chain, mails = funded(), Mails()
    rail = rail_of(chain, mails)
    tick(rail)
    chain.send_foreign("0xEve", ONE)
    chain.mine(3)
    payout = ask(make_earner(6 * ONE), None, "0xAda")
    run(rail, chain, 2)
    assert because() == "Transfers out of the treasury that are not ours, or are forgotten: 1."
    assert statuses() == [PayoutStatus.REQUESTED] and len(mails.sent) == 1
    with pytest.raises(Refused, match="not booked"):
        resume(rail.treasury)
    book_all()
    resume(rail.treasury)
    run(rail, chain, 3)
    assert_paid_once(chain, [payout])


@pytest.mark.unhurried
def test_a_foreign_sender_on_the_gas_account_pauses(database: str) -> None:
    chain = funded()
    rail = rail_of(chain)
    tick(rail)
    chain.foreign_senders = 1
    payouts = ask_many(2)
    run(rail, chain, 2)
    assert "gas account that are not ours, or are forgotten: 1." in str(because()) and chain.sent == []
    resume(rail.treasury)
    run(rail, chain, 3)
    assert_paid_once(chain, payouts)


def test_other_code_behind_the_token_pauses_until_somebody_has_read_it(database: str) -> None:
    chain, mails = funded(), Mails()
    rail = rail_of(chain, mails)
    tick(rail)
    chain.code = "0xUpgraded"
    payouts = ask_many(2)
    tick(rail)
    assert because() is None  # it was looked at within the hour
    an_hour_later()
    late = ask(make_earner(6 * ONE), None, "0xLate")
    run(rail, chain, 2)
    assert because() == "The code of USDC on Toy was 0xImplementation, and is 0xUpgraded now."
    assert [mail.subject for mail in mails.sent] == ["Payouts on Toy are paused"]
    assert_paid_once(chain, payouts)  # what was signed before
    assert statuses()[-1] is PayoutStatus.REQUESTED
    resume(rail.treasury)
    run(rail, chain, 3)
    assert_paid_once(chain, [late])
    assert len(mails.sent) == 1


def test_other_code_is_told_though_payouts_are_paused_for_another_reason(database: str) -> None:
    chain, mails = funded(), Mails()
    rail = rail_of(chain, mails)
    tick(rail)
    asyncio.run(rail.treasury.pause("by hand"))
    chain.code = "0xUpgraded"
    an_hour_later()
    run(rail, chain, 2)
    assert [mail.subject for mail in mails.sent] == ["Payouts on Toy are paused", "USDC on Toy has other code"]
    assert because() == "by hand"


@pytest.mark.parametrize("how", ["paused", "blocked"])
def test_a_token_that_lets_nothing_out_keeps_payouts_waiting_and_is_told_once(database: str, how: str) -> None:
    chain, mails = funded(), Mails()
    rail = rail_of(chain, mails)
    tick(rail)
    if how == "paused":
        chain.is_token_paused = True
    else:
        chain.blocked.add(TREASURY)
        an_hour_later()
    payouts = ask_many(2)
    run(rail, chain, 3)
    assert statuses() == [PayoutStatus.REQUESTED] * 2 and chain.sent == [] and because() is None
    assert [mail.subject for mail in mails.sent] == ["Payouts on Toy wait for the issuer of USDC"]
    assert how.removesuffix("ed") in mails.sent[0].text
    chain.is_token_paused = False
    chain.blocked.clear()
    run(rail, chain, 3)
    assert_paid_once(chain, payouts)


def test_operators_are_told_once_that_the_gas_account_is_low(database: str) -> None:
    chain, mails = funded(), Mails()
    rail = rail_of(chain, mails)
    tick(rail)
    chain.coins_wei = 10**18
    run(rail, chain, 3)
    assert [mail.subject for mail in mails.sent] == ["The gas account on Toy is low"]
    assert "0xGas has 1.000 of the chain's coin, and should have 13.080" in mails.sent[0].text
    chain.coins_wei = 2 * 10**19
    tick(rail)
    chain.coins_wei = 0
    run(rail, chain, 2)
    assert len(mails.sent) == 2


def test_another_chain_behind_the_same_address_pauses(database: str) -> None:
    chain = funded()
    rail = rail_of(chain)
    tick(rail)
    tick(rail_of(ToyChain(height=3)))
    assert "not the one that was read before" in str(because())


@pytest.mark.unhurried
def test_nodes_that_lag_keep_payouts_waiting_and_pause_nothing(database: str) -> None:
    """A balancer leads to a node that is behind what was read: it will catch up, and nobody has to resume."""
    chain, mails = funded(), Mails()
    payout = ask(make_earner(6 * ONE), None, "0xAda")
    tick(rail_of(chain, mails))
    tick(rail_of(ToyChain(height=3, rules=replace(chain.rules, nodes_min=2)), mails))
    assert because() is None and mails.sent == []
    run(rail_of(chain), chain, 3)
    assert_paid_once(chain, [payout])


@pytest.mark.unhurried
def test_a_restored_backup_pays_nothing_again(database: str) -> None:
    """The backup is of before anything was signed; it knows the payouts, and not that they were paid."""
    chain = funded()
    payouts, rail = ask_many(20), rail_of(chain)
    chain.skew_seconds = -120
    tick(rail)  # the chain is known, and nothing is signed
    chain.skew_seconds = 0
    kept = keep(database)
    run(rail, chain, 3)
    assert_paid_once(chain, payouts)
    sent = list(chain.sent)
    restore(database, kept)
    assert set(statuses()) == {PayoutStatus.REQUESTED}
    run(rail, chain, 2)
    assert because() is not None and chain.sent == sent
    assert_paid_once(chain, payouts)  # by the transaction of then
    resume(rail.treasury)
    late = ask(make_earner(6 * ONE), None, "0xLate")
    run(rail, chain, 3)
    assert_paid_once(chain, [*payouts, late])
    assert_books_balance()


@pytest.mark.unhurried
def test_pausing_by_hand_lets_nothing_out_and_ends_what_is_decided(database: str) -> None:
    chain = funded()
    payouts, rail = ask_many(2), rail_of(chain)
    tick(rail)
    asyncio.run(rail.treasury.pause("by hand"))
    late = ask(make_earner(6 * ONE), None, "0xLate")
    run(rail, chain, 3)
    assert_paid_once(chain, payouts)
    assert statuses()[-1] is PayoutStatus.REQUESTED
    with db.transaction() as session:
        desk.resume(session, CHAIN)
    run(rail, chain, 3)
    assert_paid_once(chain, [late])

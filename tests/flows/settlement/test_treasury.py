"""What left the treasury or the gas account and is not ours pauses payouts, until an operator has seen to it."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app import db
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
    kept = _keep(database)
    run(rail, chain, 3)
    assert_paid_once(chain, payouts)
    sent = list(chain.sent)
    _restore(database, kept)
    assert set(statuses()) == {PayoutStatus.REQUESTED}
    run(rail, chain, 2)
    assert because() is not None and chain.sent == sent
    assert_paid_once(chain, payouts)  # by the transaction of then
    resume(rail.treasury)
    late = ask(make_earner(6 * ONE), None, "0xLate")
    run(rail, chain, 3)
    assert_paid_once(chain, [*payouts, late])
    assert_books_balance()


def _keep(url: str) -> Path:
    db.dispose()  # the last connection's end folds the WAL into the file
    path = Path(url.removeprefix("sqlite:///"))
    kept = path.with_suffix(".kept")
    shutil.copyfile(path, kept)
    return kept


def _restore(url: str, kept: Path) -> None:
    db.dispose()
    path = Path(url.removeprefix("sqlite:///"))
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    shutil.copyfile(kept, path)


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

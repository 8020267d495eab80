"""An operator reads of each connection what is wrong with it, and where its money differs."""

import pytest

from app import db
from app.domain import clock
from app.domain.inbox import health
from app.domain.inbox.tables import ConnectionRow, EndpointStatus
from app.flows.reconciling.soundness import DIFFERS_SECONDS_MAX, dollars, is_sound, read_connections, said_of
from tests.support.books import make_snapshot
from tests.support.reconciling import Books, reconciling
from tests.support.stripe_bank import StripeBank


def said(books: Books) -> tuple[bool, str]:
    with db.transaction(writes=False) as session:
        (one,) = read_connections(session, explains=True)
    return is_sound(one), said_of(one)


@pytest.mark.unhurried
async def test_each_fault_is_said(
    migrated_sqlite_url: str, stripe_bank: StripeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot()
    async with reconciling(stripe_bank.account()) as books:
        assert said(books)[0] is False and "its events were not read lately" in said(books)[1]
        with db.transaction() as session:
            health.note_events_read(session, books.connection.id, clock.now(), None)
        assert said(books) == (
            True, "stripe, sandbox, the operator's; endpoint none; events read. Its money was not compared yet.",
        )  # fmt: skip
        await books.pay(snapshot, "ada", 2_000)
        stripe_bank.advance(4)
        await books.keeper.read(books.connection)
        assert said(books)[1].endswith("Its money is the ledger's, to the cent.")
        books.post_by_hand(1, "hand:1")
        await books.keeper.read(books.connection)
        assert said(books)[0], "a payment that is about to be listed differs for a while"
        assert "differs by -$0.01: posting hand:1, which is of no payment by -$0.01" in said(books)[1]
        later = clock.now() + (DIFFERS_SECONDS_MAX + 1) * clock.SECOND
        with db.transaction() as session:
            health.note_events_read(session, books.connection.id, later, None)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert not said(books)[0]
        with db.transaction() as session:
            health.note_checked(session, books.connection.id, EndpointStatus.DISABLED)
            health.note_refused(session, books.connection.id, "Stripe does not accept the key.")
        assert "its key is refused: Stripe does not accept the key.; endpoint disabled" in said(books)[1]


async def test_the_operators_own_account_must_settle_in_dollars(
    migrated_sqlite_url: str, stripe_bank: StripeBank
) -> None:
    snapshot = make_snapshot()
    async with (
        reconciling(stripe_bank.account(currency="eur"), snapshot.paywall_id) as theirs,
        reconciling(stripe_bank.account(currency="eur")) as own,
    ):
        with db.transaction() as session:
            for books in (theirs, own):
                session.get_one(ConnectionRow, books.connection.id).settles_usd = 0
                health.note_events_read(session, books.connection.id, clock.now(), None)
        with db.transaction(writes=False) as session:
            found = {one.health.connection_id: one for one in read_connections(session)}
        assert [is_sound(found[books.connection.id]) for books in (theirs, own)] == [True, False]
        assert "It settles in another currency" in said_of(found[own.connection.id])


@pytest.mark.parametrize(("cents", "text"), [(1, "+$0.01"), (-12_345, "-$123.45"), (0, "+$0.00")])
def test_cents_are_dollars_with_a_sign(cents: int, text: str) -> None:
    assert dollars(cents) == text

"""What is looked at of payouts: sums of a paywall, what is under way, what could still be paid by hand."""

import pytest

from app import db
from app.domain.payouts import batches, listing, requests
from app.domain.payouts.desk import Outgoing, Seen, note_read, open_desk
from app.domain.payouts.listing import Sums
from app.domain.payouts.tables import PayoutStatus
from tests.support.paying_out import CHAIN, ONE, RULES, ask, make_earner

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.unhurried
def test_payouts_are_summed_and_listed_by_where_they_stand(database: str) -> None:
    paywall, other = make_earner(50 * ONE), make_earner(ONE)
    paid, back, open_, signed = (ask(paywall, units * ONE, "0xAda") for units in (6, 7, 8, 9))
    with db.transaction() as session:
        batches.note_paid(session, paid.id, "0x1", 1)
        requests.withdraw(session, back.id, "withdrawn")
        batches.note_returned(session, back.id, "0x2", 2)
        batches.open_batch(session, RULES, CHAIN, 100 * ONE, 3)
        batches.note_signed(session, signed.id, b"s", 9)
    with db.transaction(writes=False) as session:
        assert listing.read_sums(session, [paywall, other]) == {paywall: Sums(6 * ONE, 17 * ONE), other: Sums(0, 0)}
        assert [one.id for one in listing.list_of_paywalls(session, [paywall], 2)] == [signed.id, open_.id]
        assert [one.id for one in listing.list_under_way(session, CHAIN, 9)] == [open_.id, signed.id]
        assert [one.id for one in listing.list_by_hand(session, CHAIN, 9)] == [open_.id]
        assert listing.count_by_status(session, CHAIN) == {
            PayoutStatus.BATCHED: (1, 8 * ONE), PayoutStatus.SIGNED: (1, 9 * ONE),
        }  # fmt: skip


def test_transfers_that_are_not_booked_are_listed(database: str) -> None:
    with db.transaction() as session:
        open_desk(session, CHAIN, 10, "0xa")
        outgoing = [Outgoing("0x1", n, 12 - n, f"0xEve{n}", ONE, None) for n in range(2)]
        note_read(session, CHAIN, Seen(12, "0xc", 1, 0, 0), outgoing)
        assert [one.payee for one in listing.list_unbooked(session, CHAIN, 9)] == ["0xEve1", "0xEve0"]

"""What a rail says becomes rows once, and only what is new is told and freezes."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from app import db
from app.domain.disputes.found import FoundDispute, FoundRefund, FoundWarning
from app.domain.disputes.noting import WarningRules, note_disputes, note_refunds, note_warnings
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.refunds.tables import RefundReason, RefundStatus
from app.domain.topups import topups
from app.domain.topups.tables import Topup
from tests.support.reversed import Reversed

INQUIRY, DISMISSED, OPEN, WON, LOST = DisputeState
KEPT, OUT, BACK = Funds


class Undone(Exception):
    """Ends a transaction that only looked."""


@contextmanager
def undone() -> Iterator[db.Session]:
    """Opens a transaction that leaves nothing behind."""
    with suppress(Undone), db.transaction() as session:
        yield session
        raise Undone


def locked(case: Reversed, session: db.Session) -> Topup:
    return topups.lock(session, case.bank.connection_id, case.marks.topup_id)


@pytest.mark.unhurried
async def test_a_dispute_is_opened_and_closed_once(database: str) -> None:
    case = await Reversed().told()
    with undone() as session:
        topup = locked(case, session)
        expected = {
            (INQUIRY, KEPT): (0, 0, []), (OPEN, KEPT): (1, 0, []), (OPEN, OUT): (0, 0, [True]),
            (WON, OUT): (0, 1, []), (WON, BACK): (0, 0, [False]),
        }  # fmt: skip
        for (state, funds), (opened, closed, freezes) in expected.items():
            found = FoundDispute("dp_2", 100, state, funds, is_refundable=False)
            for is_first in (True, False):
                noted = note_disputes(session, topup, [found])
                counts = (len(noted.opened), len(noted.closed), [one.is_frozen for one in noted.freezings])
                assert counts == ((opened, closed, freezes) if is_first else (0, 0, []))
        dismissed = note_disputes(session, topup, [FoundDispute("dp_3", 5, DISMISSED, KEPT, is_refundable=True)])
        assert (dismissed.opened, dismissed.closed, dismissed.freezings) == ((), (), ())
        lost = note_disputes(session, topup, [FoundDispute("dp_4", 5, LOST, OUT, is_refundable=False)])
        assert (len(lost.opened), len(lost.closed), len(lost.freezings)) == (1, 1, 1)


async def test_refunds_made_elsewhere_are_new_once_and_ours_are_known(database: str) -> None:
    case = await Reversed().told()
    with undone() as session:
        topup = locked(case, session)
        found = [FoundRefund("re_9", None, 100, RefundStatus.PENDING), FoundRefund("re_8", "rfd_lost", 50,
                                                                               RefundStatus.SUCCEEDED)]  # fmt: skip
        new = note_refunds(session, topup, found)
        assert [(one.reason, one.paid_cents, one.status) for one in new] == [
            (RefundReason.ELSEWHERE, 100, RefundStatus.PENDING), (RefundReason.ELSEWHERE, 50, RefundStatus.SUCCEEDED)
        ]  # fmt: skip
        assert note_refunds(session, topup, found) == ()


@pytest.mark.unhurried
async def test_a_warning_is_acted_on_once(database: str) -> None:
    case = await Reversed().told()
    with undone() as session:
        topup = locked(case, session)
        warning = FoundWarning("w_1", is_actionable=True)
        rules = WarningRules(is_told_only=False, refund_cents_max=2_000)
        assert [one.is_frozen for one in note_warnings(session, topup, [warning], rules, 1_600)] == [True]
        assert note_warnings(session, topup, [warning], rules, 1_600) == ()
        for one, left, told_only in (("w_2", 0, False), ("w_3", 9, True)):
            rules = WarningRules(is_told_only=told_only, refund_cents_max=2_000)
            assert note_warnings(session, topup, [FoundWarning(one, is_actionable=True)], rules, left) == ()

"""A refund of a credited payment goes on as its rail says, and may fail even after it succeeded."""

from itertools import product

import pytest

from app.domain.refunds.payments import note
from app.domain.refunds.tables import Refund, RefundReason, RefundStatus

ASKED, PENDING, SUCCEEDED, FAILED = RefundStatus
ALLOWED = {(ASKED, PENDING), (ASKED, SUCCEEDED), (ASKED, FAILED), (PENDING, SUCCEEDED), (PENDING, FAILED),
           (SUCCEEDED, FAILED)}  # fmt: skip


@pytest.mark.parametrize(("before", "said"), list(product(RefundStatus, (PENDING, SUCCEEDED, FAILED))))
def test_what_a_rail_says_counts_where_it_can_be(before: RefundStatus, said: RefundStatus) -> None:
    row = Refund(
        id="rfd_1", topup_id="top_1", connection_id="con_1", payment_id="pi_1", paid_cents=5, currency="USD",
        credited_nanos=5, transit_nanos=0, reason=RefundReason.USER, status=before, attempts=0, created_at=1, next_at=1,
        told_at=3, finished_at=2 if before in (SUCCEEDED, FAILED) else None,
    )  # fmt: skip
    is_new = note(row, said)
    assert is_new is ((before, said) in ALLOWED)
    assert row.status is (said if is_new else before)
    assert (row.finished_at is None) is (row.status in (ASKED, PENDING))
    assert (row.told_at is None) is (is_new and said is FAILED), "a failure is told again"

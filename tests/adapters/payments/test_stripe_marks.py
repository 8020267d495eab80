"""What we write into Stripe's metadata comes back as it was, and nothing else does."""

import pytest

from app.adapters.payments.stripe_marks import instance_of, marks_of, written
from app.ports.payments import Marks

MARKS = Marks("a" * 32, "top_1", "live:USD:wallet:wal_1", 1_000_000, 10_000_000_000_000)


def test_marks_come_back_as_they_were_and_fit() -> None:
    metadata = written(MARKS)
    assert (marks_of(metadata), instance_of(metadata)) == (MARKS, "a" * 32)
    assert all(len(name) <= 40 and len(value) <= 500 for name, value in metadata.items())


@pytest.mark.parametrize(
    "changed", [{"coinslot_paid_cents": "ten"}, {"coinslot_topup": None}, {"coinslot_instance": None}]
)
def test_marks_that_somebody_spoilt_are_none(changed: dict[str, str | None]) -> None:
    spoilt = {name: value for name, value in {**written(MARKS), **changed}.items() if value is not None}
    assert marks_of(spoilt) is None


def test_metadata_of_others_has_no_instance() -> None:
    assert [instance_of(found) for found in ({}, {"order": "7"}, {"coinslot_instance": ""})] == [None, None, None]

"""What a top-up costs beside what it credits, rounded once."""

import pytest

from app.domain.topups.surcharge import NO_SURCHARGE, Surcharge


@pytest.mark.parametrize(
    ("surcharge", "cents", "paid"),
    [
        (NO_SURCHARGE, 2_000, 2_000),
        (Surcharge(290, 30), 2_000, 2_088),
        (Surcharge(50, 0), 300, 302),
        (Surcharge(49, 0), 300, 301),
        (Surcharge(0, 30), 1_000_000, 1_000_030),
    ],
)
def test_the_share_is_rounded_half_up(surcharge: Surcharge, cents: int, paid: int) -> None:
    assert surcharge.paid_cents(cents) == paid

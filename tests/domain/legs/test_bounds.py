"""What several legs hold together: rounded once, and shared so that every leg can answer or none is asked."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.legs.bounds import LegBound, shares, wanted
from app.domain.money import NANOS, Unit
from app.domain.pricing.quote import ONE_NANO

CREDIT = NANOS * ONE_NANO
BOUNDS = st.lists(
    st.tuples(st.integers(0, 50 * CREDIT), st.integers(0, 1000)).map(lambda of: LegBound(of[0], of[0] * of[1] // 1000)),
    min_size=1, max_size=9,
)  # fmt: skip


def test_bounds_are_rounded_once_together() -> None:
    ninth = LegBound(CREDIT // 50, CREDIT // 100)
    assert wanted(Unit.CREDIT, [ninth] * 9, 0) == (NANOS, NANOS)


def test_what_is_reserved_anyway_is_held_at_least() -> None:
    assert wanted(Unit.CREDIT, [LegBound(1, 1)], 5 * NANOS) == (5 * NANOS, 5 * NANOS)


def test_free_legs_hold_what_is_reserved_and_get_all_that_they_may() -> None:
    free = LegBound(0, 0)
    assert wanted(Unit.CREDIT, [free, free], 2 * NANOS) == (2 * NANOS, 2 * NANOS)
    assert shares(Unit.CREDIT, [free, free], 2 * NANOS) == [0, 0]


def test_a_grant_below_the_whole_is_shared_in_proportion() -> None:
    bounds = [LegBound(30 * CREDIT, CREDIT), LegBound(10 * CREDIT, CREDIT)]
    assert shares(Unit.CREDIT, bounds, 8 * NANOS) == [6 * CREDIT, 2 * CREDIT]
    assert shares(Unit.CREDIT, bounds, 8 * NANOS + 999) == [6 * CREDIT, 2 * CREDIT]


@given(st.sampled_from([Unit.CREDIT, Unit.USD]), BOUNDS, st.integers(0, 5), st.integers(0, 10**9))
def test_any_grant_between_least_and_most_lets_every_leg_answer_and_pays_for_all(
    unit: Unit, bounds: list[LegBound], floor: int, between: int
) -> None:
    most, least = wanted(unit, bounds, floor * NANOS)
    assert 0 <= least <= most
    granted = least + (most - least) * between // 10**9
    parts = shares(unit, bounds, granted)
    assert all(bound.least <= part <= bound.whole for bound, part in zip(bounds, parts, strict=True))
    if granted < most:
        usable = granted // NANOS * NANOS if unit is Unit.CREDIT else granted
        assert sum(parts) <= max(usable * ONE_NANO, sum(bound.least for bound in bounds))


@given(BOUNDS)
def test_one_credit_less_than_the_least_would_leave_a_leg_too_little(bounds: list[LegBound]) -> None:
    _, least = wanted(Unit.CREDIT, bounds, 0)
    if least:
        whole = sum(bound.whole for bound in bounds)
        parts = [(least - NANOS) * ONE_NANO * bound.whole // whole for bound in bounds]
        assert any(part < bound.least for bound, part in zip(bounds, parts, strict=True))

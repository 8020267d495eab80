"""Parts come to the whole, each is what it weighs to less than one, and what is left goes by the largest remainder."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.domain.legs.sharing import in_whole, share

WEIGHTS = st.lists(st.integers(0, 10**24), min_size=1, max_size=20)


def by_hand(amount: int, weights: list[int]) -> list[int]:
    """The rule as one would do it with a pencil: give all whole ones, then one at a time to whoever lacks most."""
    weighed = weights if any(weights) else [1] * len(weights)
    exact = [Fraction(amount * weight, sum(weighed)) for weight in weighed]
    parts = [int(part) for part in exact]
    while sum(parts) < amount:
        lacking = [part - given for part, given in zip(exact, parts, strict=True)]
        parts[lacking.index(max(lacking))] += 1
    return parts


@given(st.integers(0, 10**18), WEIGHTS)
def test_parts_are_what_the_rule_says_by_hand(amount: int, weights: list[int]) -> None:
    parts = share(amount, weights)
    assert parts == by_hand(amount, weights)
    assert sum(parts) == amount and min(parts) >= 0


@given(st.integers(0, 10**18), WEIGHTS)
def test_who_weighs_more_never_gets_less(amount: int, weights: list[int]) -> None:
    parts = share(amount, weights)
    for weight, part in zip(weights, parts, strict=True):
        assert all(part <= other for heavier, other in zip(weights, parts, strict=True) if heavier > weight)


def test_an_amount_among_nobody_is_no_part() -> None:
    assert share(0, []) == []


def test_where_nothing_weighs_anything_all_get_the_same() -> None:
    assert share(7, [0, 0, 0]) == [3, 2, 2]


def test_what_weighs_nothing_gets_nothing_beside_what_does() -> None:
    assert share(10**9, [0, 3, 0, 1]) == [0, 750_000_000, 0, 250_000_000]


@given(st.lists(st.integers(-(10**12), 10**12), max_size=20))
def test_whole_units_come_to_the_whole(amounts: list[int]) -> None:
    parts = in_whole(amounts, 1_000)
    assert sum(parts) == sum(amounts) // 1_000
    assert all(abs(part * 1_000 - amount) < 1_000 for part, amount in zip(parts, amounts, strict=True))


def test_what_was_given_back_stands_for_itself() -> None:
    assert in_whole([979, 21], 1_000) == [1, 0] and in_whole([2_000, -1_000], 1_000) == [2, -1]

"""The order of legs."""

from collections import Counter

from app.domain.routing.strategies import Standing, Strategy, in_order


def first(legs: list[Standing], turns: int) -> Counter[int]:
    return Counter(in_order(legs, Strategy.LATENCY, turn)[0] for turn in range(turns))


def test_legs_stand_as_they_were_named_or_the_cheapest_first() -> None:
    legs = [Standing(30), Standing(10), Standing(20), Standing(10)]
    assert in_order(legs, Strategy.RATE_LIMIT, 7) == [0, 1, 2, 3]
    assert in_order(legs, Strategy.COST, 7) == [1, 3, 2, 0]


def test_the_quickest_is_first_and_those_within_a_tenth_take_turns() -> None:
    legs = [Standing(0, 500), Standing(0, 110), Standing(0, 100), Standing(0, 111)]
    assert first(legs, 40) == {1: 20, 2: 20}
    assert all(in_order(legs, Strategy.LATENCY, turn)[2:] == [3, 0] for turn in range(8))
    nothing = [Standing(0, 0), Standing(0, 0), Standing(0, 1)]
    assert first(nothing, 40) == {0: 20, 1: 20}, "no time at all divides by nothing"


def test_a_leg_of_which_too_little_is_known_is_tried_every_fourth_time() -> None:
    assert first([Standing(0, 100), Standing(0), Standing(0)], 80) == {0: 60, 1: 10, 2: 10}
    assert first([Standing(0), Standing(0)], 8) == {0: 8}, "where nothing is known, as they were named"
    two = [Standing(0, 100), Standing(0, 100), Standing(0)]
    assert first(two, 80) == {0: 30, 1: 30, 2: 20}, "trying one takes nobody's turn"


def test_every_order_holds_every_leg_once() -> None:
    for strategy in Strategy:
        for turn in range(9):
            for known in range(16):
                legs = [Standing(place, 10 * place if known >> place & 1 else None) for place in range(4)]
                assert sorted(in_order(legs, strategy, turn)) == [0, 1, 2, 3]

"""A minute that moves: never more in any 60 seconds, right at its edges, and nothing kept that no longer counts."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.domain.limits.window import WINDOW_SLICES, Window

PAUSES = st.one_of(st.floats(0, 3), st.floats(0, 700), st.integers(0, 700).map(float))
"""Slices between one request and the next: in a burst, anywhere in the window, at the very edges of slices."""


def ask(window: Window, now: float, limit: int, amount: int) -> bool:
    window.move(now)
    if window.wait(now, limit, amount):
        return False
    window.add(now, amount)
    return True


@given(st.lists(st.tuples(PAUSES, st.integers(1, 5)), max_size=80), st.integers(5, 12))
def test_no_minute_wherever_it_begins_sees_more_than_the_limit(asked: Sequence[tuple[float, int]], limit: int) -> None:
    window, now, let_through = Window(), 0.0, list[tuple[float, int]]()
    for pause, amount in asked:
        now += pause
        if ask(window, now, limit, amount):
            let_through.append((now, amount))
    for begin, _ in let_through:
        inside = sum(amount for at, amount in let_through if begin <= at < begin + WINDOW_SLICES)
        assert inside <= limit


@given(st.lists(st.tuples(PAUSES, st.integers(1, 5)), min_size=1, max_size=80), st.integers(5, 12))
def test_who_waits_as_long_as_they_are_told_gets_through_and_nobody_sooner(
    asked: Sequence[tuple[float, int]], limit: int
) -> None:
    window, now = Window(), 0.0
    for pause, amount in asked:
        now += pause
        window.move(now)
        wait = window.wait(now, limit, amount)
        assert 0 <= wait <= WINDOW_SLICES + 1
        if wait:
            window.move(now + wait - 1e-6)
            assert window.wait(now + wait - 1e-6, limit, amount)
            now += wait
            window.move(now)
        assert window.wait(now, limit, amount) == 0
        window.add(now, amount)


def test_the_edge_of_a_minute_lets_no_second_burst_through() -> None:
    window = Window()
    assert all(ask(window, 599.99, 10, 1) for _ in range(10))
    assert not ask(window, 600.0, 10, 1), "a new minute on the clock is no new minute of the limit"
    assert not ask(window, 599 + WINDOW_SLICES + 0.99, 10, 1)
    assert all(ask(window, 599 + WINDOW_SLICES + 1, 10, 1) for _ in range(10))
    assert not ask(window, 1_300, 10, 1)


def test_what_is_taken_back_is_free_at_once_and_only_while_it_counts() -> None:
    window = Window()
    assert ask(window, 5.5, 10, 10) and not ask(window, 6, 10, 1)
    window.take_back(5, 4)
    assert ask(window, 7, 10, 4) and not ask(window, 7, 10, 1)
    window.move(5 + WINDOW_SLICES + 1)
    window.take_back(5, 6)
    assert window.total == 4


def test_it_says_when_it_is_empty_again_and_keeps_nothing_then() -> None:
    window = Window()
    assert window.rest(3) == 0
    window.add(3.5, 2)
    window.add(9.5, 1)
    assert window.rest(10) == 9 + WINDOW_SLICES + 1 - 10
    window.take_back(9, 1)
    assert window.rest(10) == 3 + WINDOW_SLICES + 1 - 10
    window.move(10_000)
    assert (window.total, window.rest(10_000), window._slices) == (0, 0, {})

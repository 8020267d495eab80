"""Sums add up, and a margin never counts a cost that nobody knows as nothing."""

from app.domain.rollups.sums import NAMES, NOTHING, Sums, minus, plus

DOLLAR = 1_000_000_000


def test_gross_refunds_net_and_margin() -> None:
    """`research/dashboard_modes.md` (d) 3."""
    sums = plus(Sums(4, 10 * DOLLAR, cost_nanos=6 * DOLLAR), Sums(refunds_nanos=5 * DOLLAR // 2))
    assert (sums.gross_nanos, sums.refunds_nanos, sums.net_nanos) == (10 * DOLLAR, 5 * DOLLAR // 2, 15 * DOLLAR // 2)
    assert sums.margin_nanos == 3 * DOLLAR // 2


def test_a_margin_leaves_out_what_has_an_unknown_cost() -> None:
    known = Sums(1, 100, cost_nanos=60, fee_nanos=1)
    unknown = Sums(1, 50, fee_nanos=2, unknown_net_nanos=50, unknown_fee_nanos=2)
    assert (known.margin_nanos, unknown.margin_nanos, plus(known, unknown).margin_nanos) == (39, None, 39)
    assert plus(known, unknown).net_nanos == 150


def test_nothing_has_a_margin_of_nothing() -> None:
    assert NOTHING.margin_nanos == 0


def test_what_is_added_can_be_taken_away() -> None:
    one, other = Sums(*range(len(NAMES))), Sums(*range(5, 5 + len(NAMES)))
    assert minus(plus(one, other), other) == one


def test_tokens_are_those_of_every_column_once() -> None:
    assert Sums(input_tokens=1, cached_tokens=20, output_tokens=300, reasoning_tokens=4_000).tokens == 4_321

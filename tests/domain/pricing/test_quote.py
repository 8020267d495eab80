"""A charge is exact until it is rounded once."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import NANOS, Unit
from app.domain.pricing.quote import Price, TokenKind, Tokens, affordable_output_tokens, bound_nanos, charge_nanos

NANO = st.integers(0, 100 * NANOS)
PRICES = st.builds(
    Price, id=st.just("prc_1"), model=st.just("m"), version=st.just(1), unit=st.sampled_from([Unit.USD, Unit.USDC]),
    input_nanos=NANO, cached_input_nanos=NANO, output_nanos=NANO, request_nanos=NANO,
    minimum_nanos=st.integers(0, NANOS) | st.integers(0, 10**6 * NANOS),
    markup_basis_points=st.integers(0, 50_000),
)  # fmt: skip
COUNTS = st.integers(0, 2_000_000)


@st.composite
def tokens(draw: st.DrawFn) -> Tokens:
    prompt = draw(COUNTS)
    return Tokens(prompt, draw(COUNTS), draw(st.integers(0, prompt)))


def exact(price: Price, used: Tokens) -> Fraction:
    """Works out a charge in nanos with nothing rounded."""
    total = Fraction(price.input_nanos * (used.prompt - used.cached) + price.cached_input_nanos * used.cached
                     + price.output_nanos * used.output, 10**6)  # fmt: skip
    return (total + price.request_nanos) * (1 + Fraction(price.markup_basis_points, 10_000))


@given(PRICES, tokens())
def test_a_charge_is_rounded_once_half_up_and_never_below_the_minimum(price: Price, used: Tokens) -> None:
    rounded = int(exact(price, used) + Fraction(1, 2))
    assert charge_nanos(price, used) == max(rounded, price.minimum_nanos)


@pytest.mark.parametrize(
    ("input_nanos", "markup", "prompt", "charge"),
    [
        (1, 0, 499_999, 0),
        (1, 0, 500_000, 1),
        (1, 0, 1_499_999, 1),
        (1, 0, 1_500_000, 2),
        (1, 10_000, 249_999, 0),
        (1, 10_000, 250_000, 1),
        (2_500_000_000, 1_250, 1_234, 3_470_625),
    ],
)
def test_half_a_nano_is_rounded_up_and_less_is_dropped(input_nanos: int, markup: int, prompt: int, charge: int) -> None:
    price = Price("prc_1", "m", 1, Unit.USD, input_nanos, 0, 0, markup_basis_points=markup)
    assert charge_nanos(price, Tokens(prompt, 0)) == charge


def test_what_is_half_a_nano_for_each_kind_is_rounded_once_in_their_sum() -> None:
    price = Price("prc_1", "m", 1, Unit.USD, 1, 1, 1)
    assert charge_nanos(price, Tokens(1_000_000, 500_000, 500_000)) == 2  # and not 3, one for each


@given(PRICES, tokens(), st.data())
def test_no_charge_within_the_bound_costs_more_than_the_bound(price: Price, most: Tokens, data: st.DataObject) -> None:
    prompt, output = data.draw(st.integers(0, most.prompt)), data.draw(st.integers(0, most.output))
    used = Tokens(prompt, output, data.draw(st.integers(0, prompt)))
    for unit in Unit:
        priced = replace(price, unit=unit)
        assert charge_nanos(priced, used) <= bound_nanos(priced, most.prompt, most.output)


@given(PRICES, COUNTS, COUNTS)
def test_the_bound_is_what_the_dearest_answer_costs(price: Price, prompt: int, output: int) -> None:
    dearest = prompt if price.cached_input_nanos > price.input_nanos else 0
    assert bound_nanos(price, prompt, output) == charge_nanos(price, Tokens(prompt, output, dearest))


@given(PRICES, st.integers(0, 10_000), st.integers(0, 20_000), st.integers(0, 1_000 * NANOS))
def test_the_affordable_output_is_the_largest_that_fits(price: Price, prompt: int, limit: int, nanos: int) -> None:
    found = affordable_output_tokens(price, prompt, limit, nanos)
    assert -1 <= found <= limit
    if found >= 0:
        assert bound_nanos(price, prompt, found) <= nanos
    if found < limit:
        assert bound_nanos(price, prompt, found + 1) > nanos


@given(PRICES, tokens())
def test_whole_credits_are_rounded_up(price: Price, used: Tokens) -> None:
    credit = replace(price, unit=Unit.CREDIT)
    charge, least = charge_nanos(credit, used), max(exact(credit, used), Fraction(credit.minimum_nanos))
    assert charge % NANOS == 0
    assert 0 <= charge - least < NANOS


@pytest.mark.parametrize(("minimum_nanos", "charge"), [(0, 0), (1, NANOS), (NANOS, NANOS), (NANOS + 1, 2 * NANOS)])
def test_a_minimum_is_rounded_up_to_whole_credits_too(minimum_nanos: int, charge: int) -> None:
    price = Price("prc_1", "m", 1, Unit.CREDIT, 0, 0, 0, minimum_nanos=minimum_nanos)
    assert charge_nanos(price, Tokens(9, 9)) == bound_nanos(price, 9, 9) == charge


@given(tokens())
def test_the_kinds_add_up_to_the_tokens(used: Tokens) -> None:
    parts = dict(used.by_kind())
    assert parts == {
        TokenKind.INPUT: used.prompt - used.cached,
        TokenKind.CACHED_INPUT: used.cached,
        TokenKind.OUTPUT: used.output,
    }


def test_more_cached_tokens_than_the_prompt_has_are_not_believed() -> None:
    assert dict(Tokens(10, 5, 11).by_kind()) == dict(Tokens(10, 5, 10).by_kind())


@given(PRICES | st.just(Price("prc_0", "m", 1, Unit.USD, 0, 0, 0, markup_basis_points=5)))
def test_a_free_price_never_charges_and_any_other_can(price: Price) -> None:
    most = charge_nanos(price, Tokens(10**9, 10**9, 10**8))
    assert price.is_free == (most == 0)

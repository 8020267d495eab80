"""A charge is exact until it is rounded once."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import NANOS, Unit
from app.domain.pricing.quote import (
    OF_OUTPUT,
    Price,
    TokenKind,
    Tokens,
    affordable_output_tokens,
    bound_nanos,
    charge_nanos,
)

NANO = st.integers(0, 100 * NANOS)
PRICES = st.builds(
    Price, id=st.just("prc_1"), model=st.just("m"), version=st.just(1), unit=st.sampled_from([Unit.USD, Unit.USDC]),
    input_nanos=NANO, cached_input_nanos=NANO, output_nanos=NANO, request_nanos=NANO,
    minimum_nanos=st.integers(0, NANOS) | st.integers(0, 10**6 * NANOS),
    markup_basis_points=st.integers(0, 50_000), cache_write_nanos=st.none() | NANO, image_input_nanos=st.none() | NANO,
    audio_input_nanos=st.none() | NANO, reasoning_nanos=st.none() | NANO, audio_output_nanos=st.none() | NANO,
)  # fmt: skip
COUNTS = st.integers(0, 2_000_000)


@st.composite
def tokens(draw: st.DrawFn) -> Tokens:
    """Tokens of every kind, each a part of the prompt or of the output."""
    prompt, output = draw(COUNTS), draw(COUNTS)
    cached = draw(st.integers(0, prompt))
    if draw(st.booleans()):
        return Tokens(prompt, output, cached)
    left, other = {True: prompt - cached, False: output}, []
    for kind in (TokenKind.CACHE_WRITE, TokenKind.IMAGE_INPUT, TokenKind.AUDIO_INPUT, *OF_OUTPUT[1:]):
        part = draw(st.integers(0, left[kind not in OF_OUTPUT]))
        left[kind not in OF_OUTPUT] -= part
        other.append((kind, part))
    return Tokens(prompt, output, cached, tuple(other))


def exact(price: Price, used: Tokens) -> Fraction:
    """Works out a charge in nanos with nothing rounded: the whole at the plain price, and each part's difference."""
    total = price.input_nanos * used.prompt + price.output_nanos * used.output
    total += (price.cached_input_nanos - price.input_nanos) * used.cached
    own = {
        TokenKind.CACHE_WRITE: price.cache_write_nanos, TokenKind.IMAGE_INPUT: price.image_input_nanos,
        TokenKind.AUDIO_INPUT: price.audio_input_nanos, TokenKind.REASONING: price.reasoning_nanos,
        TokenKind.AUDIO_OUTPUT: price.audio_output_nanos,
    }  # fmt: skip
    for kind, count in used.other:
        plain, nanos = (price.output_nanos if kind in OF_OUTPUT else price.input_nanos), own[kind]
        total += (plain if nanos is None else nanos) * count - plain * count
    return (Fraction(total, 10**6) + price.request_nanos) * (1 + Fraction(price.markup_basis_points, 10_000))


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
    dear_input = max((kind for kind in price.rates if kind not in OF_OUTPUT), key=lambda kind: price.rates[kind])
    dear_output = max(OF_OUTPUT, key=lambda kind: price.rates[kind])
    cached = prompt if dear_input is TokenKind.CACHED_INPUT else 0
    dearest = Tokens(prompt, output, cached, ((dear_input, prompt), (dear_output, output)))
    assert bound_nanos(price, prompt, output, has_media=True) == charge_nanos(price, dearest)


@given(PRICES, tokens())
def test_text_is_bounded_without_the_price_of_sound_and_images(price: Price, used: Tokens) -> None:
    media = (TokenKind.IMAGE_INPUT, TokenKind.AUDIO_INPUT, TokenKind.AUDIO_OUTPUT)
    text = Tokens(used.prompt, used.output, used.cached, tuple(part for part in used.other if part[0] not in media))
    assert charge_nanos(price, text) <= bound_nanos(price, used.prompt, used.output)
    assert charge_nanos(price, used) <= bound_nanos(price, used.prompt, used.output, has_media=True)


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
    assert sum(count for kind, count in parts.items() if kind in OF_OUTPUT) == used.output
    assert sum(count for kind, count in parts.items() if kind not in OF_OUTPUT) == used.prompt
    assert parts.get(TokenKind.CACHED_INPUT, 0) == used.cached
    assert all(parts.get(kind, 0) == count for kind, count in used.other)


@given(COUNTS, COUNTS, COUNTS, st.lists(st.tuples(st.sampled_from(TokenKind), COUNTS), unique_by=lambda part: part[0]))
def test_parts_that_come_to_more_than_the_whole_are_believed_as_far_as_it_goes(
    prompt: int, output: int, cached: int, other: list[tuple[TokenKind, int]]
) -> None:
    parts = dict(Tokens(prompt, output, cached, tuple(other)).by_kind())
    assert sum(count for kind, count in parts.items() if kind in OF_OUTPUT) == output
    assert sum(count for kind, count in parts.items() if kind not in OF_OUTPUT) == prompt


def test_more_cached_tokens_than_the_prompt_has_are_not_believed() -> None:
    assert dict(Tokens(10, 5, 11).by_kind()) == dict(Tokens(10, 5, 10).by_kind())


@given(PRICES | st.just(Price("prc_0", "m", 1, Unit.USD, 0, 0, 0, markup_basis_points=5)))
def test_a_free_price_never_charges_and_any_other_can(price: Price) -> None:
    most = charge_nanos(price, Tokens(10**9, 10**9, 10**8))
    assert price.is_free == (most == 0)

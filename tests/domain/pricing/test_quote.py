"""A charge is exact until it is rounded once."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import NANOS, Unit
from app.domain.pricing.quote import (
    OF_OUTPUT,
    OF_PROMPT,
    TIERED,
    Price,
    Tier,
    TokenKind,
    Tokens,
    affordable_output_tokens,
    bound_nanos,
    charge_nanos,
    cost_nanos,
)
from tests.support.pricing import COUNTS, PRICES, tokens


def exact(price: Price, used: Tokens) -> Fraction:
    """Works out a charge in nanos with nothing rounded: the whole at the plain price, and each part's difference."""
    by: Price | Tier = price
    for tier in price.tiers:
        by = tier if used.prompt >= tier.from_tokens else by
    total = by.input_nanos * used.prompt + by.output_nanos * used.output + price.image_nanos * used.images
    total += (by.cached_input_nanos - by.input_nanos) * used.cached
    for kind, count in used.other:
        plain, nanos = (by.output_nanos if kind in OF_OUTPUT else by.input_nanos), getattr(by, f"{kind.value}_nanos")
        total += (plain if nanos is None else nanos) * count - plain * count
    return (Fraction(total, 10**6) + price.request_nanos) * (1 + Fraction(price.markup_basis_points, 10_000))


@pytest.mark.unhurried
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


@pytest.mark.unhurried
@given(PRICES, tokens(), st.data())
def test_no_charge_within_the_bound_costs_more_than_the_bound(price: Price, most: Tokens, data: st.DataObject) -> None:
    prompt, output = data.draw(st.integers(0, most.prompt)), data.draw(st.integers(0, most.output))
    images = data.draw(st.integers(0, most.images))
    used = Tokens(prompt, output, data.draw(st.integers(0, prompt)), images=images)
    for unit in Unit:
        priced = replace(price, unit=unit)
        assert charge_nanos(priced, used) <= bound_nanos(priced, most.prompt, most.output, images=most.images)


@pytest.mark.unhurried
@given(PRICES, st.lists(COUNTS, min_size=2, max_size=2), st.lists(COUNTS, min_size=2, max_size=2), st.booleans())
def test_a_bound_never_falls_as_prompt_or_output_grow(
    price: Price, prompts: list[int], outputs: list[int], has_media: bool
) -> None:
    (less, more), (few, many) = sorted(prompts), sorted(outputs)
    most = bound_nanos(price, more, many, has_media=has_media)
    assert bound_nanos(price, less, many, has_media=has_media) <= most
    assert bound_nanos(price, more, few, has_media=has_media) <= most


@given(PRICES, COUNTS, COUNTS, st.integers(0, 20))
def test_the_bound_is_what_the_dearest_answer_costs(price: Price, prompt: int, output: int, images: int) -> None:
    assert bound_nanos(price, prompt, output, has_media=True, images=images) == max(
        charge_nanos(price, dearest(price, length, output, images))
        for length in {prompt, *(tier.from_tokens - 1 for tier in price.tiers if tier.from_tokens <= prompt)}
    )


def dearest(price: Price, prompt: int, output: int, images: int) -> Tokens:
    """The answer to a prompt of that length that costs most."""
    rates = price.at(prompt).rates
    dear_input = max(OF_PROMPT, key=lambda kind: rates[kind])
    dear_output = max(OF_OUTPUT, key=lambda kind: rates[kind])
    cached = prompt if dear_input is TokenKind.CACHED_INPUT else 0
    return Tokens(prompt, output, cached, ((dear_input, prompt), (dear_output, output)), images)


LONG = Price("prc_1", "m", 1, Unit.USD, NANOS, NANOS, 10 * NANOS, tiers=(Tier(201, 2 * NANOS, 2 * NANOS, 15 * NANOS),))


def test_a_long_prompt_prices_the_whole_request_by_its_tier() -> None:
    assert (charge_nanos(LONG, Tokens(200, 10)), charge_nanos(LONG, Tokens(201, 10))) == (300_000, 552_000)
    assert (bound_nanos(LONG, 200, 10), bound_nanos(LONG, 201, 10)) == (300_000, 552_000)
    assert [LONG.tier_from(prompt) for prompt in (0, 200, 201, 10**6)] == [None, None, 201, 201]


def test_a_cheaper_tier_never_lowers_the_bound_below_what_a_shorter_prompt_costs() -> None:
    cheap = replace(LONG, tiers=(Tier(201, 1, 1, 1),))
    assert bound_nanos(cheap, 201, 10) == charge_nanos(cheap, Tokens(200, 10)) > charge_nanos(cheap, Tokens(201, 10))


def test_a_price_is_free_only_if_its_tiers_are() -> None:
    free = Price("prc_0", "m", 1, Unit.USD, 0, 0, 0, tiers=(Tier(9, 0, 0, 0),))
    assert free.is_free and not replace(free, tiers=(Tier(9, 0, 0, 1),)).is_free
    assert not replace(free, image_nanos=1).is_free


@pytest.mark.parametrize("part", [*TIERED, "request_nanos"])
def test_a_price_is_not_free_where_anything_of_it_is_to_be_paid(part: str) -> None:
    assert not replace(Price("prc_0", "m", 1, Unit.USD, 0, 0, 0), **{part: 1}).is_free  # type: ignore[arg-type]


def test_a_free_price_may_have_a_least_charge_and_then_costs_something() -> None:
    free = Price("prc_0", "m", 1, Unit.CREDIT, 0, 0, 0)
    least = replace(free, minimum_nanos=1)
    assert (free.is_free, free.costs_nothing, least.is_free, least.costs_nothing) == (True, True, True, False)


@pytest.mark.parametrize("kind", ["cached_input", "cache_write", "reasoning", "image_output"])
def test_a_text_is_bounded_by_the_dearest_kind_that_it_can_turn_out_to_be(kind: str) -> None:
    dear = replace(Price("prc_1", "m", 1, Unit.USD, 1_000, 1_000, 1_000), **{f"{kind}_nanos": 9 * NANOS})  # type: ignore[arg-type]
    used = Tokens(100, 100, 100) if kind == "cached_input" else Tokens(100, 100, 0, ((TokenKind(kind), 100),))
    assert charge_nanos(dear, used) == bound_nanos(dear, 100, 100)


def test_what_the_provider_asks_is_the_cost_and_not_the_price() -> None:
    own = replace(LONG, cost=Price("", "m", 0, Unit.USD, 5, 5, 5, request_nanos=7, tiers=(Tier(50, 9, 9, 9),)))
    assert cost_nanos(own, Tokens(10**6, 10**6)) == 9 + 9 + 7
    assert cost_nanos(own, Tokens(49, 10**6)) == 5 + 7
    assert cost_nanos(LONG, Tokens(201, 10)) == charge_nanos(LONG, Tokens(201, 10))


@pytest.mark.unhurried
@given(PRICES, tokens())
def test_text_is_bounded_without_the_price_of_sound_and_images(price: Price, used: Tokens) -> None:
    media = (TokenKind.IMAGE_INPUT, TokenKind.AUDIO_INPUT, TokenKind.AUDIO_OUTPUT)
    text = Tokens(used.prompt, used.output, used.cached, tuple(part for part in used.other if part[0] not in media))
    assert charge_nanos(price, text) <= bound_nanos(price, used.prompt, used.output)
    bound = bound_nanos(price, used.prompt, used.output, has_media=True, images=used.images)
    assert charge_nanos(price, used) <= bound


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
    assert sum(count for kind, count in parts.items() if kind in OF_PROMPT) == used.prompt
    assert parts.get(TokenKind.IMAGE, 0) == used.images
    assert parts.get(TokenKind.CACHED_INPUT, 0) == used.cached
    assert all(parts.get(kind, 0) == count for kind, count in used.other)


@pytest.mark.unhurried
@given(COUNTS, COUNTS, COUNTS, st.lists(st.tuples(st.sampled_from(TokenKind), COUNTS), unique_by=lambda part: part[0]))
def test_parts_that_come_to_more_than_the_whole_are_believed_as_far_as_it_goes(
    prompt: int, output: int, cached: int, other: list[tuple[TokenKind, int]]
) -> None:
    parts = dict(Tokens(prompt, output, cached, tuple(other)).by_kind())
    assert sum(count for kind, count in parts.items() if kind in OF_OUTPUT) == output
    assert sum(count for kind, count in parts.items() if kind in OF_PROMPT) == prompt
    assert min(parts.values(), default=0) >= 0


def test_more_cached_tokens_than_the_prompt_has_are_not_believed() -> None:
    assert dict(Tokens(10, 5, 11).by_kind()) == dict(Tokens(10, 5, 10).by_kind())


@given(PRICES | st.just(Price("prc_0", "m", 1, Unit.USD, 0, 0, 0, markup_basis_points=5)))
def test_a_free_price_never_charges_and_any_other_can(price: Price) -> None:
    price = replace(price, tiers=())
    most = charge_nanos(price, Tokens(10**9, 10**9, 10**8, images=10**9))
    assert price.is_free == (most == 0)

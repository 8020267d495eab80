"""What a chat brings adds up to its charge, and what is below its cost is found kind by kind."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import NANOS, Unit
from app.domain.pricing.margins import Moved, brought_by, kinds_at_a_loss, moved
from app.domain.pricing.quote import Price, Tier, TokenKind, Tokens, charge_nanos, cost_nanos
from app.domain.pricing.split import SplitTerms
from tests.support.pricing import PRICES, tokens

MINE = Price("p", "m", 1, Unit.USDC, 150_000_000, 75_000_000, 600_000_000, markup_basis_points=2_500)
LISTED = replace(MINE, markup_basis_points=0)
PAID, OWN_KEY = SplitTerms(100, pays_provider=True), SplitTerms(100, pays_provider=False)


@pytest.mark.unhurried
@given(PRICES, tokens(), PRICES | st.none(), st.sampled_from([None, PAID, OWN_KEY]))
def test_the_parts_of_what_a_chat_brings_are_its_charge(
    price: Price, used: Tokens, asked: Price | None, terms: SplitTerms | None
) -> None:
    found = brought_by(price, used, terms, asked)
    assert found.user == charge_nanos(price, used)
    assert found.platform == (0 if terms is None else found.user // 100)
    if found.developer is not None and found.provider is not None:
        assert found.provider + found.platform + found.developer == found.user
    else:
        assert (asked, terms is not None and terms.pays_provider) == (None, False)


def test_a_typical_chat_as_the_page_shows_it() -> None:
    found = brought_by(MINE, Tokens(1_200, 400), PAID, LISTED)
    assert (found.user, found.provider, found.platform, found.developer) == (525_000, 420_000, 5_250, 99_750)
    assert found.margin_basis_points == 1_900
    alone = brought_by(MINE, Tokens(1_200, 400), None, None)
    assert (alone.provider, alone.developer, alone.margin_basis_points) == (None, None, None)
    own_key = brought_by(replace(MINE, markup_basis_points=0), Tokens(1_200, 400), OWN_KEY, LISTED)
    assert (own_key.developer, own_key.margin_basis_points) == (-4_200, -100)
    assert brought_by(replace(MINE, minimum_nanos=NANOS), Tokens(1, 1), None, LISTED).user == NANOS


@pytest.mark.unhurried
@given(PRICES, PRICES, st.sampled_from([None, OWN_KEY]))
def test_what_has_no_kind_at_a_loss_loses_on_no_kind_of_token(
    price: Price, asked: Price, terms: SplitTerms | None
) -> None:
    found = set(kinds_at_a_loss(price, terms, asked))
    share = 10_000 if terms is None else 9_900
    for length in {0, *(tier.from_tokens for tier in (*price.tiers, *asked.tiers))}:
        own, owed = price.at(length), asked.at(length)
        for kind in TokenKind:
            if kind.value not in found:
                kept = own.rates[kind] * (10_000 + price.markup_basis_points) * share
                assert kept >= owed.rates[kind] * 10_000 * 10_000


@pytest.mark.parametrize(
    ("price", "terms", "kinds"),
    [
        (MINE, PAID, ()),
        (replace(MINE, markup_basis_points=0), None, ()),
        (replace(MINE, output_nanos=0), None, ("output", "reasoning", "audio_output", "image_output")),
        (replace(MINE, cached_input_nanos=1), None, ("cached_input",)),
        (replace(MINE, tiers=(Tier(200_000, 1, 1, 600_000_000),)), None,
         ("input", "cached_input", "cache_write", "image_input", "audio_input")),
    ],
)  # fmt: skip
def test_kinds_below_what_is_asked_are_named(price: Price, terms: SplitTerms | None, kinds: tuple[str, ...]) -> None:
    assert kinds_at_a_loss(price, terms, LISTED) == kinds
    assert kinds_at_a_loss(price, terms, None) == ()


def test_a_request_that_costs_more_than_its_fee_is_a_loss() -> None:
    assert kinds_at_a_loss(MINE, None, replace(LISTED, request_nanos=NANOS)) == ("request",)


def test_how_far_a_price_moves_is_what_users_feel() -> None:
    assert moved(MINE, MINE) == Moved() and not Moved().is_tenfold
    assert moved(MINE, replace(MINE, markup_basis_points=5_000)).rise == (150_000_000 * 15_000, 150_000_000 * 12_500)
    plain = replace(MINE, input_nanos=187_500_000, cached_input_nanos=93_750_000, output_nanos=750_000_000,
                    markup_basis_points=0)  # fmt: skip
    assert moved(MINE, plain) == Moved()
    free = replace(MINE, input_nanos=0, cached_input_nanos=0, output_nanos=0)
    assert moved(MINE, free).is_tenfold and moved(free, MINE) == Moved()


@pytest.mark.parametrize(("times", "by", "is_tenfold"), [(10, 1, True), (9, 1, False), (1, 10, True), (1, 9, False)])
def test_ten_times_or_a_tenth_is_noticed(times: int, by: int, is_tenfold: bool) -> None:
    new = replace(MINE, output_nanos=MINE.output_nanos * times // by)
    assert moved(MINE, new).is_tenfold == is_tenfold
    assert moved(MINE, replace(MINE, tiers=(Tier(9, 150_000_000, 75_000_000, new.output_nanos),))).is_tenfold == (
        is_tenfold
    )


def test_the_cost_of_a_split_charge_is_what_the_split_pays() -> None:
    used, price = Tokens(3, 7), replace(MINE, cost=replace(LISTED, output_nanos=NANOS))
    assert brought_by(price, used, PAID, None).provider == cost_nanos(price, used)

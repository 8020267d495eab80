"""Every nano of a charge goes somewhere, the developer's margin is exact, and trial money earns nobody anything."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadField
from app.domain.money import NANOS, Unit
from app.domain.pricing.quote import BASIS_POINTS, TIERED, Price, Tier, Tokens, charge_nanos, cost_nanos
from app.domain.pricing.split import Parts, SplitTerms, check_share, part_of_cost, split_charge
from tests.support.pricing import PRICES, tokens

OURS = SplitTerms(100, pays_provider=True)
AMOUNTS = st.integers(0, 10**15)


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.integers(0, 9_999), st.booleans())
def test_a_split_loses_and_invents_nothing(cost: int, trial: int, wallet: int, fee: int, pays: bool) -> None:
    parts = split_charge(SplitTerms(fee, pays), cost, trial, wallet)
    assert parts.provider + parts.platform + parts.developer + parts.returned == trial + wallet
    assert parts.provider + parts.unpaid == (cost if pays else 0)
    assert min(parts.provider, parts.platform, parts.developer, parts.returned, parts.unpaid) >= 0
    assert parts.platform == wallet * fee // BASIS_POINTS
    assert parts.provider_from_trial + parts.returned == trial and parts.provider_from_trial <= parts.provider


@given(AMOUNTS, st.integers(0, 10**15))
def test_trial_money_pays_the_provider_and_earns_nothing(cost: int, trial: int) -> None:
    parts = split_charge(OURS, cost, trial, 0)
    assert (parts.platform, parts.developer) == (0, 0)
    assert parts.provider == min(cost, trial) and parts.returned == trial - parts.provider


@pytest.mark.parametrize(
    ("terms", "cost", "trial", "wallet", "parts"),
    [
        (OURS, 1_000, 0, 1_250, Parts(1_000, 12, 238, 0, 0)),
        (OURS, 0, 0, 199, Parts(0, 1, 198, 0, 0)),
        (SplitTerms(100, pays_provider=False), 1_000, 0, 1_250, Parts(0, 12, 1_238, 0, 0)),
        (OURS, 1_000, 0, 1_000, Parts(990, 10, 0, 0, 10)),
        (OURS, 1_000, 0, 0, Parts(0, 0, 0, 0, 1_000)),
        (OURS, 1_000, 600, 600, Parts(1_000, 6, 94, 100, 0, 500)),
        (SplitTerms(0, pays_provider=True), 7, 0, 10, Parts(7, 0, 3, 0, 0)),
    ],
)
def test_examples(terms: SplitTerms, cost: int, trial: int, wallet: int, parts: Parts) -> None:
    assert split_charge(terms, cost, trial, wallet) == parts


@given(AMOUNTS, st.integers(1, 10**12), st.data())
def test_a_cost_in_two_parts_is_the_whole_cost(cost: int, wanted: int, data: st.DataObject) -> None:
    before = data.draw(st.integers(0, wanted))
    first = cost - part_of_cost(cost, wanted, before) if before else 0
    assert 0 <= part_of_cost(cost, wanted, before) <= cost and first + part_of_cost(cost, wanted, before) == cost
    assert part_of_cost(cost, wanted, wanted) == 0 and part_of_cost(cost, wanted, 0) == cost


def price(markup: int) -> Price:
    return Price("p", "m", 1, Unit.USDC, NANOS, NANOS, NANOS, markup_basis_points=markup)


@pytest.mark.parametrize(("markup", "fee"), [(0, 1), (101, 100), (5_000, 4_000)])
def test_a_price_that_leaves_the_developer_less_than_nothing_is_refused(markup: int, fee: int) -> None:
    with pytest.raises(BadField) as refused:
        check_share(SplitTerms(fee, pays_provider=True), price(markup))
    needed = int(refused.value.message.split("at least ")[1].split(":")[0])
    check_share(SplitTerms(fee, pays_provider=True), price(needed))
    with pytest.raises(BadField):
        check_share(SplitTerms(fee, pays_provider=True), price(needed - 1))
    check_share(SplitTerms(fee, pays_provider=False), price(markup))


@given(st.integers(0, 9_000), st.integers(0, 10**12))
def test_a_price_that_passes_never_leaves_a_shortfall_on_whole_charges(fee: int, cost: int) -> None:
    needed = -(-(BASIS_POINTS**2) // (BASIS_POINTS - fee)) - BASIS_POINTS
    charge = -(-cost * (BASIS_POINTS + needed) // BASIS_POINTS)
    assert split_charge(SplitTerms(fee, pays_provider=True), cost, 0, charge).unpaid == 0


def doubled(cost: Price) -> Price:
    """A developer's price of twice what is asked, with tiers of their own."""
    names = (*TIERED, "request_nanos", "image_nanos")
    tiers = tuple(replace(tier, **{name: 2 * (getattr(tier, name) or 0) for name in TIERED if getattr(tier, name)})
                  for tier in cost.tiers)  # fmt: skip
    amounts = {name: 2 * getattr(cost, name) for name in names if getattr(cost, name) is not None}
    return replace(cost, tiers=tiers, cost=cost, **amounts)


@pytest.mark.unhurried
@given(PRICES, tokens(), st.integers(0, 4_999))
def test_a_price_above_what_is_asked_never_leaves_the_provider_short(asked: Price, used: Tokens, fee: int) -> None:
    terms = SplitTerms(fee, pays_provider=True)
    own = doubled(replace(asked, markup_basis_points=0, minimum_nanos=0))
    check_share(terms, own)
    # Charge and cost are rounded each for itself, half up.
    assert split_charge(terms, cost_nanos(own, used), 0, charge_nanos(own, used)).unpaid <= 1


def test_a_price_is_compared_kind_by_kind_at_every_length() -> None:
    asked = Price("", "m", 0, Unit.USDC, NANOS, NANOS, NANOS, tiers=(Tier(100, NANOS, NANOS, 9 * NANOS),))
    own = Price("p", "m", 1, Unit.USDC, 2 * NANOS, 2 * NANOS, 2 * NANOS, cost=asked)
    with pytest.raises(BadField, match="for prompts of 100 tokens and more") as refused:
        check_share(OURS, own)
    assert refused.value.field == "output_nanos"
    check_share(OURS, replace(own, output_nanos=10 * NANOS))
    check_share(SplitTerms(100, pays_provider=False), own)
    with pytest.raises(BadField):
        check_share(OURS, replace(own, input_nanos=0, cached_input_nanos=0, output_nanos=0))  # free, and not for us

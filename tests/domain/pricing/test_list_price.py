"""What a provider asks, in any unit, and as it is stored."""

import pytest

from app.domain.errors import BadField
from app.domain.money import NANOS, Unit
from app.domain.pricing.list_price import ListPrice, check_tiers
from app.domain.pricing.quote import Tier, Tokens, charge_nanos, cost_nanos

TIER = Tier(201, 3, 2, 5, reasoning_nanos=7)
PRICE = ListPrice(1, 2, None, 4, cache_write_nanos=0, image_nanos=6, tiers=(TIER,))


def test_a_list_price_is_read_back_as_it_was_stored() -> None:
    for price in (PRICE, ListPrice(1, 2), ListPrice(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)):
        assert ListPrice.from_json(price.to_json()) == price


def test_credits_are_a_hundred_to_the_dollar_in_every_part() -> None:
    in_credits = PRICE.in_unit(Unit.CREDIT)
    assert in_credits == ListPrice(
        100,
        200,
        None,
        400,
        cache_write_nanos=0,
        image_nanos=600,
        tiers=(Tier(201, 300, 200, 500, reasoning_nanos=700),),
    )
    assert PRICE.in_unit(Unit.USD) is PRICE is PRICE.in_unit(Unit.USDC)


def test_a_list_price_charges_as_the_provider_does() -> None:
    price = ListPrice(NANOS, 2 * NANOS, request_nanos=5, image_nanos=7 * NANOS, tiers=(Tier(201, 9, 9, 9),))
    asked = price.to_price("m", Unit.USD)
    assert charge_nanos(asked, Tokens(100, 10, images=1)) == cost_nanos(asked, Tokens(100, 10, images=1)) == 127_005
    assert asked.cached_input_nanos == NANOS and not asked.is_free


def test_tiers_out_of_order_are_refused_by_name() -> None:
    check_tiers((Tier(1, 0, 0, 0), Tier(2, 0, 0, 0)))
    with pytest.raises(BadField) as refused:
        check_tiers((Tier(2, 0, 0, 0), Tier(1, 0, 0, 0)))
    assert refused.value.field == "tiers"

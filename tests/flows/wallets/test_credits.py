"""The operator's own paywall is made once, costs a hundred credits to the dollar, and is nobody's."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain.errors import WrongMode
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls import keys
from app.domain.paywalls.members import read_owner
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.paywall import credits_paywall_id, find_credits
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice, read_offers
from app.domain.pricing.quote import Tier
from app.flows.callers.snapshot import read_snapshot
from app.flows.wallets.credits import in_credits, open_live
from tests.support.credits import FREE, PRICED, open_credits

pytestmark = pytest.mark.plain_sql

LIVE = Environment.LIVE


@pytest.mark.races
async def test_real_credits_are_offered_once_and_are_the_operators(database: str) -> None:
    with db.transaction(writes=False) as session:
        assert find_credits(session, LIVE) is None
    await asyncio.gather(*(open_live() for _ in range(3)))
    with db.transaction(writes=False) as session:
        made = find_credits(session, LIVE)
        assert made is not None and (made.id, made.mode, made.unit, made.version) == (
            "pw_credits_live", Mode.CREDITS, Unit.CREDIT, 1,
        )  # fmt: skip
        assert read_owner(session, made.id) is None and made.rules.may_use_built_in


async def test_play_credits_follow_what_the_provider_lists(database: str) -> None:
    await open_credits()
    paywall_id = await open_credits((PRICED,))
    with db.transaction(writes=False) as session:
        offers = read_offers(session, paywall_id, Unit.CREDIT)
    assert set(offers.priced) == {PRICED.model} and FREE.model in offers.unpriced
    assert offers.priced[PRICED.model].price.input_nanos == 10_000 * NANOS


async def test_a_key_of_an_app_never_takes_peoples_credits(database: str) -> None:
    key = keys.new_key(Environment.SANDBOX)
    paywall_id = await open_credits()
    with db.transaction() as session:
        keys.add_key(session, paywall_id, key)
        with pytest.raises(WrongMode):
            read_snapshot(session, key)
    assert paywall_id == credits_paywall_id(Environment.SANDBOX)


def test_every_amount_of_a_price_is_a_hundred_times_as_many_credits() -> None:
    tier = Tier(1_000, 5, 6, 7, reasoning_nanos=8)
    dollars = NewPrice("m", 1, 2, 3, request_nanos=4, image_nanos=9, tiers=(tier,), cost=ListPrice(1, 2))
    assert in_credits(dollars) == replace(
        dollars, input_nanos=100, output_nanos=200, cached_input_nanos=300, request_nanos=400, image_nanos=900,
        tiers=(Tier(1_000, 500, 600, 700, reasoning_nanos=800),), cost=ListPrice(100, 200),
    )  # fmt: skip

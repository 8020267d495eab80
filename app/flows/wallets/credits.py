"""The operator's own paywall, which people's credits pay: made at start, one in each environment that is served.

Nobody owns it, so that the operators look after it (`decisions.md` 21, 35).
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from app import db
from app.domain.money import CREDITS_PER_DOLLAR, Environment, Unit
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import RULES, Mode
from app.domain.paywalls.paywall import credits_paywall_id, find_credits
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.paywalls.versions import open_edition, open_first_edition
from app.domain.pricing import price_book
from app.domain.pricing.list_price import LISTED, tiers_in_unit
from app.domain.pricing.price_book import NewPrice
from app.domain.turns import take_turns
from app.flows.events.tell import publish_and_tell

APP_NAME = "Coinslot credits"


async def open_live() -> None:
    """Makes the paywall of real credits, once, where the operator has a key of their own.

    Its prices come with the catalogue's next sync.
    """

    def write(session: Session) -> None:
        take_turns(session, "credits")
        if find_credits(session, Environment.LIVE) is None:
            _write(session, Environment.LIVE, ProviderSetting(BUILT_IN), None)

    await db.in_transaction(write, writes=True)


async def keep_sandbox(setting: ProviderSetting, prices: Sequence[NewPrice]) -> str:
    """Makes the paywall of play credits, or brings it up to date, and returns its id; `prices` are in dollars."""
    priced = [in_credits(price) for price in prices]
    await db.in_transaction(lambda session: _write(session, Environment.SANDBOX, setting, priced), writes=True)
    return credits_paywall_id(Environment.SANDBOX)


def _write(
    session: Session, environment: Environment, setting: ProviderSetting, prices: Sequence[NewPrice] | None
) -> None:
    paywall_id, unit = credits_paywall_id(environment), RULES[Mode.CREDITS].unit
    if find_credits(session, environment) is None:
        first = Configuration(APP_NAME, (setting,))
        edition = open_first_edition(session, paywall_id, Mode.CREDITS, environment, unit, first)
    else:
        edition = open_edition(session, paywall_id, None)
        edition.configuration = replace(edition.configuration, providers=(setting,))
    if prices is not None:
        offered = price_book.read_offers(session, paywall_id, unit).priced
        price_book.set_prices(edition, prices)
        for model in set(offered) - {price.model for price in prices}:
            price_book.retire(edition, model)
    publish_and_tell(edition, Section.VERSION)


def in_credits(price: NewPrice) -> NewPrice:
    """Returns a price in dollars as one in credits: 100 to the dollar, at no other rate."""
    amounts = {name: value * CREDITS_PER_DOLLAR for name in LISTED if (value := getattr(price, name))}
    cost = None if price.cost is None else price.cost.in_unit(Unit.CREDIT)
    return replace(price, tiers=tiers_in_unit(price.tiers, Unit.CREDIT), cost=cost, **amounts)

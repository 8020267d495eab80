"""A developer sets a price of their own for a model, and takes one back.

Where the operator's key pays, it must leave the developer something after what the provider asks and the fee, for
every kind of token and every length of a prompt; a model that was switched off for that is back once it does.
"""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app import db
from app.domain.catalogue.catalogue import read_model
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import BadField
from app.domain.money import Unit
from app.domain.paywalls import configuration
from app.domain.paywalls.paywall import Paywall
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import DEVELOPER, NewPrice
from app.domain.pricing.split import check_share
from app.flows.catalogue.defaults import to_new_price
from app.ports.prices import PriceCatalogue


@dataclass(frozen=True, slots=True)
class PriceRules:
    """What a price must leave room for: the platform's share; and the catalogue that knows what models cost."""

    catalogue: PriceCatalogue
    fee_basis_points: int


async def set_own_price(rules: PriceRules, paywall_id: str, wanted: NewPrice) -> int:
    """Sets a developer's price, in the paywall's unit, and returns its version. Raises BadField, NotFound."""
    return await db.in_transaction(lambda session: _set_own(session, rules, paywall_id, wanted), writes=True)


async def follow_list_price(rules: PriceRules, paywall_id: str, model: str) -> int:
    """Gives a model the catalogue's price again, with the paywall's markup, and returns its version.

    Raises BadField where the catalogue knows none or it would leave the developer nothing, NotFound.
    """
    return await db.in_transaction(lambda session: _follow(session, rules, paywall_id, model), writes=True)


def _set_own(session: Session, rules: PriceRules, paywall_id: str, wanted: NewPrice) -> int:
    paywall, current = configuration.read_current(session, paywall_id)
    own = replace(wanted, source=DEVELOPER, cost=None)
    if current.provider.is_operators and paywall.rules.is_split:
        own = replace(own, cost=asked_price(session, rules.catalogue, wanted.model, paywall.unit))
    return _save(session, rules, paywall, own, current.provider.name)


def _follow(session: Session, rules: PriceRules, paywall_id: str, model: str) -> int:
    paywall, current = configuration.read_current(session, paywall_id)
    known = read_model(session, model) or rules.catalogue.find(model)
    price = to_new_price(model, known, paywall.unit, current.markup_basis_points) if known is not None else None
    if price is None:
        raise BadField("model", f"The catalogue has no price for `{model}`.")
    return _save(session, rules, paywall, price, current.provider.name)


def _save(session: Session, rules: PriceRules, paywall: Paywall, price: NewPrice, provider: str) -> int:
    price_book.check(price)
    terms = terms_of(paywall.mode, provider, rules.fee_basis_points)
    if terms is not None:
        check_share(terms, price_book.to_price(price, paywall.unit))
    return price_book.set_price(session, paywall.id, price)


def asked_price(session: Session, catalogue: PriceCatalogue, model: str, unit: Unit) -> ListPrice:
    """Returns what the operator's provider asks for a model: by its list, else by the offline catalogue.

    Raises BadField where nobody knows: without a cost nobody could say what a request leaves (`decisions.md` 8).
    """
    known = read_model(session, model) or catalogue.find(model)
    if known is None or known.price is None:
        raise BadField("model", f"Nobody knows what the provider asks for `{model}`, so it cannot be offered here.")
    return known.price.in_unit(unit)


def stand_on_cost(session: Session, catalogue: PriceCatalogue, paywall_id: str, unit: Unit) -> None:
    """Puts what the operator's provider asks beside a developer's own prices. Raises BadField as `asked_price` does."""
    rows = price_book.read_latest(session, paywall_id).values()
    own = [price_book.to_new_price(row) for row in rows if row.source == DEVELOPER and row.retired_at is None]
    costs = [replace(price, cost=asked_price(session, catalogue, price.model, unit)) for price in own]
    price_book.set_prices(session, paywall_id, costs)

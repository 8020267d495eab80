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
from app.domain.paywalls.changes import Section
from app.domain.paywalls.versions import Edition, open_edition
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.split import check_share
from app.domain.pricing.tables import PriceSource
from app.flows.catalogue.defaults import to_new_price
from app.flows.events.tell import publish_and_tell
from app.ports.prices import PriceCatalogue


@dataclass(frozen=True, slots=True)
class PriceRules:
    """What a price must leave room for: the platform's share; and the catalogue that knows what models cost."""

    catalogue: PriceCatalogue
    fee_basis_points: int


async def set_own_price(rules: PriceRules, paywall_id: str, wanted: NewPrice) -> int:
    """Sets a developer's price, in the paywall's unit, and returns its version. Raises BadField, NotFound."""
    return await db.in_transaction(
        lambda session: _set_own(open_edition(session, paywall_id, None), rules, wanted), writes=True
    )


async def follow_list_price(rules: PriceRules, paywall_id: str, model: str) -> int:
    """Gives a model the catalogue's price again, with the paywall's markup, and returns its version.

    Raises BadField where the catalogue knows none or it would leave the developer nothing, NotFound.
    """
    return await db.in_transaction(
        lambda session: _follow(open_edition(session, paywall_id, None), rules, model), writes=True
    )


def _set_own(edition: Edition, rules: PriceRules, wanted: NewPrice) -> int:
    paywall, own = edition.paywall, replace(wanted, source=PriceSource.DEVELOPER, cost=None)
    if edition.configuration.provider.is_operators and paywall.rules.is_split:
        own = replace(own, cost=asked_price(edition.session, rules.catalogue, wanted.model, paywall.unit))
    return _save(edition, rules, own)


def _follow(edition: Edition, rules: PriceRules, model: str) -> int:
    known = read_model(edition.session, model) or rules.catalogue.find(model)
    markup = edition.configuration.markup_basis_points
    price = to_new_price(model, known, edition.paywall.unit, markup) if known is not None else None
    if price is None:
        raise BadField("model", f"The catalogue has no price for `{model}`.")
    return _save(edition, rules, price)


def _save(edition: Edition, rules: PriceRules, price: NewPrice) -> int:
    price_book.check(price)
    terms = terms_of(edition.paywall.mode, edition.configuration.provider.name, rules.fee_basis_points)
    if terms is not None:
        check_share(terms, price_book.to_price(price, edition.paywall.unit))
    version = price_book.set_price(edition, price)
    publish_and_tell(edition, Section.PRICES)
    return version


def asked_price(session: Session, catalogue: PriceCatalogue, model: str, unit: Unit) -> ListPrice:
    """Returns what the operator's provider asks for a model: by its list, else by the offline catalogue.

    Raises BadField where nobody knows: without a cost nobody could say what a request leaves (`decisions.md` 8).
    """
    known = read_model(session, model) or catalogue.find(model)
    if known is None or known.price is None:
        raise BadField("model", f"Nobody knows what the provider asks for `{model}`, so it cannot be offered here.")
    return known.price.in_unit(unit)


def stand_on_cost(edition: Edition, catalogue: PriceCatalogue) -> None:
    """Puts what the operator's provider asks beside a developer's own prices. Raises BadField as `asked_price` does."""
    session, unit = edition.session, edition.paywall.unit
    rows = price_book.read_latest(session, edition.paywall.id).values()
    kept = [row for row in rows if row.source is PriceSource.DEVELOPER and row.retired_at is None]
    own = map(price_book.to_new_price, kept)
    costs = [replace(price, cost=asked_price(session, catalogue, price.model, unit)) for price in own]
    price_book.set_prices(edition, costs)

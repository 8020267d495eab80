"""A developer sets prices of their own, takes them back, takes models off, and sets the markup on all others.

Where the operator's key pays, it must leave the developer something after what the provider asks and the fee, for
every kind of token and every length of a prompt; a model that was switched off for that is back once it does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.domain.catalogue.catalogue import read_model
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import BadField
from app.domain.money import Unit
from app.domain.paywalls.changes import Section
from app.domain.paywalls.versions import Edition
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.split import check_share
from app.domain.pricing.tables import PriceSource
from app.flows.catalogue.defaults import to_new_price
from app.flows.paywalls.change import Part
from app.ports.prices import PriceCatalogue


@dataclass(frozen=True, slots=True)
class PriceRules:
    """What a price must leave room for: the platform's share; and the catalogue that knows what models cost."""

    catalogue: PriceCatalogue
    fee_basis_points: int


@dataclass(frozen=True, slots=True)
class Prices:
    """What is changed of a paywall's prices, all in one version.

    `own` are a developer's prices in the paywall's unit, `follow` models that take the catalogue's again, with the
    paywall's markup, and `off` those that are offered no more. `markup_basis_points` is a new markup, on all that
    follow the catalogue; None leaves it.
    """

    own: Sequence[NewPrice] = ()
    follow: Sequence[str] = ()
    off: Sequence[str] = ()
    markup_basis_points: int | None = None


def prices(rules: PriceRules) -> Part[Prices, None]:
    """Returns the part of prices.

    It raises BadField, which names what is wrong with a price, where the catalogue knows none, and where one would
    leave the developer less than nothing.
    """

    def edit(edition: Edition, wanted: Prices) -> None:
        if wanted.markup_basis_points is not None:
            _mark_up(edition, rules, wanted.markup_basis_points)
        for price in wanted.own:
            set_own(edition, rules, price)
        for model in wanted.follow:
            follow_list(edition, rules, model)
        for model in wanted.off:
            if not price_book.retire(edition, model):
                raise BadField("model", f"`{model[:200]}` is not offered here.")

    return Part(Section.PRICES, edit)


def _mark_up(edition: Edition, rules: PriceRules, markup_basis_points: int) -> None:
    """Publishes another markup, also on every price that follows the catalogue and is on."""
    if not 0 <= markup_basis_points <= price_book.MARKUP_BASIS_POINTS_MAX:
        raise BadField("markup_basis_points", "`markup_basis_points` must be between 0 and 1,000,000.")
    edition.configuration = replace(edition.configuration, markup_basis_points=markup_basis_points)
    for row in price_book.read_latest(edition.session, edition.paywall.id).values():
        if row.source is PriceSource.CATALOGUE and row.retired_at is None:
            price = replace(price_book.to_new_price(row), markup_basis_points=markup_basis_points)
            set_checked(edition, rules, price)


def set_own(edition: Edition, rules: PriceRules, wanted: NewPrice) -> None:
    """Sets a developer's price, on what the provider asks where the operator pays it. Raises BadField."""
    paywall, own = edition.paywall, replace(wanted, source=PriceSource.DEVELOPER, cost=None)
    if edition.configuration.provider.is_operators and paywall.rules.is_split:
        own = replace(own, cost=asked_price(edition.session, rules.catalogue, wanted.model, paywall.unit))
    set_checked(edition, rules, own)


def follow_list(edition: Edition, rules: PriceRules, model: str, markup_basis_points: int | None = None) -> None:
    """Sets the catalogue's price of a model, with this markup or the paywall's. Raises BadField where it has none."""
    known = read_model(edition.session, model) or rules.catalogue.find(model)
    markup = edition.configuration.markup_basis_points if markup_basis_points is None else markup_basis_points
    price = to_new_price(model, known, edition.paywall.unit, markup) if known is not None else None
    if price is None:
        raise BadField("model", f"The catalogue has no price for `{model[:200]}`.")
    set_checked(edition, rules, price)


def set_checked(edition: Edition, rules: PriceRules, price: NewPrice) -> None:
    """Sets a price that leaves the developer something. Raises BadField for one that does not."""
    price_book.check(price)
    terms = terms_of(edition.paywall.mode, edition.configuration.provider.name, rules.fee_basis_points)
    if terms is not None:
        check_share(terms, price_book.to_price(price, edition.paywall.unit))
    price_book.set_price(edition, price)


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

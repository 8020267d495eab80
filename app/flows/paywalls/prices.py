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
from app.domain.paywalls.provider import ProviderSetting
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
class Place:
    """A model, who serves it, and what it is called there.

    What is None stays as it is: the provider, and with the provider the name. What nobody served is the default's.
    """

    model: str
    provider: str | None = None
    upstream_model: str | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """What is changed of a paywall's prices, all in one version.

    `own` are a developer's prices in the paywall's unit, `follow` models that take the catalogue's again, with the
    paywall's markup, and `off` those that are offered no more. Where a model is served is changed with its price, as
    `Place` says. `markup_basis_points` is a new markup, on all that follow the catalogue; None leaves it.
    """

    own: Sequence[NewPrice] = ()
    follow: Sequence[Place] = ()
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
        for place in wanted.follow:
            follow_list(edition, rules, place)
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
    place, setting = _placed(edition, Place(wanted.model, wanted.provider, wanted.upstream_model))
    own = _in_place(place, replace(wanted, source=PriceSource.DEVELOPER, cost=None))
    if setting.is_operators and edition.paywall.rules.is_split:
        own = replace(own, cost=asked_price(edition.session, rules.catalogue, own.sent_as, edition.paywall.unit))
    set_checked(edition, rules, own)


def follow_list(edition: Edition, rules: PriceRules, wanted: Place, markup_basis_points: int | None = None) -> None:
    """Sets the catalogue's price of a model, with this markup or the paywall's. Raises BadField where it has none."""
    place, _ = _placed(edition, wanted)
    sent_as = place.upstream_model or place.model
    known = read_model(edition.session, sent_as) or rules.catalogue.find(sent_as)
    markup = edition.configuration.markup_basis_points if markup_basis_points is None else markup_basis_points
    price = to_new_price(sent_as, known, edition.paywall.unit, markup) if known is not None else None
    if price is None:
        raise BadField("model", f"The catalogue has no price for `{sent_as[:200]}`.")
    set_checked(edition, rules, _in_place(place, price))


def _placed(edition: Edition, wanted: Place) -> tuple[Place, ProviderSetting]:
    """Returns where a model is served, as prices store it, and by whom. Raises BadField for an unknown provider."""
    current, row = edition.configuration, price_book.current(edition.session, edition.paywall.id, wanted.model)
    before = None if row is None else current.find_provider(row.provider)
    name = wanted.provider or (current.providers[0] if before is None else before).name
    setting, upstream = current.provider_of(name), wanted.upstream_model
    if upstream is None and row is not None and setting is before:
        upstream = row.upstream_model
    return Place(wanted.model, current.as_stored(name), None if upstream == wanted.model else upstream), setting


def _in_place(place: Place, price: NewPrice) -> NewPrice:
    return replace(price, model=place.model, provider=place.provider, upstream_model=place.upstream_model)


def set_checked(edition: Edition, rules: PriceRules, price: NewPrice) -> None:
    """Sets a price that leaves the developer something. Raises BadField for one that does not."""
    price_book.check(price)
    provider = edition.configuration.provider_of(price.provider)
    terms = terms_of(edition.paywall.mode, provider.name, rules.fee_basis_points)
    if terms is not None:
        check_share(terms, price_book.to_price(price, edition.paywall.unit))
    price_book.set_price(edition, price)


def asked_price(session: Session, catalogue: PriceCatalogue, model: str, unit: Unit) -> ListPrice:
    """Returns what the operator's provider asks for a model: by its list, else by the offline catalogue.

    `model` is its name there. Raises BadField where nobody knows: without a cost nobody could say what a request
    leaves (`decisions.md` 8).
    """
    known = read_model(session, model) or catalogue.find(model)
    if known is None or known.price is None:
        raise BadField("model", f"Nobody knows what the provider asks for `{model}`, so it cannot be offered here.")
    return known.price.in_unit(unit)


def stand_on_cost(edition: Edition, catalogue: PriceCatalogue) -> None:
    """Puts what the operator's provider asks beside a developer's own prices of the models that it serves.

    Raises BadField as `asked_price` does.
    """
    session, unit = edition.session, edition.paywall.unit
    rows = price_book.read_latest(session, edition.paywall.id).values()
    kept = [row for row in rows if row.source is PriceSource.DEVELOPER and row.retired_at is None]
    own = map(price_book.to_new_price, kept)
    paid = [price for price in own if edition.configuration.provider_of(price.provider).is_operators]
    costs = [replace(price, cost=asked_price(session, catalogue, price.sent_as, unit)) for price in paid]
    price_book.set_prices(edition, costs)


def check_shares(edition: Edition, rules: PriceRules) -> None:
    """Raises BadField for a price that leaves the developer nothing after its model's provider and the fee."""
    current, paywall = edition.configuration, edition.paywall
    for offer in price_book.read_offers(edition.session, paywall.id, paywall.unit).priced.values():
        terms = terms_of(paywall.mode, current.provider_of(offer.provider).name, rules.fee_basis_points)
        if terms is not None:
            check_share(terms, offer.price)

"""A developer sets prices of their own, takes them back, takes models off, and sets the markup on all others.

Where the operator's key pays, it must leave the developer something after what the provider asks and the fee, for
every kind of token and every length of a prompt; a model that was switched off for that is back once it does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from app.domain.catalogue.catalogue import ListedModel, read_listed
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import BadField
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.paywall import Paywall
from app.domain.paywalls.provider import ProviderSetting
from app.domain.paywalls.versions import Edition
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import Price
from app.domain.pricing.split import SplitTerms, check_share
from app.domain.pricing.tables import ModelPrice, PriceSource
from app.domain.record import changed, record
from app.flows.catalogue.defaults import Known, to_new_price
from app.flows.paywalls.change import Part
from app.ports.prices import PriceCatalogue


@dataclass(frozen=True, slots=True)
class PriceRules:
    """What a price must leave room for: the platform's share; and the catalogue that knows what models cost."""

    catalogue: PriceCatalogue
    fee_basis_points: int


@record(frozen=True, slots=True)
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

    It raises BadField, which names what is wrong with a price, where the catalogue knows none, where one would leave
    the developer less than nothing, and for a model that is named twice.
    """

    def edit(edition: Edition, wanted: Prices) -> None:
        _check_once(wanted)
        desk = PriceDesk.of(edition, rules)
        made: dict[str, NewPrice] = {}
        if wanted.markup_basis_points is not None:
            desk.mark_up(wanted.markup_basis_points)
            edition.configuration = desk.configuration
            made |= {price.model: price for price in desk.marked_up()}
        made |= {price.model: desk.own(price) for price in wanted.own}
        made |= {place.model: desk.following(place) for place in wanted.follow}
        for model in wanted.off:
            made.pop(model, None)
            if not price_book.retire(edition, model, before=desk.latest.get(model)):
                raise BadField("model", f"`{model[:200]}` is not offered here.")
        price_book.set_prices(edition, map(desk.checked, made.values()), desk.latest)

    return Part(Section.PRICES, edit)


def _check_once(wanted: Prices) -> None:
    named: set[str] = set()
    models = [*(price.model for price in wanted.own), *(place.model for place in wanted.follow), *wanted.off]
    for model in models:
        if model in named:
            raise BadField("model", f"`{model[:200]}` is named twice.")
        named.add(model)


@dataclass(slots=True)
class PriceBook:
    """What was read for one version of a paywall and one state of the list, and what was made of it when first asked.

    `latest` is the newest price of each model, `listed` what the provider's list says. By model, `stored` is that price
    as what would be set to have it again, and `charged` as the arithmetic wants it; `costs` are list prices in the
    paywall's unit by the provider's name, with the arithmetic's.
    """

    latest: Mapping[str, ModelPrice]
    listed: Mapping[str, ListedModel] | None = None
    stored: dict[str, NewPrice] = field(default_factory=dict)
    charged: dict[str, Price] = field(default_factory=dict)
    costs: dict[str, tuple[ListPrice, Price]] = field(default_factory=dict)


@dataclass(slots=True)
class PriceDesk:
    """Makes prices as they are stored, for however many models, of what was read once.

    It writes nothing, so that what a change would come to can be shown before it is made.
    """

    session: Session
    paywall: Paywall
    configuration: Configuration
    rules: PriceRules
    book: PriceBook
    _terms: dict[str, SplitTerms | None] = field(default_factory=dict)

    @staticmethod
    def of(edition: Edition, rules: PriceRules) -> "PriceDesk":
        """Returns the desk of an edition as it is now."""
        book = PriceBook(price_book.read_latest(edition.session, edition.paywall.id))
        return PriceDesk(edition.session, edition.paywall, edition.configuration, rules, book)

    @property
    def latest(self) -> Mapping[str, ModelPrice]:
        """The newest price of each model."""
        return self.book.latest

    @property
    def listed(self) -> Mapping[str, ListedModel]:
        """The provider's list, read with the first question."""
        if self.book.listed is None:
            self.book.listed = read_listed(self.session)
        return self.book.listed

    def stored(self, row: ModelPrice) -> NewPrice:
        """Returns a model's newest price as what would be set to have it again."""
        found = self.book.stored.get(row.model)
        if found is None:
            found = self.book.stored[row.model] = price_book.to_new_price(row)
        return found

    def charged(self, row: ModelPrice) -> Price:
        """Returns a model's newest price as the arithmetic wants it."""
        found = self.book.charged.get(row.model)
        if found is None:
            found = self.book.charged[row.model] = price_book.to_price(self.stored(row), self.paywall.unit)
        return found

    def known(self, name: str) -> Known | None:
        """Returns what is known of a model by its provider's name: by the list, else by the offline catalogue."""
        return self.listed.get(name) or self.rules.catalogue.find(name)

    def mark_up(self, markup_basis_points: int) -> None:
        """Takes another markup for all that follows the catalogue. Raises BadField."""
        if not 0 <= markup_basis_points <= price_book.MARKUP_BASIS_POINTS_MAX:
            raise BadField("markup_basis_points", "`markup_basis_points` must be between 0 and 1,000,000.")
        self.configuration = replace(self.configuration, markup_basis_points=markup_basis_points)

    def marked_up(self) -> Iterator[NewPrice]:
        """Yields every price that follows the catalogue and is on, with the markup that counts."""
        for row in self.latest.values():
            if row.source is PriceSource.CATALOGUE and row.retired_at is None:
                yield changed(self.stored(row), markup_basis_points=self.configuration.markup_basis_points)

    def own(self, wanted: NewPrice) -> NewPrice:
        """Returns a developer's price, on what the provider asks where that is paid of the charge. Raises BadField."""
        provider, upstream, setting = self._placed(wanted)
        terms, cost = self.terms_of(setting), None
        if terms is not None and terms.pays_provider:
            if setting.is_operators:
                cost = self.asked_price(upstream or wanted.model)
            elif (row := self.latest.get(wanted.model)) is not None:
                cost = price_book.stored_cost(row)  # the demo's provider asks what it asked before: it has no list
        return changed(
            wanted, provider=provider, upstream_model=upstream, source=PriceSource.DEVELOPER, cost=cost
        )  # fmt: skip

    def following(self, wanted: Place, markup_basis_points: int | None = None) -> NewPrice:
        """Returns the catalogue's price, with this markup or the paywall's. Raises BadField where it has none."""
        provider, upstream, _ = self._placed(wanted)
        sent_as = upstream or wanted.model
        known = self.known(sent_as)
        markup = self.configuration.markup_basis_points if markup_basis_points is None else markup_basis_points
        price = to_new_price(sent_as, known, self.paywall.unit, markup) if known is not None else None
        if price is None:
            raise BadField("model", f"The catalogue has no price for `{sent_as[:200]}`.")
        return changed(price, model=wanted.model, provider=provider, upstream_model=upstream)

    def checked(self, price: NewPrice) -> NewPrice:
        """Returns a price that leaves the developer something. Raises BadField for one that does not."""
        self.checked_price(price)
        return price

    def checked_price(self, price: NewPrice) -> Price:
        """Returns the same as the arithmetic wants it. Raises BadField too."""
        price_book.check(price)
        known = self.book.costs.get(price.sent_as) if price.cost is not None else None
        cost = known[1] if known is not None and known[0] is price.cost else None
        made, terms = price_book.to_price(price, self.paywall.unit, cost), self.terms_for(price.provider)
        if terms is not None:
            check_share(terms, made)
        return made

    def terms_for(self, provider: str | None) -> SplitTerms | None:
        """Returns how a charge for an answer of a provider is split, by its stored name. Raises BadField."""
        return self.terms_of(self.configuration.provider_of(provider))

    def terms_of(self, setting: ProviderSetting) -> SplitTerms | None:
        """Returns how a charge for an answer of this provider is split, None where it is not."""
        if setting.name not in self._terms:
            self._terms[setting.name] = terms_of(self.paywall.mode, setting.name, self.rules.fee_basis_points)
        return self._terms[setting.name]

    def asked_of(self, row: ModelPrice, *, pays: bool) -> Price | None:
        """Returns what a model's provider asks, as far as that is known; `pays` says that it is paid of the charge."""
        is_stored = row.cost is not None or row.source is PriceSource.CATALOGUE or pays
        # Of an own price with a markup on top, what is below the markup is what its developer takes for the cost.
        if is_stored or row.markup_basis_points:
            stored = price_book.stored_cost(row)
        else:
            known = self.known(price_book.sent_as(row))
            stored = None if known is None or known.price is None else known.price.in_unit(self.paywall.unit)
        return None if stored is None else stored.to_price(row.model, self.paywall.unit)

    def asked_price(self, name: str) -> ListPrice:
        """Returns what the operator's provider asks for a model, by its name there.

        Raises BadField where nobody knows: without a cost nobody could say what a request leaves (`decisions.md` 8).
        """
        found = self.book.costs.get(name)
        if found is None:
            known = self.known(name)
            if known is None or known.price is None:
                raise BadField(
                    "model", f"Nobody knows what the provider asks for `{name}`, so it cannot be offered here."
                )
            asked = known.price.in_unit(self.paywall.unit)
            found = self.book.costs[name] = (asked, asked.to_price(name, self.paywall.unit))
        return found[0]

    def _placed(self, wanted: NewPrice | Place) -> tuple[str | None, str | None, ProviderSetting]:
        """Returns who serves a model and its name there, as prices store both, and the provider. Raises BadField."""
        current, row = self.configuration, self.latest.get(wanted.model)
        default, before = current.providers[0], None if row is None else current.find_provider(row.provider)
        setting = current.provider_of(wanted.provider) if wanted.provider else before or default
        upstream = wanted.upstream_model
        if upstream is None and row is not None and setting is before:
            upstream = row.upstream_model
        return (
            None if setting is default else setting.name, None if upstream == wanted.model else upstream, setting
        )  # fmt: skip


def stand_on_cost(edition: Edition, catalogue: PriceCatalogue) -> None:
    """Puts what the operator's provider asks beside a developer's own prices of the models that it serves.

    Raises BadField where nobody knows what it asks.
    """
    desk = PriceDesk.of(edition, PriceRules(catalogue, 0))
    kept = [row for row in desk.latest.values() if row.source is PriceSource.DEVELOPER and row.retired_at is None]
    own = map(price_book.to_new_price, kept)
    paid = [price for price in own if edition.configuration.provider_of(price.provider).is_operators]
    price_book.set_prices(
        edition, [replace(price, cost=desk.asked_price(price.sent_as)) for price in paid], desk.latest
    )


def check_shares(edition: Edition, rules: PriceRules) -> None:
    """Raises BadField for a price that leaves the developer nothing after its model's provider and the fee."""
    current, paywall = edition.configuration, edition.paywall
    for offer in price_book.read_offers(edition.session, paywall.id, paywall.unit).priced.values():
        terms = terms_of(paywall.mode, current.provider_of(offer.provider).name, rules.fee_basis_points)
        if terms is not None:
            check_share(terms, offer.price)

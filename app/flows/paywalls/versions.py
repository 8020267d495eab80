"""A paywall goes back to an earlier version: its configuration and its prices are published anew.

Costs are today's. Where the operator's key pays, a developer's own price stands on what the provider asks now, what
followed the catalogue follows it as it is now, and a model that would lose money stays off (`decisions.md` 12): its
price was right when it was saved, and the cost has risen since.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.errors import BadField
from app.domain.paywalls.changes import Section
from app.domain.paywalls.versions import Edition, read_version
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.tables import ModelPrice, PriceSource, RetiredBecause
from app.flows.paywalls.change import Part
from app.flows.paywalls.prices import Place, PriceDesk, PriceRules


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Models of the version that stay off, each with the reason."""

    left_off: Mapping[str, str]


def version(rules: PriceRules) -> Part[int, RolledBack]:
    """Returns the part that is all of a paywall: the number of a version brings that version back.

    Models that were on then are on, and those that were not are off. It raises NotFound for a number that is none.
    """

    def edit(edition: Edition, number: int) -> RolledBack:
        session, paywall_id = edition.session, edition.paywall.id
        before = edition.configuration
        edition.configuration = read_version(session, paywall_id, number).configuration.with_keys_of(before)
        is_default_kept = edition.configuration.providers[0].name == before.providers[0].name
        wanted = price_book.prices_at(session, paywall_id, number)
        desk = PriceDesk.of(edition, rules)
        for model, row in desk.latest.items():
            if model in wanted or price_book.retire(edition, model, before=row):
                continue
            if not is_default_kept and row.provider is None:
                row.retired_because = RetiredBecause.DEVELOPER  # by itself it would come back to another provider
        return RolledBack(bring_back(edition, desk, wanted))

    return Part(Section.VERSION, edit)


def bring_back(edition: Edition, desk: PriceDesk, wanted: Mapping[str, ModelPrice]) -> Mapping[str, str]:
    """Sets prices as they were once, or as another paywall has them, on today's costs.

    Returns the models that stay off, each with the reason: they would leave the developer less than nothing.
    """
    brought, left_off = list[NewPrice](), dict[str, str]()
    for model, row in wanted.items():
        try:
            brought.append(desk.checked(_brought_back(desk, row)))
        except BadField as loss:
            left_off[model] = loss.message
            price_book.retire(edition, model, RetiredBecause.COST)
    price_book.set_prices(edition, brought, desk.latest)
    return left_off


def _brought_back(desk: PriceDesk, row: ModelPrice) -> NewPrice:
    """Returns a price as it was, on today's costs. Raises BadField where nobody knows those."""
    price, server = price_book.to_new_price(row), desk.configuration.provider_of(row.provider)
    if not server.is_operators or not desk.paywall.rules.is_split:
        return price
    if row.source is PriceSource.CATALOGUE:
        return desk.following(Place(row.model, server.name, price.sent_as), row.markup_basis_points)
    # By name, or it would stay where it is served now.
    return desk.own(replace(price, provider=server.name, upstream_model=price.sent_as))

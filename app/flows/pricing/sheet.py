"""The price sheet: every model of a paywall with what users pay and what its provider asks, searched and paged here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.pricing import price_book
from app.domain.pricing.margins import kinds_at_a_loss
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import Price
from app.domain.pricing.tables import ModelPrice, PriceSource, RetiredBecause
from app.flows.paywalls.prices import PriceDesk
from app.flows.pricing.drafts import Difference, Planned

LINES_A_PAGE = 50


class Show(StrEnum):
    """Which models a sheet shows."""

    ALL = "all"
    """Every model that the paywall ever had a price for."""
    OFFERED = "offered"
    """Those with a price."""
    NOT_PRICED = "not_priced"
    """Those that a provider has and nobody knows the price of."""
    BELOW_COST = "below_cost"
    """Those of which some kind brings less, after the fee, than its provider asks."""
    OWN = "own"
    """Those whose price the developer set."""
    CHANGED = "changed"
    """Those that the draft changes."""
    OFF = "off"
    """Those that are offered no more."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: every word stands somewhere in the model's name, its title or its provider's name."""

    words: str = ""
    show: Show = Show.ALL
    page: int = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A model on the sheet. `price` is what counts, or would by the draft; None where it is not offered.

    `asked` is what its provider asks, without markup, None where nobody knows; `below_cost` names the kinds at a loss.
    """

    model: str
    display_name: str
    provider: str
    upstream_model: str | None
    source: PriceSource
    price: Price | None
    asked: Price | None
    off_because: RetiredBecause | None
    below_cost: tuple[str, ...]
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of the sheet, how many match, how many there are, and how many each `Show` would find of the words."""

    lines: tuple[Line, ...]
    matches: int
    models: int
    counts: Mapping[Show, int] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(-(-self.matches // LINES_A_PAGE), 1)


def read_sheet(desk: PriceDesk, planned: Planned, query: Query) -> Sheet:
    """Returns one page of a paywall's sheet, as a draft would make it."""
    found = _search(desk, planned, query.words)
    chosen = [line for line in found if _SHOWN[query.show](line)]
    first = (min(max(query.page, 1), max(-(-len(chosen) // LINES_A_PAGE), 1)) - 1) * LINES_A_PAGE
    counts = {show: sum(map(is_shown, found)) for show, is_shown in _SHOWN.items()}
    return Sheet(tuple(chosen[first : first + LINES_A_PAGE]), len(chosen), len(desk.latest), counts)


def matching(desk: PriceDesk, planned: Planned, query: Query) -> tuple[str, ...]:
    """Returns every model that a query finds, over all pages."""
    return tuple(line.model for line in _search(desk, planned, query.words) if _SHOWN[query.show](line))


def read_line(desk: PriceDesk, planned: Planned, model: str) -> Line | None:
    """Returns one model of the sheet, None for a name that the paywall never had."""
    row = desk.latest.get(model)
    return None if row is None else _line(desk, row, planned.by_model.get(model))


def _search(desk: PriceDesk, planned: Planned, words: str) -> list[Line]:
    wanted, changed = words.lower().split(), planned.by_model
    return [
        _line(desk, row, changed.get(row.model))
        for row in desk.latest.values()
        if all(word in f"{row.model} {row.display_name} {_named(desk, row.provider)}".lower() for word in wanted)
    ]


def _named(desk: PriceDesk, provider: str | None) -> str:
    setting = desk.configuration.find_provider(provider)
    return provider or "" if setting is None else setting.name


def _line(desk: PriceDesk, row: ModelPrice, difference: Difference | None) -> Line:
    new = price_book.to_new_price(row) if row.retired_at is None else None
    because = row.retired_because
    if difference is not None:
        new, because = difference.new, RetiredBecause.DEVELOPER if difference.new is None else None
    served: ModelPrice | NewPrice = new or row
    setting = desk.configuration.find_provider(served.provider)
    terms = None if setting is None else desk.terms_of(setting)
    price = None if new is None else price_book.to_price(new, desk.paywall.unit)
    asked = _asked(desk, row, pays=terms is not None and terms.pays_provider)
    return Line(
        model=row.model,
        display_name=row.display_name,
        provider=_named(desk, served.provider),
        upstream_model=served.upstream_model,
        source=served.source,
        price=price,
        asked=asked,
        off_because=because,
        below_cost=() if price is None else kinds_at_a_loss(price, terms, asked),
        is_changed=difference is not None,
    )


def _asked(desk: PriceDesk, row: ModelPrice, *, pays: bool) -> Price | None:
    """Returns what a model's provider asks, as far as that is known."""
    stored = price_book.stored_cost(row)
    is_stored = row.cost is not None or row.source is PriceSource.CATALOGUE or pays
    # Of an own price with a markup on top, what is below the markup is what its developer takes for the cost.
    if not is_stored and not row.markup_basis_points:
        known = desk.known(price_book.sent_as(row))
        stored = None if known is None or known.price is None else known.price.in_unit(desk.paywall.unit)
    return None if stored is None else stored.to_price(row.model, desk.paywall.unit)


_SHOWN: Mapping[Show, Callable[[Line], bool]] = {
    Show.ALL: lambda line: True,
    Show.OFFERED: lambda line: line.price is not None,
    Show.NOT_PRICED: lambda line: line.off_because is RetiredBecause.UNPRICED,
    Show.BELOW_COST: lambda line: bool(line.below_cost),
    Show.OWN: lambda line: line.price is not None and line.source is PriceSource.DEVELOPER,
    Show.CHANGED: lambda line: line.is_changed,
    Show.OFF: lambda line: line.price is None and line.off_because is not RetiredBecause.UNPRICED,
}

"""The price sheet: every model of a paywall with what users pay and what its provider asks, searched and paged here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.pricing.margins import kinds_at_a_loss
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import BASIS_POINTS, Price
from app.domain.pricing.split import SplitTerms
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
    chosen = [fact for fact in found if _SHOWN[query.show](fact)]
    first = (min(max(query.page, 1), max(-(-len(chosen) // LINES_A_PAGE), 1)) - 1) * LINES_A_PAGE
    counts = {show: sum(map(is_shown, found)) for show, is_shown in _SHOWN.items()}
    lines = tuple(_line(desk, fact) for fact in chosen[first : first + LINES_A_PAGE])
    return Sheet(lines, len(chosen), len(desk.latest), counts)


def matching(desk: PriceDesk, planned: Planned, query: Query) -> tuple[str, ...]:
    """Returns every model that a query finds, over all pages."""
    return tuple(fact.row.model for fact in _search(desk, planned, query.words) if _SHOWN[query.show](fact))


def read_line(desk: PriceDesk, planned: Planned, model: str) -> Line | None:
    """Returns one model of the sheet, None for a name that the paywall never had."""
    row = desk.latest.get(model)
    return None if row is None else _line(desk, _fact(desk, row, planned.by_model.get(model)))


def first_offered(desk: PriceDesk, planned: Planned) -> Line | None:
    """Returns the first model of the sheet that is offered, None where none is; the others are not looked at."""
    changed = planned.by_model
    facts = (_fact(desk, row, changed.get(row.model)) for row in desk.latest.values())
    return next((_line(desk, fact) for fact in facts if fact.is_on), None)


@dataclass(slots=True)
class _Fact:
    """What filters ask of a model, which is little: most of a sheet is looked through and not shown.

    `served` is its price as it is stored, or as the draft would store it.
    """

    row: ModelPrice
    served: ModelPrice | NewPrice
    is_on: bool
    off_because: RetiredBecause | None
    difference: Difference | None
    below_cost: tuple[str, ...] = ()


def _search(desk: PriceDesk, planned: Planned, words: str) -> list[_Fact]:
    rows, changed = list(desk.latest.values()), planned.by_model
    default = desk.configuration.providers[0].name
    for word in words.lower().split():
        rows = [
            row for row in rows if word in f"{row.model} {row.display_name} {row.provider or default}".lower()
        ]  # fmt: skip
    return [_fact(desk, row, changed.get(row.model)) for row in rows]


def _fact(desk: PriceDesk, row: ModelPrice, difference: Difference | None) -> _Fact:
    if difference is None:
        fact = _Fact(row, row, row.retired_at is None, row.retired_because, None)
        fact.below_cost = _below_cost(desk, fact) if fact.is_on else ()
        return fact
    if (new := difference.new) is None:
        return _Fact(row, row, False, RetiredBecause.DEVELOPER, difference)
    return _Fact(row, new, True, None, difference, difference.below_cost)


def _below_cost(desk: PriceDesk, fact: _Fact) -> tuple[str, ...]:
    """Returns the kinds at a loss; of what follows the list its markup alone says whether there can be any."""
    terms, row = _terms(desk, fact), fact.row
    fee = 0 if terms is None else terms.fee_basis_points
    if row.source is PriceSource.CATALOGUE and row.cost is None:
        if (BASIS_POINTS + row.markup_basis_points) * (BASIS_POINTS - fee) >= BASIS_POINTS**2:
            return ()
    asked = desk.asked_of(row, pays=terms is not None and terms.pays_provider)
    return () if asked is None else kinds_at_a_loss(_price(desk, fact), terms, asked)


def _terms(desk: PriceDesk, fact: _Fact) -> SplitTerms | None:
    setting = desk.configuration.find_provider(fact.served.provider)
    return None if setting is None else desk.terms_of(setting)


def _price(desk: PriceDesk, fact: _Fact) -> Price:
    if fact.difference is not None and fact.difference.after is not None:
        return fact.difference.after
    return desk.charged(fact.row)


def _line(desk: PriceDesk, fact: _Fact) -> Line:
    row, served, terms = fact.row, fact.served, _terms(desk, fact)
    setting = desk.configuration.find_provider(served.provider)
    return Line(
        model=row.model,
        display_name=row.display_name,
        provider=served.provider or "" if setting is None else setting.name,
        upstream_model=served.upstream_model,
        source=served.source,
        price=_price(desk, fact) if fact.is_on else None,
        asked=desk.asked_of(row, pays=terms is not None and terms.pays_provider),
        off_because=fact.off_because,
        below_cost=fact.below_cost,
        is_changed=fact.difference is not None,
    )


_SHOWN: Mapping[Show, Callable[[_Fact], bool]] = {
    Show.ALL: lambda fact: True,
    Show.OFFERED: lambda fact: fact.is_on,
    Show.NOT_PRICED: lambda fact: fact.off_because is RetiredBecause.UNPRICED,
    Show.BELOW_COST: lambda fact: bool(fact.below_cost),
    Show.OWN: lambda fact: fact.is_on and fact.served.source is PriceSource.DEVELOPER,
    Show.CHANGED: lambda fact: fact.difference is not None,
    Show.OFF: lambda fact: not fact.is_on and fact.off_because is not RetiredBecause.UNPRICED,
}

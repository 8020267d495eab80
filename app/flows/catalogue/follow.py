"""A paywall's prices follow the catalogue: list prices that changed, models that came and went, costs that rose.

What a developer has set is never replaced. Where the operator's key pays, it stands on what the provider asks now; a
model that would cost more than it brings is switched off, and only the developer's saving brings it back
(`decisions.md` 12). It looks at what is, not at what changed, so a run that was cut is made up for by the next.
"""

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from app.domain.catalogue.catalogue import ListedModel, read_listed, read_vanished
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import BadField
from app.domain.money import Unit
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.versions import Edition
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.split import SplitTerms, check_share
from app.domain.pricing.tables import ModelPrice, PriceSource, RetiredBecause
from app.flows.catalogue.defaults import to_new_price

_COMES_BACK = frozenset({RetiredBecause.VANISHED, RetiredBecause.UNPRICED})
"""Why a model is off that is on again as soon as the list has it with a price."""


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """A model that was taken off a paywall because it would cost more than it brings."""

    paywall_id: str
    app_name: str
    model: str
    reason: str


@dataclass(slots=True)
class _Plan:
    """What becomes of a paywall's prices: set, taken off and why, or off because of a loss, with the reason."""

    unit: Unit
    terms: SplitTerms | None
    configuration: Configuration
    lives_by_list: bool
    set: list[NewPrice] = field(default_factory=list)
    retire: list[tuple[str, RetiredBecause]] = field(default_factory=list)
    unpriced: list[str] = field(default_factory=list)
    losses: dict[str, str] = field(default_factory=dict)

    @property
    def is_operators(self) -> bool:
        return self.configuration.provider.is_operators


@dataclass(frozen=True, slots=True)
class FollowRules:
    """The host of the provider whose list the catalogue is, and the platform's share of a charge."""

    list_host: str
    fee_basis_points: int


def follow_catalogue(edition: Edition, rules: FollowRules) -> tuple[int, list[SwitchedOff]]:
    """Brings a paywall's prices up to date; returns how many changed, and what had to be switched off.

    Models of the list vanish only for those whom its provider serves. New ones are offered only where the operator's
    key pays.
    """
    session, paywall, current = edition.session, edition.paywall, edition.configuration
    provider = current.provider
    by_list = provider.is_operators or urlsplit(provider.base_url).hostname == rules.list_host
    plan = _Plan(paywall.unit, terms_of(paywall.mode, provider.name, rules.fee_basis_points), current, by_list)
    latest = price_book.read_latest(session, paywall.id)
    for name, listed in read_listed(session).items():
        _plan_model(plan, listed, latest.get(name))
    if by_list:
        plan.retire += [(model, RetiredBecause.VANISHED) for model in read_vanished(session)]
    plan.retire += [(model, RetiredBecause.COST) for model in plan.losses]
    changed = len(price_book.set_prices(edition, plan.set))
    for model in plan.unpriced:
        price_book.note_unpriced(edition, model)
    for model, because in plan.retire:
        row = latest.get(model)
        if row is not None and row.retired_at is None:
            changed += price_book.retire(edition, model, because)
    return changed, [SwitchedOff(paywall.id, current.app_name, *loss) for loss in plan.losses.items()]


def _plan_model(plan: _Plan, model: ListedModel, row: ModelPrice | None) -> None:
    is_on = row is not None and row.retired_at is None
    if row is None and not plan.is_operators:
        return
    if row is not None and not is_on and row.retired_because not in _COMES_BACK:
        return
    if row is not None and row.source is not PriceSource.CATALOGUE:
        _plan_own(plan, model, row, is_on=is_on)
        return
    price = to_new_price(model.model, model, plan.unit, plan.configuration.markup_basis_points)
    if price is not None:
        _plan_price(plan, price, is_on=is_on)
    elif row is None:
        plan.unpriced.append(model.model)
    elif plan.lives_by_list:
        plan.retire.append((model.model, RetiredBecause.UNPRICED))


def _plan_own(plan: _Plan, model: ListedModel, row: ModelPrice, *, is_on: bool) -> None:
    """A developer's own price stays, on what the provider asks now where the operator pays for it."""
    own = price_book.to_new_price(row)
    if plan.is_operators and plan.terms is not None and model.price is not None:
        own = replace(own, cost=model.price.in_unit(plan.unit))
    if own.cost is not None or not is_on:
        _plan_price(plan, own, is_on=is_on)


def _plan_price(plan: _Plan, new: NewPrice, *, is_on: bool) -> None:
    """Sets a price that loses nothing; one that would switches off what is on, and adds nothing that is not."""
    try:
        price_book.check(new)
        if plan.terms is not None:
            check_share(plan.terms, price_book.to_price(new, plan.unit))
    except BadField as loss:
        if is_on:
            plan.losses[new.model] = loss.message
        return
    plan.set.append(new)

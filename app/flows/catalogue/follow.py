"""A paywall's prices follow the catalogue: list prices that changed, models that came and went, costs that rose.

What a developer has set is never replaced. Where the operator's key pays, it stands on what the provider asks now; a
model that would cost more than it brings is switched off, and only the developer's saving brings it back
(`decisions.md` 12). It looks at what is, not at what changed, so a run that was cut is made up for by the next.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from app.domain.catalogue.catalogue import ListedModel, read_listed, read_vanished
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import BadField
from app.domain.money import Unit
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
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


@dataclass(frozen=True, slots=True)
class FollowRules:
    """The host of the provider whose list the catalogue is, and the platform's share of a charge."""

    list_host: str
    fee_basis_points: int


@dataclass(frozen=True, slots=True)
class _Server:
    """What counts for the models of one provider: how a charge is split, and whether it lives by the list."""

    name: str | None
    is_operators: bool
    lives_by_list: bool
    terms: SplitTerms | None


@dataclass(slots=True)
class _Plan:
    """What becomes of a paywall's prices: set, taken off and why, or off because of a loss, with the reason."""

    unit: Unit
    markup_basis_points: int
    set: list[NewPrice] = field(default_factory=list)
    retire: list[tuple[str, RetiredBecause]] = field(default_factory=list)
    losses: dict[str, str] = field(default_factory=dict)


def follow_catalogue(edition: Edition, rules: FollowRules) -> tuple[int, list[SwitchedOff]]:
    """Brings a paywall's prices up to date; returns how many changed, and what had to be switched off.

    Each model goes by who serves it, and by its name there. Models of the list vanish only for those whom its provider
    serves. New ones are offered only where the operator's key pays.
    """
    session, paywall, current = edition.session, edition.paywall, edition.configuration
    plan = _Plan(paywall.unit, current.markup_basis_points)
    servers = {setting.name: _server_of(edition, setting, rules) for setting in current.providers}
    latest, listed = price_book.read_latest(session, paywall.id), read_listed(session)
    vanished = set(read_vanished(session))
    for row in latest.values():
        setting = current.find_provider(row.provider)
        if setting is not None:
            _plan_row(plan, servers[setting.name], row, listed.get(price_book.sent_as(row)), vanished)
    new = [model for name, model in listed.items() if name not in latest]
    operators = servers.get(BUILT_IN)
    unpriced = [] if operators is None else [model.model for model in new if not _plan_new(plan, operators, model)]
    plan.retire += [(model, RetiredBecause.COST) for model in plan.losses]
    changed = len(price_book.set_prices(edition, plan.set))
    for model in unpriced:
        price_book.note_unpriced(edition, model, current.as_stored(BUILT_IN))
    for model, because in plan.retire:
        changed += price_book.retire(edition, model, because)
    return changed, [SwitchedOff(paywall.id, current.app_name, *loss) for loss in plan.losses.items()]


def _server_of(edition: Edition, setting: ProviderSetting, rules: FollowRules) -> _Server:
    return _Server(
        name=edition.configuration.as_stored(setting.name),
        is_operators=setting.is_operators,
        lives_by_list=setting.is_operators or urlsplit(setting.base_url).hostname == rules.list_host,
        terms=terms_of(edition.paywall.mode, setting.name, rules.fee_basis_points),
    )


def _plan_new(plan: _Plan, operators: _Server, model: ListedModel) -> bool:
    """Plans a model that the list has and the paywall has not; tells whether it has a price."""
    price = to_new_price(model.model, model, plan.unit, plan.markup_basis_points)
    if price is not None:
        _plan_price(plan, operators, replace(price, provider=operators.name), is_on=False)
    return price is not None


def _plan_row(
    plan: _Plan, server: _Server, row: ModelPrice, model: ListedModel | None, vanished: Collection[str]
) -> None:
    is_on = row.retired_at is None
    if model is None:
        if is_on and server.lives_by_list and price_book.sent_as(row) in vanished:
            plan.retire.append((row.model, RetiredBecause.VANISHED))
        return
    if not is_on and row.retired_because not in _COMES_BACK:
        return
    if row.source is not PriceSource.CATALOGUE:
        _plan_own(plan, server, model, row, is_on=is_on)
        return
    price = to_new_price(model.model, model, plan.unit, plan.markup_basis_points)
    if price is not None:
        _plan_price(plan, server, price_book.as_served(row, price), is_on=is_on)
    elif is_on and server.lives_by_list:
        plan.retire.append((row.model, RetiredBecause.UNPRICED))


def _plan_own(plan: _Plan, server: _Server, model: ListedModel, row: ModelPrice, *, is_on: bool) -> None:
    """A developer's own price stays, on what the provider asks now where the operator pays for it."""
    own = price_book.to_new_price(row)
    if server.is_operators and server.terms is not None and model.price is not None:
        own = replace(own, cost=model.price.in_unit(plan.unit))
    # Nothing is brought back at the operator's cost while nobody knows that.
    may_return = not is_on and (server.terms is None or not server.is_operators)
    if own.cost is not None or may_return:
        _plan_price(plan, server, own, is_on=is_on)


def _plan_price(plan: _Plan, server: _Server, new: NewPrice, *, is_on: bool) -> None:
    """Sets a price that loses nothing; one that would switches off what is on, and adds nothing that is not."""
    try:
        price_book.check(new)
        if server.terms is not None:
            check_share(server.terms, price_book.to_price(new, plan.unit))
    except BadField as loss:
        if is_on:
            plan.losses[new.model] = loss.message
        return
    plan.set.append(new)

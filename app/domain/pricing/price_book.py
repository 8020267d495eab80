"""The price book: what each model costs in a paywall, in versions that never change.

It is written in an edition of the paywall only, so that a price counts from one of the paywall's versions on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField
from app.domain.ids import new_id
from app.domain.money import AMOUNT_UNITS_MAX, NANOS, Unit
from app.domain.paywalls.versions import Edition
from app.domain.pricing.list_price import LISTED, ListPrice, check_tiers, tiers_from_json, tiers_to_json
from app.domain.pricing.quote import Price, Tier
from app.domain.pricing.tables import KINDS, ModelPrice, PriceSource, RetiredBecause
from app.domain.record import record
from app.sql.columns import table_of
from app.sql.statements import insert

MARKUP_BASIS_POINTS_MAX = 1_000_000
AMOUNTS = ("input_nanos", "output_nanos", "cached_input_nanos", "request_nanos", "minimum_nanos", "image_nanos",
           *KINDS)  # fmt: skip
"""The parts of a price that are amounts."""
_AS_SET = (*AMOUNTS, "description", "markup_basis_points", "context_tokens_max", "output_tokens_max",
           "part_tokens_max", "source", "provider", "upstream_model")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that a paywall offers: its current price and what is known of it.

    `provider` is the name of who serves it, None for the paywall's default one; `upstream_model` what it is called
    there, None if the same.
    """

    price: Price
    display_name: str
    description: str
    context_tokens_max: int | None
    output_tokens_max: int | None
    part_tokens_max: int | None
    created_at: int
    provider: str | None = None
    upstream_model: str | None = None


@record(frozen=True, slots=True)
class NewPrice:
    """What is set for a model: nanos per million tokens or images, per request, at least; markup on top.

    A kind that is None costs what input or output does. `cost` is what the provider asks, None where that is
    this price itself. `provider` and `upstream_model` as in an offer.
    """

    model: str
    input_nanos: int
    output_nanos: int
    cached_input_nanos: int | None = None
    request_nanos: int = 0
    minimum_nanos: int = 0
    markup_basis_points: int = 0
    display_name: str = ""
    description: str = ""
    context_tokens_max: int | None = None
    output_tokens_max: int | None = None
    part_tokens_max: int | None = None
    cache_write_nanos: int | None = None
    image_input_nanos: int | None = None
    audio_input_nanos: int | None = None
    reasoning_nanos: int | None = None
    audio_output_nanos: int | None = None
    source: PriceSource = PriceSource.DEVELOPER
    image_output_nanos: int | None = None
    image_nanos: int = 0
    tiers: tuple[Tier, ...] = ()
    cost: ListPrice | None = None
    provider: str | None = None
    upstream_model: str | None = None

    @property
    def sent_as(self) -> str:
        """What the model is called by who serves it."""
        return self.upstream_model or self.model


def check(new: NewPrice) -> None:
    """Raises BadField, which names the part of a price that cannot be."""
    if not 1 <= len(new.model) <= 200:
        raise BadField("model", "`model` must have 1 to 200 characters.")
    if new.upstream_model is not None and not 1 <= len(new.upstream_model) <= 200:
        raise BadField("upstream_model", "`upstream_model` must have 1 to 200 characters.")
    for name in AMOUNTS:
        value = getattr(new, name)
        if value is not None and not 0 <= value <= AMOUNT_UNITS_MAX * NANOS:
            raise BadField(name, f"`{name}` must be between 0 and {AMOUNT_UNITS_MAX} units.")
    if not 0 <= new.markup_basis_points <= MARKUP_BASIS_POINTS_MAX:
        raise BadField("markup_basis_points", "`markup_basis_points` must be between 0 and 1,000,000.")
    check_tiers(new.tiers)


def set_price(edition: Edition, new: NewPrice) -> int:
    """Adds a version of a model's price, unless it is the one that counts already. Returns its number.

    Raises BadField, also for a provider that the paywall does not have.
    """
    before = current(edition.session, edition.paywall.id, new.model)
    is_set = bool(set_prices(edition, [new], {} if before is None else {new.model: before}))
    return _after(before) if is_set or before is None else before.version


def set_prices(
    edition: Edition, prices: Iterable[NewPrice], latest: Mapping[str, ModelPrice] | None = None
) -> list[str]:
    """Sets many prices at once, and returns the models for which that changed something. Raises BadField.

    `latest` is what `read_latest` says, for whoever has read it already.
    """
    latest = read_latest(edition.session, edition.paywall.id) if latest is None else latest
    rows = [row for new in prices if (row := _row(edition, new, latest.get(new.model))) is not None]
    if rows:  # with one statement: objects of the session cost ten times as much
        values = [tuple(row.values()) for row in rows]
        insert(table_of(ModelPrice), tuple(rows[0])).run(edition.session.connection(), values)
    edition.priced.update(changed := [row["model"] for row in rows])
    return changed


def _row(edition: Edition, new: NewPrice, before: ModelPrice | None) -> dict[str, Any] | None:
    """Returns the next version of a price as it is stored, None where it is what counts already. Raises BadField."""
    check(new)
    edition.configuration.provider_of(new.provider)
    values: dict[str, Any] = {
        **{name: getattr(new, name) for name in _AS_SET},
        "display_name": new.display_name or new.model,
        "cached_input_nanos": new.input_nanos if new.cached_input_nanos is None else new.cached_input_nanos,
        "tiers": tiers_to_json(new.tiers),
        "cost": new.cost.to_json() if new.cost is not None else None,
    }
    if before is not None and before.retired_at is None:
        if all(getattr(before, name) == value for name, value in values.items()):
            return None
    return {"id": new_id("prc"), "paywall_id": edition.paywall.id, "model": new.model, "version": _after(before),
            "since_version": edition.number, "created_at": clock.now(), **values}  # fmt: skip


def _after(before: ModelPrice | None) -> int:
    return 1 if before is None else before.version + 1


def retire(
    edition: Edition,
    model: str,
    because: RetiredBecause = RetiredBecause.DEVELOPER,
    before: ModelPrice | None = None,
) -> bool:
    """Takes a model off the paywall; it then has no price, which is never the same as a price of zero.

    Tells whether it was on. `before` is its newest price, for whoever has read it already.
    """
    before = before or current(edition.session, edition.paywall.id, model)
    if before is None or before.retired_at is not None:
        return False
    before.retired_at, before.retired_because, before.until_version = clock.now(), because, edition.number
    edition.priced.add(model)
    edition.session.flush()
    return True


def note_unpriced(edition: Edition, model: str, provider: str | None = None) -> None:
    """Remembers a model that a provider has and nobody knows the price of, so that it is refused by that name."""
    if current(edition.session, edition.paywall.id, model) is None:
        set_price(edition, NewPrice(model, 0, 0, source=PriceSource.CATALOGUE, provider=provider))
        retire(edition, model, RetiredBecause.UNPRICED)


@dataclass(frozen=True, slots=True)
class Offers:
    """The models of a paywall: those with a price, by name, and those without one or that had one once.

    `overridden` are those whose price the developer set.
    """

    priced: Mapping[str, Offer]
    unpriced: frozenset[str]
    overridden: frozenset[str] = frozenset()


def read_offers(session: Session, paywall_id: str, unit: Unit) -> Offers:
    """Returns every model that the paywall ever had a price for, as it stands now."""
    latest = read_latest(session, paywall_id)
    priced = {model: to_offer(row, unit) for model, row in latest.items() if row.retired_at is None}
    overridden = frozenset(model for model, row in latest.items() if row.source is PriceSource.DEVELOPER)
    return Offers(priced, frozenset(latest) - frozenset(priced), overridden)


def to_price(new: NewPrice, unit: Unit, cost: Price | None = None) -> Price:
    """Returns what would be set as the pure arithmetic wants it; `cost` is its cost, for whoever has that already."""
    cached = new.input_nanos if new.cached_input_nanos is None else new.cached_input_nanos
    if cost is None and new.cost is not None:
        cost = new.cost.to_price(new.model, unit)
    return Price("", new.model, 0, unit, new.input_nanos, cached, new.output_nanos, new.request_nanos,
                 new.minimum_nanos, new.markup_basis_points, image_nanos=new.image_nanos, tiers=new.tiers, cost=cost,
                 **{name: getattr(new, name) for name in KINDS})  # fmt: skip


def to_new_price(row: ModelPrice) -> NewPrice:
    """Returns a stored price as what would be set to have it again."""
    cost = ListPrice.from_json(row.cost) if row.cost is not None else None
    values = {name: getattr(row, name) for name in _AS_SET}
    return NewPrice(row.model, display_name=row.display_name, tiers=tiers_from_json(row.tiers), cost=cost, **values)


def stored_cost(row: ModelPrice) -> ListPrice | None:
    """Returns what a stored price says that its provider asks: beside it, else by itself; None where nobody knew."""
    if row.cost is not None:
        return ListPrice.from_json(row.cost)
    if row.retired_because is RetiredBecause.UNPRICED:
        return None
    return ListPrice(tiers=tiers_from_json(row.tiers), **{name: getattr(row, name) for name in LISTED})


def read_latest(session: Session, paywall_id: str) -> dict[str, ModelPrice]:
    """Returns the newest version of each model's price, by name, of those that were taken off too."""
    return {row.model: row for row in session.scalars(_newest(paywall_id))}


def _newest(paywall_id: str, *begun: Any) -> Any:
    """Returns the statement of the newest version of each model's price, of those alone that have `begun`."""
    table = table_of(ModelPrice)
    # A catalogue that is followed for years leaves many versions, of which the index knows the newest.
    of_each = select(table.c.model, func.max(table.c.version).label("version"))
    newest = of_each.where(table.c.paywall_id == paywall_id, *begun).group_by(table.c.model).subquery()
    is_newest = (table.c.model == newest.c.model) & (table.c.version == newest.c.version)
    mine = select(ModelPrice).join(newest, is_newest).where(table.c.paywall_id == paywall_id)
    return mine.order_by(table.c.model)


def as_served(row: ModelPrice, price: NewPrice) -> NewPrice:
    """Returns a price as one of a stored one's model: under its name, and served as it is."""
    return replace(price, model=row.model, provider=row.provider, upstream_model=row.upstream_model)


def sent_as(row: ModelPrice) -> str:
    """Returns what a stored price's model is called by who serves it."""
    return row.upstream_model or row.model


def move_models(edition: Edition, names: Mapping[str | None, str | None]) -> None:
    """Renames who serves the models: by what prices store of a name, what they will store of it.

    What is off stays so, for the reason that it is. Raises BadField for a name that the paywall does not have.
    """
    for row in read_latest(edition.session, edition.paywall.id).values():
        if row.provider not in names or names[row.provider] == row.provider:
            continue
        set_prices(edition, [replace(to_new_price(row), provider=names[row.provider])], {row.model: row})
        if row.retired_at is not None:
            retire(edition, row.model, row.retired_because or RetiredBecause.DEVELOPER)


def prices_at(session: Session, paywall_id: str, version: int) -> dict[str, ModelPrice]:
    """Returns the price of each model that a version of the paywall offers, by name.

    Of a version from before versions had prices, it is what counted when the next one was published.
    """
    rows = session.scalars(_newest(paywall_id, table_of(ModelPrice).c.since_version <= version))
    return {row.model: row for row in rows if row.until_version is None or row.until_version > version}


def to_offer(row: ModelPrice, unit: Unit) -> Offer:
    """Returns a stored price as the pure arithmetic wants it."""
    price = Price(
        id=row.id,
        model=row.model,
        version=row.version,
        unit=unit,
        input_nanos=row.input_nanos,
        cached_input_nanos=row.cached_input_nanos,
        output_nanos=row.output_nanos,
        request_nanos=row.request_nanos,
        minimum_nanos=row.minimum_nanos,
        markup_basis_points=row.markup_basis_points,
        image_nanos=row.image_nanos,
        tiers=tiers_from_json(row.tiers),
        cost=ListPrice.from_json(row.cost).to_price(row.model, unit) if row.cost is not None else None,
        **{name: getattr(row, name) for name in KINDS},
    )
    return Offer(price, row.display_name, row.description, row.context_tokens_max, row.output_tokens_max,
                 row.part_tokens_max, row.created_at, row.provider, row.upstream_model)  # fmt: skip


def current(session: Session, paywall_id: str, model: str) -> ModelPrice | None:
    """Returns the newest version of a model's price, None where it never had one."""
    table = table_of(ModelPrice)
    statement = select(ModelPrice).where(table.c.paywall_id == paywall_id, table.c.model == model)
    return session.scalars(statement.order_by(table.c.version.desc()).limit(1)).first()

"""The catalogue of a provider's public list of models: what it says becomes versions and marks; nothing is lost."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.catalogue.tables import CatalogueModel, CataloguePrice
from app.domain.errors import Refused
from app.domain.pricing.list_price import ListPrice
from app.domain.record import record
from app.sql.columns import table_of

KNOWN_MIN = 20
VANISHED_SHARE_MAX = 0.5
"""A list that lacks more than this share of what is known, where at least KNOWN_MIN models are, is not believed."""


class ListTooShort(Refused):
    """A list lacks most of the models that are known."""

    code = "list_too_short"


@record(frozen=True, slots=True)
class ListedModel:
    """One model. `price` is in dollars, None where the list does not say it by the token.

    `released_at` is in microseconds; `part_tokens_max` the most tokens of one image, None where unknown;
    `modalities` what it reads, `parameters` which fields of a request it understands.
    """

    model: str
    display_name: str
    description: str
    released_at: int
    price: ListPrice | None
    context_tokens_max: int | None = None
    output_tokens_max: int | None = None
    part_tokens_max: int | None = None
    modalities: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelList:
    """A list that was read. `unreadable` are models in it that could not be understood, and stay as they were."""

    models: tuple[ListedModel, ...]
    unreadable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Changes:
    """What a list changed, by the models' names. `priced` are those whose price changed."""

    new: tuple[str, ...] = ()
    priced: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many changes these are."""
        return len(self.new) + len(self.priced) + len(self.vanished) + len(self.returned)


def write_list(session: Session, listed: ModelList) -> Changes:
    """Writes what a list says. The same list again changes nothing. Raises ListTooShort."""
    known = {row.model: row for row in session.scalars(select(CatalogueModel))}
    prices = _read_prices(session, known.values())
    still = {model.model for model in listed.models} | listed.unreadable
    gone = [row for row in known.values() if row.vanished_at is None and row.model not in still]
    present = sum(row.vanished_at is None for row in known.values())
    if present >= KNOWN_MIN and len(gone) > present * VANISHED_SHARE_MAX:
        raise ListTooShort(f"The list lacks {len(gone)} of {present} known models, and is not believed.")
    new, priced, returned = [], [], []
    for model in listed.models:
        row = known.get(model.model)
        if row is None:
            new.append(model.model)
            _add(session, model)
            continue
        if row.vanished_at is not None:
            returned.append(model.model)
        if _update(session, row, model, prices.get(model.model)):
            priced.append(model.model)
    for row in gone:
        row.vanished_at = clock.now()
    session.flush()
    return Changes(tuple(new), tuple(priced), tuple(row.model for row in gone), tuple(returned))


def read_listed(session: Session) -> dict[str, ListedModel]:
    """Returns every model that is listed now, by name, with its newest price; empty before the first list."""
    models = table_of(CatalogueModel)
    # Columns, not objects: pages read a thousand of them, and write none.
    rows = session.execute(select(models).where(models.c.vanished_at.is_(None))).all()
    prices = _read_prices(session, rows)
    return {
        row.model: ListedModel(
            model=row.model,
            display_name=row.display_name,
            description=row.description,
            released_at=row.released_at,
            price=ListPrice.from_json(prices[row.model]) if prices[row.model] is not None else None,
            context_tokens_max=row.context_tokens_max,
            output_tokens_max=row.output_tokens_max,
            part_tokens_max=row.part_tokens_max,
            modalities=tuple(row.modalities),
            parameters=tuple(row.parameters),
        )
        for row in rows
    }


def read_mark(session: Session) -> tuple[int, int, int]:
    """Returns what differs from before once a model or a list price came, changed or went."""
    models = table_of(CatalogueModel)
    sums = func.count(), func.coalesce(func.sum(models.c.version), 0), func.coalesce(func.sum(models.c.vanished_at), 0)
    count, versions, ends = session.execute(select(*sums)).one()
    return int(count), int(versions), int(ends)


def read_parameters(session: Session, models: Iterable[str]) -> dict[str, frozenset[str]]:
    """Returns which fields of a request these models understand, of those that are listed and say so."""
    table = table_of(CatalogueModel)
    rows = session.execute(select(table.c.model, table.c.parameters).where(table.c.model.in_(list(models))))
    return {row.model: frozenset(row.parameters) for row in rows if row.parameters}


def read_vanished(session: Session) -> frozenset[str]:
    """Returns the models that were listed once and are no more."""
    models = table_of(CatalogueModel)
    return frozenset(session.scalars(select(models.c.model).where(models.c.vanished_at.is_not(None))))


def _read_prices(session: Session, rows: Iterable[Any]) -> dict[str, Any]:
    """Returns the newest price of each model as it is stored."""
    models, prices = table_of(CatalogueModel), table_of(CataloguePrice)
    newest = (prices.c.model == models.c.model) & (prices.c.version == models.c.version)
    wanted = {row.model for row in rows}
    found = session.execute(select(prices.c.model, prices.c.price).select_from(prices.join(models, newest))).all()
    return {row.model: row.price for row in found if row.model in wanted}


def _described(model: ListedModel) -> dict[str, Any]:
    return {
        "display_name": model.display_name,
        "description": model.description,
        "released_at": model.released_at,
        "context_tokens_max": model.context_tokens_max,
        "output_tokens_max": model.output_tokens_max,
        "part_tokens_max": model.part_tokens_max,
        "modalities": list(model.modalities),
        "parameters": list(model.parameters),
    }


def _stored(model: ListedModel) -> dict[str, Any] | None:
    return model.price.to_json() if model.price is not None else None


def _add(session: Session, model: ListedModel) -> None:
    now = clock.now()
    session.add(CatalogueModel(model=model.model, version=1, first_seen_at=now, **_described(model)))
    session.flush()
    session.add(CataloguePrice(model=model.model, version=1, price=_stored(model), created_at=now))


def _update(session: Session, row: CatalogueModel, model: ListedModel, before: Any) -> bool:
    """Brings a model up to date; tells whether its price changed."""
    for name, value in _described(model).items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    row.vanished_at = None
    if _stored(model) == before:
        return False
    row.version += 1
    session.add(CataloguePrice(model=row.model, version=row.version, price=_stored(model), created_at=clock.now()))
    return True

"""Orders: made by an app for one of its users; who pays is chosen once, and then stays."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField, NotFound, Refused
from app.domain.ids import as_id, new_id
from app.domain.legs.legs import Source
from app.domain.orders.tables import OrderRow
from app.domain.record import record
from app.sql.columns import table_of

PREFIX = "ord"
NAME_CHARACTERS_MAX = 120
_TABLE = table_of(OrderRow)


@record(frozen=True, slots=True)
class Order:
    """An order. `billing` is who pays the provider of its requests, None until its user has chosen; `chosen_by` is the
    account that did, None where the app said it.
    """

    id: str
    paywall_id: str
    user: str
    name: str
    billing: Source | None
    may_fall_back: bool
    was_asked: bool
    details: Mapping[str, Any] | None
    created_at: int
    chosen_at: int | None
    chosen_by: str | None

    def lets_pay(self, account_id: str | None) -> bool:
        """Tells whether an account allowed that its wallet pays where its own key does not serve. What one allowed
        says nothing of another, to which the app's user may be connected by now.
        """
        return self.may_fall_back and self.chosen_by == account_id


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What an app says of an order; without `billing` its user is asked."""

    paywall_id: str
    user: str
    name: str
    billing: Source | None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders are listed; `since` (inclusive) and `until` (exclusive) are in microseconds."""

    user: str | None = None
    since: int | None = None
    until: int | None = None


class AlreadyChosen(Refused):
    """Who pays for an order was chosen before, and stays."""

    code = "billing_source_fixed"


def check_name(name: object) -> str:
    """Returns an order's name. Raises BadField."""
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= NAME_CHARACTERS_MAX or not name.isprintable():
        raise BadField("name", f"`name` must be one line of 1 to {NAME_CHARACTERS_MAX} characters.")
    return name.strip()


def make_order(session: Session, new: NewOrder) -> Order:
    """Makes an order and returns it."""
    row = OrderRow(
        id=new_id(PREFIX), paywall_id=new.paywall_id, external_id=new.user, name=new.name, billing_source=new.billing,
        was_asked=int(new.billing is None), details=None if new.details is None else dict(new.details),
        created_at=clock.now(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return _order(row)


def read_order(session: Session, paywall_id: str, order_id: str, user: str | None = None) -> Order:
    """Returns a paywall's order, of one user if given. Raises NotFound for any other."""
    row = session.get(OrderRow, as_id(order_id))
    if row is None or row.paywall_id != paywall_id or user not in (None, row.external_id):
        raise NotFound(f"There is no order {order_id[:40]}.")
    return _order(row)


def choose_billing(session: Session, order: Order, billing: Source, account_id: str, *, may_fall_back: bool) -> None:
    """Keeps who pays for an order, as its user chose. Raises AlreadyChosen where that was chosen before."""
    chosen = {"billing_source": billing, "may_fall_back": int(may_fall_back and billing is Source.OWN),
              "chosen_at": clock.now(), "chosen_by": account_id}  # fmt: skip
    open_one = (_TABLE.c.id == order.id, _TABLE.c.billing_source.is_(None))
    if session.execute(update(_TABLE).where(*open_one).values(**chosen)).rowcount != 1:  # type: ignore[attr-defined]
        raise AlreadyChosen("Who pays for this order has been chosen, and stays as it is.")


def list_orders(
    session: Session, paywall_id: str, wanted: OrderFilter, before: str | None, limit: int
) -> Sequence[Order]:
    """Returns up to `limit` of a paywall's orders, the newest first, before the one whose id is given."""
    found = select(OrderRow).where(_TABLE.c.paywall_id == paywall_id)
    if wanted.user is not None:
        found = found.where(_TABLE.c.external_id == wanted.user)
    if wanted.since is not None:
        found = found.where(_TABLE.c.created_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(_TABLE.c.created_at < wanted.until)
    if before is not None:
        found = found.where(_TABLE.c.id < before)
    return [_order(row) for row in session.scalars(found.order_by(_TABLE.c.id.desc()).limit(limit))]


def read_order_names(session: Session, order_ids: Collection[str]) -> Mapping[str, str]:
    """Returns what orders are called, by id."""
    found = select(_TABLE.c.id, _TABLE.c.name).where(_TABLE.c.id.in_(order_ids))
    return {row.id: row.name for row in session.execute(found)}


def _order(row: OrderRow) -> Order:
    return Order(row.id, row.paywall_id, row.external_id, row.name, row.billing_source, bool(row.may_fall_back),
                 bool(row.was_asked), row.details, row.created_at, row.chosen_at, row.chosen_by)  # fmt: skip

"""What an order came to: by session, agent and model, of each billing source by itself.

Added up by the database from the order's own requests, in whole numbers; what was given back is taken off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.orm import Session

from app.domain.usage.requests import TABLE
from app.domain.usage.tables import RequestKind

LINES_MAX = 200
"""How many lines of each table are given, the dearest first."""


class By(StrEnum):
    """What an order's requests are told apart by."""

    SESSION = "session"
    """The app's word for a session; empty where it said none."""
    AGENT = "agent"
    """The app's name of an agent; empty where it said none."""
    MODEL = "model"
    """The model; empty where the app charged by itself."""


@dataclass(frozen=True, slots=True)
class OrderSum:
    """What requests of one name and billing source came to; `charged` in nanos of the order's unit."""

    name: str
    source: str
    requests: int
    tokens: int
    charged: int


@dataclass(frozen=True, slots=True)
class OrderUsage:
    """All of it: together, a line for each billing source, and by each of `By`."""

    totals: Sequence[OrderSum]
    tables: Mapping[By, Sequence[OrderSum]]


def read_order_usage(session: Session, paywall_id: str, order_id: str) -> OrderUsage:
    """Returns what a paywall's order came to until now; a running request counts with no charge yet."""
    columns = {By.SESSION: TABLE.c.session, By.AGENT: TABLE.c.agent, By.MODEL: TABLE.c.model}
    tables = {by: _sums(session, paywall_id, order_id, columns[by]) for by in By}
    return OrderUsage(_sums(session, paywall_id, order_id, None), tables)


def _sums(
    session: Session, paywall_id: str, order_id: str, column: ColumnElement[Any] | None
) -> Sequence[OrderSum]:  # fmt: skip
    is_refund = TABLE.c.kind == RequestKind.REFUND
    name = literal("") if column is None else func.coalesce(column, "")
    charged = func.sum(case((is_refund, -TABLE.c.charge_nanos), else_=TABLE.c.charge_nanos))
    sums = (func.sum(case((is_refund, 0), else_=1)),
            func.sum(case((is_refund, 0), else_=func.coalesce(TABLE.c.tokens, 0))), charged)  # fmt: skip
    named = select(name.label("name"), TABLE.c.billing_source, *sums)
    mine = named.where(TABLE.c.paywall_id == paywall_id, TABLE.c.order_id == order_id)
    grouped = mine.group_by(TABLE.c.billing_source) if column is None else mine.group_by("name", TABLE.c.billing_source)
    rows = session.execute(grouped.order_by(charged.desc(), TABLE.c.billing_source).limit(LINES_MAX))
    return [OrderSum(row[0], row[1], *(int(value) for value in row[2:])) for row in rows]

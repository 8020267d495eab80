"""What an order came to: by session, agent and model, of each billing source by itself.

Added up by the database from the order's own requests, in whole numbers; what was given back is taken off, and what
asked several models is told apart by them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Subquery, func, literal, select
from sqlalchemy.orm import Session

from app.domain.analytics.uses import COLUMNS, count_of, with_parts
from app.domain.usage.requests import TABLE

LINES_MAX = 200
"""How many lines of each table are given, the dearest first."""


class By(StrEnum):
    """What an order's requests are told apart by."""

    SESSION = "session"
    """The app's word for a session; empty where it said none."""
    AGENT = "agent"
    """The app's name of an agent; empty where it said none."""
    MODEL = "model"
    """The model that was asked; empty where the app charged by itself."""


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
    mine = select(*(TABLE.c[name] for name in (*COLUMNS, "session", "agent"))).where(
        TABLE.c.paywall_id == paywall_id, TABLE.c.order_id == order_id
    )
    requests = mine.subquery()
    parts = with_parts(requests, *(requests.c[name] for name in ("id", "kind", "session", "agent"))).subquery()
    columns = {By.SESSION: parts.c.session, By.AGENT: parts.c.agent, By.MODEL: parts.c.part_model}
    tables = {by: _sums(session, parts, columns[by]) for by in By}
    return OrderUsage(_sums(session, parts, literal("")), tables)


def _sums(session: Session, parts: Subquery, column: ColumnElement[Any]) -> Sequence[OrderSum]:
    """Returns what parts came to by a name and who paid: a request counts once in each line that it has a part in."""
    named, charged = func.coalesce(column, "").label("name"), func.sum(parts.c.part_charged)
    lines = (
        select(named, parts.c.part_source, count_of(parts), func.sum(parts.c.part_tokens), charged)
        .group_by("name", parts.c.part_source)
        .order_by(charged.desc(), "name", parts.c.part_source)
        .limit(LINES_MAX)
    )
    return [OrderSum(row[0], row[1], *(int(value) for value in row[2:])) for row in session.execute(lines)]

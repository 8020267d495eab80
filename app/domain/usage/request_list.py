"""Requests of a paywall, newest first, page by page: each page is read from where the last one ended."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ids import least_id
from app.domain.pricing.receipts import Receipt, explain
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import RequestStatus

PREFIX = "req"
BEGUN_SECONDS_MAX = 60 * 60
"""How long a request may have been on its way, its body read, its key waited for, before its row was written."""

LOOKED_MAX = 10_000
"""How many of a paywall's requests one page looks at, whatever its filter finds; the next one goes on behind them."""

STATUSES = tuple(status.value for status in RequestStatus)


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """What a list leaves out. `since` (inclusive) and `until` (exclusive) are in microseconds, of `created_at`."""

    user: str | None = None
    model: str | None = None
    status: str | None = None
    kind: str | None = None
    since: int | None = None
    until: int | None = None
    is_charged: bool = False
    key_id: str | None = None
    session: str | None = None
    agent: str | None = None
    order_id: str | None = None
    but_kind: str | None = None
    named: str | None = None
    """A request's own id, or the one that its app gave it."""


def list_rows(
    session: Session, paywall_id: str, wanted: RequestFilter, before: str | None, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Returns up to `limit` rows of a paywall's requests, newest first, made before the one whose id is given."""
    found = session.execute(page_statement(paywall_id, wanted, before, limit)).mappings()
    return [dict(row) for row in found]


@dataclass(frozen=True, slots=True)
class LookedPage:
    """Rows, newest first, and the id before which the next page begins, None behind the last.

    `looked_until` is back to when every request was looked at (microseconds), where the page ended for having looked at
    so many; None where it is full, or at the end.
    """

    rows: Sequence[Mapping[str, Any]]
    following: str | None
    looked_until: int | None


def look(
    session: Session, paywall_id: str, wanted: RequestFilter, before: str | None, limit: int, most: int = LOOKED_MAX
) -> LookedPage:
    """Returns up to `limit` rows as `list_rows`, of the `most` requests before the one whose id is given.

    A filter that hardly anything fits, which no index bounds, so costs no more than one that everything does.
    """
    if wanted.until is not None:
        until = least_id(PREFIX, wanted.until + BEGUN_SECONDS_MAX * clock.SECOND)
        before = until if before is None else min(before, until)
    ids = select(TABLE.c.id, TABLE.c.created_at).where(TABLE.c.paywall_id == paywall_id)
    if before is not None:
        ids = ids.where(TABLE.c.id < before)
    end = session.execute(ids.order_by(TABLE.c.id.desc()).offset(most - 1).limit(1)).first()
    statement = page_statement(paywall_id, wanted, before, limit + 1)
    if end is not None:
        statement = statement.where(TABLE.c.id >= end.id)
    found = [dict(row) for row in session.execute(statement).mappings()]
    if len(found) > limit:
        return LookedPage(found[:limit], found[limit - 1]["id"], None)
    if end is None or (wanted.since is not None and end.created_at < wanted.since):
        return LookedPage(found, None, None)
    return LookedPage(found, end.id, end.created_at)


def list_receipts(
    session: Session, paywall_id: str, wanted: RequestFilter, before: str | None, limit: int
) -> list[Receipt]:
    """Returns up to `limit` receipts, as `list_rows`."""
    return [explain(row, row["external_id"]) for row in list_rows(session, paywall_id, wanted, before, limit)]


def receipts_of(session: Session, paywall_id: str, request_ids: Collection[str]) -> Mapping[str, Receipt]:
    """Returns the receipts of those of these requests that are a paywall's, by id."""
    found = select(TABLE).where(TABLE.c.id.in_(request_ids), TABLE.c.paywall_id == paywall_id)
    rows = session.execute(found).mappings()
    return {row["id"]: explain(dict(row), row["external_id"]) for row in rows}


def page_statement(paywall_id: str, wanted: RequestFilter, before: str | None, limit: int) -> Select[Any]:
    """Returns the query of one page, which reads one index backwards from where it begins: `ix_request_paywall`, or the
    narrower one of key, session, agent or order.

    Ids sort by the time of their making, so that times bound the index too; `external_id` stands in the first.
    """
    found = select(TABLE).where(TABLE.c.paywall_id == paywall_id)
    for column, value in (
        (TABLE.c.external_id, wanted.user), (TABLE.c.model, wanted.model), (TABLE.c.status, wanted.status),
        (TABLE.c.kind, wanted.kind), (TABLE.c.key_id, wanted.key_id), (TABLE.c.session, wanted.session),
        (TABLE.c.agent, wanted.agent), (TABLE.c.order_id, wanted.order_id),
    ):  # fmt: skip
        if value is not None:
            found = found.where(column == value)
    if wanted.but_kind is not None:
        found = found.where(TABLE.c.kind != wanted.but_kind)
    if wanted.named is not None:
        found = found.where((TABLE.c.id == wanted.named) | (TABLE.c.client_request_id == wanted.named))
    if wanted.is_charged:
        found = found.where(TABLE.c.charge_nanos > 0)
    if wanted.since is not None:
        least = least_id(PREFIX, wanted.since - BEGUN_SECONDS_MAX * clock.SECOND)
        found = found.where(TABLE.c.created_at >= wanted.since, TABLE.c.id >= least)
    if wanted.until is not None:
        # A clock that was set back may have written a row a little before its id was made.
        most = least_id(PREFIX, wanted.until + BEGUN_SECONDS_MAX * clock.SECOND)
        found = found.where(TABLE.c.created_at < wanted.until)
        # One bound, not two: of each SQLite believes that it narrows the ids, and it leaves the filter's index.
        before = most if before is None else min(most, before)
    if before is not None:
        found = found.where(TABLE.c.id < before)
    return found.order_by(TABLE.c.id.desc()).limit(limit)

"""The outbox: what is still to be told, and its fan-out into a delivery for each subscription that asked for it.

A request's row is the outbox of its own events (`decisions.md` 31); everything else writes an event's row, in the
transaction of what it tells of. Ids follow from what happened, so that a fan-out which is repeated adds nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from sqlalchemy import ColumnElement, select, text, tuple_, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.events.catalogue import EVENTS, matches
from app.domain.events.made import OWNER_FIELD, Made
from app.domain.events.request_events import events_of
from app.domain.events.subscriptions import read_told
from app.domain.events.tables import DeliveryStatus, PaywallEvent, WebhookDelivery, WebhookSubscription
from app.domain.ids import derived_id
from app.domain.paywalls.members import read_owner
from app.domain.usage.requests import END_DUE, START_DUE, START_TOLD
from app.domain.usage.requests import TABLE as REQUESTS
from app.sql.columns import table_of
from app.sql.statements import insert

_EVENTS, _DELIVERIES = table_of(PaywallEvent), table_of(WebhookDelivery)
_SUBSCRIPTIONS = table_of(WebhookSubscription)
_EVENT_COLUMNS = ("id", "paywall_id", "type", "version", "data", "created_at", "fanned_out_at")
_DELIVERY_COLUMNS = ("id", "paywall_id", "subscription_id", "event_id", "event_type", "status", "attempts",
                     "next_attempt_at", "created_at", "updated_at")  # fmt: skip
# As literals, without which SQLite would not use the indexes of the few rows that are due.
_REQUEST_IS_DUE, _EVENT_IS_DUE = text("events_due > 0"), text("fanned_out_at IS NULL")


class DueKind(StrEnum):
    """What waits to be fanned out."""

    REQUEST = "request"
    """A request, whose row is the outbox of its events."""
    EVENT = "event"
    """An event of its own."""


@dataclass(frozen=True, slots=True)
class Due:
    """A row that waits to be fanned out: a request, or an event that has none."""

    kind: DueKind
    id: str


Listeners = Mapping[str, Mapping[str, Sequence[str]]]
"""By paywall and event, the ids of the active subscriptions that are told of it."""


def record(session: Session, events: Sequence[Made]) -> None:
    """Writes events that have no request, if anybody is told of them; those written before stay."""
    told = {paywall_id: read_told(session, paywall_id) for paywall_id in {event.paywall_id for event in events}}
    _write_events(session, [event for event in events if event.type in told[event.paywall_id]], None)


def record_for(session: Session, event: Made, subscription_id: str) -> None:
    """Writes an event for one subscription alone, which is told of it whatever it has asked for."""
    _write_events(session, [event], clock.now())
    _write_deliveries(session, [event], {event.paywall_id: {event.type: [subscription_id]}})


def has_due(session: Session) -> bool:
    """Tells whether anything waits to be fanned out."""
    requests = select(REQUESTS.c.id).where(_REQUEST_IS_DUE).limit(1)
    events = select(_EVENTS.c.id).where(_EVENT_IS_DUE).limit(1)
    return session.scalar(requests) is not None or session.scalar(events) is not None


def list_due(session: Session, limit: int) -> list[Due]:
    """Returns what waits to be fanned out, the oldest first, at most so many rows of each kind."""
    requests = select(REQUESTS.c.id).where(_REQUEST_IS_DUE).order_by(REQUESTS.c.created_at).limit(limit)
    events = select(_EVENTS.c.id).where(_EVENT_IS_DUE).order_by(_EVENTS.c.created_at).limit(limit)
    found = [Due(DueKind.REQUEST, id_) for id_ in session.scalars(requests)]
    return [*found, *(Due(DueKind.EVENT, id_) for id_ in session.scalars(events))]


def fan_out(session: Session, limit: int) -> int:
    """Makes deliveries of what is due, the oldest first, at most so many rows of each kind; returns how many it took.

    For whoever has the job's lease.
    """
    return fan_out_these(session, list_due(session, limit))


def fan_out_these(session: Session, due: Sequence[Due]) -> int:
    """Makes deliveries of some of what is due; returns how many of these rows still were."""
    requests, events = ([one.id for one in due if one.kind is kind] for kind in (DueKind.REQUEST, DueKind.EVENT))
    return _fan_out_requests(session, requests) + _fan_out_events(session, events)


def give_up(session: Session, due: Due) -> None:
    """Ends the waiting of a row that no delivery can be made of: nobody is told of it, and nobody waits behind it."""
    if due.kind is DueKind.EVENT:
        session.execute(update(_EVENTS).where(_EVENTS.c.id == due.id).values(fanned_out_at=clock.now()))
        return
    _mark(session, REQUESTS.c.id == due.id, START_DUE, START_TOLD)
    _mark(session, REQUESTS.c.id == due.id, END_DUE, None)


def _fan_out_requests(session: Session, ids: Sequence[str]) -> int:
    """What has begun is told of at once, and then waits for its end; a row that ends meanwhile stays due."""
    if not ids:
        return 0
    statement = select(REQUESTS).where(REQUESTS.c.id.in_(ids), _REQUEST_IS_DUE).order_by(REQUESTS.c.created_at)
    rows = session.execute(statement).mappings().all()
    listeners = _read_listeners(session, {row["paywall_id"] for row in rows})
    heard = list(chain.from_iterable(events_of(dict(row), listeners.get(row["paywall_id"], {})) for row in rows))
    _write_events(session, heard, clock.now())
    _write_deliveries(session, heard, listeners)
    started = [row["id"] for row in rows if row["events_due"] == START_DUE]
    _mark(session, REQUESTS.c.id.in_(started), START_DUE, START_TOLD)
    ended = [(row["id"], row["finished_at"]) for row in rows if row["events_due"] == END_DUE]
    _mark(session, tuple_(REQUESTS.c.id, REQUESTS.c.finished_at).in_(ended), END_DUE, None)
    return len(rows)


def _mark(session: Session, which: ColumnElement[bool], seen: int, after: int | None) -> None:
    """Marks as told what is still as it was seen. A row that a settlement has locked stays due, and delays neither."""
    chosen = select(REQUESTS.c.id).where(which, REQUESTS.c.events_due == seen).with_for_update(skip_locked=True)
    session.execute(update(REQUESTS).where(REQUESTS.c.id.in_(chosen)).values(events_due=after))


def _fan_out_events(session: Session, ids: Sequence[str]) -> int:
    """Makes deliveries without reading what events say, which is between each event and whom it is told to."""
    if not ids:
        return 0
    columns = [_EVENTS.c[name] for name in ("id", "paywall_id", "type", "created_at", "version")]
    statement = select(*columns).where(_EVENTS.c.id.in_(ids), _EVENT_IS_DUE).order_by(_EVENTS.c.created_at)
    rows = session.execute(statement).all()
    events = [Made(row.id, row.paywall_id, row.type, {}, row.created_at, row.version) for row in rows]
    _write_deliveries(session, events, _read_listeners(session, {event.paywall_id for event in events}))
    session.execute(update(_EVENTS).where(_EVENTS.c.id.in_(ids)).values(fanned_out_at=clock.now()))
    return len(rows)


def _read_listeners(session: Session, paywall_ids: Iterable[str]) -> Listeners:
    wanted = select(_SUBSCRIPTIONS.c.paywall_id, _SUBSCRIPTIONS.c.id, _SUBSCRIPTIONS.c.events).where(
        _SUBSCRIPTIONS.c.paywall_id.in_(set(paywall_ids)), _SUBSCRIPTIONS.c.is_active == 1
    )
    listeners: dict[str, dict[str, list[str]]] = {}
    for row in session.execute(wanted):
        told = listeners.setdefault(row.paywall_id, {})
        for name in EVENTS:
            if matches(row.events, name):
                told.setdefault(name, []).append(row.id)
    return listeners


def _write_events(session: Session, events: Sequence[Made], fanned_out_at: int | None) -> None:
    """Writes events, each with the account that owns its paywall as it is written."""
    owners = {paywall_id: read_owner(session, paywall_id) for paywall_id in {event.paywall_id for event in events}}
    rows = [(event.id, event.paywall_id, event.type, event.version,
             {**event.data, OWNER_FIELD: owners[event.paywall_id]}, event.created_at, fanned_out_at)
            for event in events]  # fmt: skip
    insert(_EVENTS, _EVENT_COLUMNS, unless_there=True).run(session.connection(), rows)


def _write_deliveries(session: Session, events: Sequence[Made], listeners: Listeners) -> None:
    now = clock.now()
    due = DeliveryStatus.PENDING
    rows = [(derived_id("whd", event.id, id_), event.paywall_id, id_, event.id, event.type, due, 0, now, now, now)
            for event in events for id_ in listeners.get(event.paywall_id, {}).get(event.type, ())]  # fmt: skip
    insert(_DELIVERIES, _DELIVERY_COLUMNS, unless_there=True).run(session.connection(), rows)

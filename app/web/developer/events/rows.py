"""What the page of a paywall's events shows: subscriptions without secrets, deliveries with payload and answer."""

import json
from dataclasses import dataclass, field

from app.db import Session
from app.domain.errors import BadField
from app.domain.events.catalogue import EVENTS
from app.domain.events.deliveries import LogEntry, list_log
from app.domain.events.made import body_shown
from app.domain.events.subscriptions import SubscriptionView, list_of
from app.domain.events.tables import DeliveryStatus, EndedBy
from app.domain.paywalls.members import Act, Manager
from app.web.frame import routes
from app.web.frame.format import ago, utc

ROWS_A_PAGE = 25
PAYLOAD_CHARACTERS_MAX = 2_000
_STATES = {
    DeliveryStatus.PENDING: ("Waiting", "wait"),
    DeliveryStatus.SUCCESS: ("Delivered", "ok"),
    DeliveryStatus.ERROR: ("Failed", "bad"),
}
_ENDED = {
    EndedBy.DEVELOPER: "",
    EndedBy.FAILURES: "It was paused because nothing arrived there for an hour or more.",
    EndedBy.GONE: "It was paused because it said that it is gone (410).",
}
"""Why an endpoint is paused, where its developer did not do it."""


@dataclass(frozen=True)
class SubscriptionRow:
    """An endpoint; of its secret the end, of its headers the names. `why` says who paused it, where that was not its
    developer."""

    id: str = ""
    url: str = ""
    events: str = ""
    detail: str = ""
    why: str = ""
    state: str = ""
    tone: str = ""
    is_active: bool = False
    rotate_url: str = ""


@dataclass(frozen=True)
class DeliveryRow:
    """A delivery: which event, how it went, what was sent and what came back."""

    id: str = ""
    type: str = ""
    state: str = ""
    tone: str = ""
    when: str = ""
    at: str = ""
    answer: str = ""
    next: str = ""
    endpoint: str = ""
    payload: str = ""
    said: str = ""
    is_replay: bool = False


@dataclass(frozen=True)
class EventsPage:
    """Everything on the page. `may_change`: whether acts are offered; what is done asks anew."""

    subscriptions: list[SubscriptionRow] = field(default_factory=list)
    deliveries: list[DeliveryRow] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    status: str = ""
    is_filtered: bool = False
    older: str = ""
    clear: str = ""
    add_url: str = ""
    may_change: bool = False


@dataclass(frozen=True)
class Wanted:
    """What the address asks for: deliveries of a status, older than one."""

    status: str = ""
    before: str = ""


def read_events_page(session: Session, manager: Manager, wanted: Wanted) -> EventsPage:
    """Reads a paywall's subscriptions, and a page of its deliveries, the newest first."""
    paywall_id, path = manager.paywall_id, f"/paywalls/{manager.paywall_id}/events/"
    status = DeliveryStatus(wanted.status) if wanted.status in list(DeliveryStatus) else None
    subscriptions = list_of(session, paywall_id)
    try:
        log = list_log(session, paywall_id, status=status, before=wanted.before or None, limit=ROWS_A_PAGE + 1)
    except BadField:
        log = list_log(session, paywall_id, status=status, limit=ROWS_A_PAGE + 1)  # an old address begins at the newest
    shown, urls = log[:ROWS_A_PAGE], {one.id: one.url for one in subscriptions}
    older = shown[-1].id if len(log) > ROWS_A_PAGE else ""
    said = status.value if status is not None else ""
    return EventsPage(
        subscriptions=[subscription_row(one, paywall_id) for one in subscriptions],
        deliveries=[_delivery(entry, urls.get(entry.subscription_id, "")) for entry in shown],
        types=sorted(EVENTS),
        status=said,
        is_filtered=bool(said),
        older=routes.with_query(path, status=said, before=older) if older else "",
        clear=path,
        add_url=f"/manage/paywalls/{paywall_id}/webhooks",
        may_change=manager.may(Act.SET_UP),
    )


def subscription_row(view: SubscriptionView, paywall_id: str) -> SubscriptionRow:
    """Returns an endpoint as its developer reads it; a tag of two words at most, which a phone has room for."""
    state, tone = ("Active", "ok") if view.is_active else ("Paused", "wait")
    if view.is_active and view.consecutive_failures:
        state, tone = f"{view.consecutive_failures} failed in a row", "bad"
    parts = [view.description or "", f"secret …{view.secret_suffix}"]
    if view.header_names:
        parts.append(f"headers {', '.join(view.header_names)}")
    parts.append(
        "nothing delivered yet" if view.last_delivered_at is None else f"delivered {ago(view.last_delivered_at)}"
    )
    if view.previous_until is not None:
        parts.append(f"the secret before signs until {utc(view.previous_until)} UTC")
    return SubscriptionRow(
        id=view.id,
        url=view.url,
        events=", ".join("all events" if pattern == "*" else pattern for pattern in view.events),
        detail=" · ".join(part for part in parts if part),
        why="" if view.is_active else _ENDED[view.ended_by or EndedBy.DEVELOPER],
        state=state,
        tone=tone,
        is_active=view.is_active,
        rotate_url=f"/manage/paywalls/{paywall_id}/webhooks/{view.id}/rotate",
    )


def _delivery(entry: LogEntry, url: str) -> DeliveryRow:
    state, tone = _STATES[entry.status]
    body = json.dumps(body_shown(entry.event, entry.status, entry.attempts), indent=2, ensure_ascii=False)
    tries = f"{entry.attempts} attempt{'' if entry.attempts == 1 else 's'}"
    took = "" if entry.response_latency_ms is None else f"{entry.response_latency_ms:,} ms"
    code = "" if entry.response_code is None else str(entry.response_code)
    answer = ", ".join(part for part in (code, took, tries if entry.attempts else "not tried yet") if part)
    return DeliveryRow(
        id=entry.id,
        type=entry.event.type,
        state=state,
        tone=tone,
        when=ago(entry.created_at),
        at=f"{utc(entry.created_at)} UTC",
        answer=f"{answer}. {entry.error or ''}".strip(),
        next="" if entry.next_attempt_at is None else f"Next attempt {utc(entry.next_attempt_at)} UTC.",
        endpoint=url,
        payload=body if len(body) <= PAYLOAD_CHARACTERS_MAX else f"{body[:PAYLOAD_CHARACTERS_MAX]}\n…",
        said=entry.answer or "",
        is_replay=entry.replay_of is not None,
    )

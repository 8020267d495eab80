"""What the page of connections shows, ready to be read: what is wrong says since when, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.db import Session
from app.domain import clock
from app.domain.paywalls.names import read_names
from app.domain.providers import refusals
from app.domain.routing.breaker import OPERATORS, Breaker, State
from app.domain.routing.kept import KeptBreaker, list_open
from app.flows.reconciling.soundness import ConnectionView, is_sound, read_connections, said_of
from app.flows.upkeep.backlog import COUNTED_MAX, FailingWebhook, list_failing, read_backlog
from app.web.frame.format import ago, utc_seconds
from app.web.operator.frame.lines import LineRow

BAD, WAIT = "bad", "wait"
LISTED_MAX = 50


@dataclass(frozen=True)
class ConnectionsPage:
    """Everything on the page."""

    rails: list[LineRow] = field(default_factory=list)
    webhooks: list[LineRow] = field(default_factory=list)
    providers: list[LineRow] = field(default_factory=list)
    breakers: list[LineRow] = field(default_factory=list)
    waiting: list[LineRow] = field(default_factory=list)


def read_connections_page(session: Session) -> ConnectionsPage:
    """Reads how the outside is; no request is read for that."""
    return ConnectionsPage(
        rails=[_rail(one) for one in read_connections(session)],
        webhooks=read_webhooks(session),
        providers=_providers(session),
        breakers=_breakers(session),
        waiting=_waiting(session),
    )


def read_webhooks(session: Session) -> list[LineRow]:
    """Reads the endpoints that take nothing."""
    found = list_failing(session, LISTED_MAX)
    names = read_names(session, [one.paywall_id for one in found])
    return [_webhook(one, names.get(one.paywall_id, one.paywall_id)) for one in found]


def _rail(one: ConnectionView) -> LineRow:
    is_well = is_sound(one)
    since = f" Since {ago(one.health.refused_at)}." if one.health.refused_at else ""
    mend = (
        "Whose account it is connects it again; events of 30 days are then read again, and nothing is lost."
        if one.health.refused_at
        else "“coinslot doctor” names what differs; “coinslot job read-events” and “coinslot job read-movements” read"
        " it anew."
    )
    return LineRow(one.health.connection_id, f"{one.health.rail}, {one.health.environment}", said_of(one) + since,
                   "" if is_well else mend, tone="ok" if is_well else BAD)  # fmt: skip


def _webhook(one: FailingWebhook, app: str) -> LineRow:
    if one.ended_by is not None:
        what = "was switched off: it was gone" if one.ended_by == "gone" else "was switched off after failures"
        mend = "It is told nothing more. Its developer mends it, switches it on, and sends again what is kept."
    else:
        what = f"takes nothing: {one.failures} deliveries in a row failed"
        mend = "Each is tried 8 times. Its developer was told; there is nothing to do for you."
    said = f" {one.error}" if one.error else ""
    return LineRow(one.id, f"{app}: {one.url}", f"It {what}, since {ago(one.since)}.{said}", mend,
                   href=f"/paywalls/{one.paywall_id}/events/", tone=WAIT)  # fmt: skip


def _providers(session: Session) -> list[LineRow]:
    found = refusals.list_all(session)[:LISTED_MAX]
    names = read_names(session, [one.paywall_id for one in found])
    return [
        LineRow(f"{one.paywall_id}:{one.provider}", f"{names.get(one.paywall_id, one.paywall_id)}: {one.provider}",
                f"It refuses its key with {one.status} since {ago(one.since)}; users get 502.",
                "A developer's own key is theirs to change; the built-in one stands in the environment.", tone=WAIT)
        for one in found
    ]  # fmt: skip


_TRIED = {
    State.OPEN: "Other models answer in its place where a request names some. One request then tries it.",
    State.HALF_OPEN: "The next request that may go elsewhere tries it.",
}


def _breakers(session: Session) -> list[LineRow]:
    found = list_open(session)
    processes = sorted({one.process for one in found})
    return [_breaker(one, processes.index(one.process) + 1 if len(processes) > 1 else 0) for one in found]


def _breaker(one: KeptBreaker, number: int) -> LineRow:
    """Says of a model that is left alone since when, until when and why, and of several processes by which."""
    breaker, name, is_tried = one.breaker, one.name, one.breaker.probe_until is not None
    until = "it is being tried now" if is_tried else f"until {utc_seconds(breaker.open_until or 0)}"
    until = until if one.state is State.OPEN else "to be tried by the next request"
    whose = "the operator's key" if name.credential == OPERATORS else "a key of its own"
    by = f", process {number}" if number else ""
    return LineRow(f"{one.process}:{name.provider}:{name.model}:{name.credential}",
                   f"{name.model} at {name.provider}, {whose}{by}",
                   f"Left alone since {_since(breaker)}, {until}: {_WHY.get(breaker.reason) or _status(breaker)}.",
                   _TRIED[one.state], tone=WAIT)  # fmt: skip


_WHY = {
    "timeout": "it did not begin to answer in time",
    "no_answer": "it could not be reached, or said nothing that is an answer",
    "no_result": "nothing was heard of the request that tried it",
}


def _since(breaker: Breaker) -> str:
    is_of_today = clock.now() - breaker.since < clock.DAY
    return utc_seconds(breaker.since) if is_of_today else ago(breaker.since)


def _status(breaker: Breaker) -> str:
    return f"it answered {breaker.reason.removeprefix('status_')}"


def _waiting(session: Session) -> list[LineRow]:
    found = read_backlog(session)
    lines: Sequence[tuple[str, int, str, str]] = (
        ("Payment events", found.payments, _failed(found.failed_payments), WAIT if found.failed_payments else "ok"),
        ("Refunds", found.refunds, "Money that came and could not be credited, on its way back.", "ok"),
        ("Events", found.events, "They are handed to webhooks within a second.", "ok"),
        ("Deliveries", found.deliveries, "Sent at once, after a failure in growing pauses.", "ok"),
    )  # fmt: skip
    return [
        LineRow(name, f"{name}: {count:,}{'+' if count >= COUNTED_MAX else ''}", says, tone=tone)
        for name, count, says, tone in lines
    ]


def _failed(count: int) -> str:
    if not count:
        return "None of them failed before."
    return f"{count:,} of them failed before and {'is' if count == 1 else 'are'} tried again."

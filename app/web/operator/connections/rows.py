"""What the page of connections shows, ready to be read: what is wrong says since when, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.db import Session
from app.domain.paywalls.names import read_names
from app.domain.providers import refusals
from app.flows.reconciling.soundness import ConnectionView, is_sound, read_connections, said_of
from app.flows.upkeep.backlog import COUNTED_MAX, FailingWebhook, list_failing, read_backlog
from app.web.frame.format import ago
from app.web.operator.frame.lines import LineRow

BAD, WAIT = "bad", "wait"
LISTED_MAX = 50


@dataclass(frozen=True)
class ConnectionsPage:
    """Everything on the page."""

    rails: list[LineRow] = field(default_factory=list)
    webhooks: list[LineRow] = field(default_factory=list)
    providers: list[LineRow] = field(default_factory=list)
    waiting: list[LineRow] = field(default_factory=list)


def read_connections_page(session: Session) -> ConnectionsPage:
    """Reads how the outside is; no request is read for that."""
    return ConnectionsPage(
        rails=[_rail(one) for one in read_connections(session)],
        webhooks=read_webhooks(session),
        providers=_providers(session),
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
    said = f" It says: {one.error.removesuffix('.')}." if one.error else ""
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


def _waiting(session: Session) -> list[LineRow]:
    found = read_backlog(session)
    lines: Sequence[tuple[str, int, str, str]] = (
        ("Payment events", found.payments, f"{found.failed_payments} of them failed before and are tried again.",
         WAIT if found.failed_payments else "ok"),
        ("Refunds", found.refunds, "Money that came and could not be credited, on its way back.", "ok"),
        ("Events", found.events, "They are handed to webhooks within a second.", "ok"),
        ("Deliveries", found.deliveries, "Sent at once, after a failure in growing pauses.", "ok"),
    )  # fmt: skip
    return [
        LineRow(name, f"{name}: {count:,}{'+' if count >= COUNTED_MAX else ''}", says, tone=tone)
        for name, count, says, tone in lines
    ]

"""What tests of webhooks share: a paywall with a subscription, a courier, and what was delivered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app import db
from app.adapters.mail.kept import KeptMailer
from app.adapters.outbound.messenger import HttpMessenger
from app.adapters.secret_box import SecretBox
from app.domain import clock
from app.domain.events import deliveries, outbox
from app.domain.events.catalogue import EVENTS
from app.domain.events.deliveries import LogEntry
from app.domain.events.made import Made, make
from app.domain.ledger.operations import Epoch
from app.flows.callers.snapshot import Snapshot, read_epochs
from app.flows.events.delivery import Courier, fan_out
from app.flows.paywalls.webhooks import NewSecret, create_subscription
from app.keeper import Keeper
from tests.support.handed import desk

BOX = SecretBox([b"x" * 32])
MESSENGER = HttpMessenger(seconds_max=1, allow_private=True)


async def subscribe(snapshot: Snapshot, url: str, *events: str, **more: Any) -> NewSecret:
    """Makes a subscription, to everything unless `events` say otherwise."""
    wanted = {"url": url, "events": list(events) or ["*"], **more}
    return await create_subscription(BOX, MESSENGER, snapshot, wanted)


async def listening(snapshot: Snapshot) -> Snapshot:
    """Returns a paywall as its key sees it once it has a subscription to everything."""
    await subscribe(snapshot, "https://app.example/hooks")
    with db.transaction(writes=False) as session:
        current = read_epochs(session, tuple(epoch.subject for epoch in snapshot.epochs))
    epochs = tuple(Epoch(epoch.subject, current.get(epoch.subject, 0)) for epoch in snapshot.epochs)
    return replace(snapshot, told=frozenset(EVENTS), epochs=epochs)


async def told(snapshot: Snapshot) -> list[tuple[str, Mapping[str, Any]]]:
    """Fans out, and returns what a paywall is told, in the order of its events' names."""
    await fan_out("here")
    return sorted(((entry.event.type, entry.event.data) for entry in log_of(snapshot)), key=lambda one: one[0])


async def types_told(snapshot: Snapshot) -> list[str]:
    """Fans out, and returns the names of what a paywall is told."""
    return [type_.removeprefix("paywall.") for type_, _ in await told(snapshot)]


def make_courier(
    messenger: HttpMessenger | None = None, mailer: KeptMailer | None = None, base_seconds: float = 0.01
) -> Courier:
    """Returns a courier that does not wait long; its connections are of the running event loop."""
    mailer = mailer or KeptMailer(clock.now)
    return Courier(
        messenger or HttpMessenger(seconds_max=20, allow_private=True), BOX, desk(mailer), base_seconds, 60, Keeper()
    )


async def deliver(courier: Courier | None = None) -> int:
    """Fans out and delivers what is due, and returns how many attempts that took."""
    await fan_out("here")
    used = courier or make_courier()
    try:
        return await used.deliver()
    finally:
        if courier is None:
            await used.messenger.close()


def happen(snapshot: Snapshot, count: int = 1, type_: str = "paywall.updated", source: str = "s") -> Sequence[Made]:
    """Records events."""
    events = [make(snapshot.paywall_id, type_, f"{source}{number}", {"number": number}) for number in range(count)]
    with db.transaction() as session:
        outbox.record(session, events)
    return events


def log_of(snapshot: Snapshot) -> list[LogEntry]:
    """Returns the newest deliveries of a paywall."""
    with db.transaction(writes=False) as session:
        return deliveries.list_log(session, snapshot.paywall_id, limit=100)


def make_due() -> None:
    """Lets the time of all pauses pass."""
    with db.transaction() as session:
        session.execute(deliveries._TABLE.update().where(deliveries._IS_PENDING).values(next_attempt_at=0))

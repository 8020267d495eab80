"""Events while the workers that deliver them are killed: each arrives at least once, and none is invented."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import db, settings
from app.adapters.outbound.messenger import HttpMessenger
from app.adapters.secret_box import SecretBox
from app.domain import rows
from app.domain.events import outbox
from app.domain.events.made import make
from app.domain.ledger.operations import Applied
from app.domain.money import Environment, Unit
from app.domain.usage import requests
from app.domain.usage.requests import Asked, Metered
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet
from app.flows.callers.snapshot import Snapshot
from app.flows.paywalls.webhooks import NewSecret, create_subscription
from tests.emulators.receiver import Receiver, receiving
from tests.support import forked
from tests.support.books import make_snapshot

SECRET = "one secret of all processes"
STALLED_SECONDS = 60


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@contextmanager
def working(database: str, data: Path) -> Iterator[None]:
    """Runs a worker until it is killed."""
    arguments = (str(data), database, SECRET)
    with Path(os.devnull).open("w") as nothing:
        process = forked.start(arguments, os.environ, nothing.fileno(), nothing.fileno(), "tests.journeys.delivering")
        try:
            yield
        finally:
            process.kill()
            process.wait()


def happen(snapshot: Snapshot, count: int) -> set[tuple[str, str]]:
    """Lets requests be held and settled, and events be recorded; returns the type and source of all that is due.

    Six of ten events are those of requests, three of each.
    """
    wallet = app_wallet(snapshot.paywall_id, "ada", Environment.SANDBOX, Unit.USD)
    due: set[tuple[str, str]] = set()
    with db.transaction() as session:
        for number in range(count // 5):
            id_ = f"req_{number}"
            asked = Asked(id_, None, wallet, RequestKind.CHAT, "m", "demo", False, Unit.USD, None, is_told=True)
            settled = Applied(amount=5)
            rows.write(session, [requests.begin(asked, settled), requests.finish(asked, Metered(None), settled)])
            due |= {(f"paywall.{name}", id_) for name in ("proxy.request.started", "proxy.request.completed",
                                                          "usage.charge.created")}  # fmt: skip
        sources = [str(number) for number in range(count - len(due))]
        outbox.record(session, [make(snapshot.paywall_id, "paywall.updated", one, {"source": one}) for one in sources])
    return due | {("paywall.updated", one) for one in sources}


async def subscribe(snapshot: Snapshot, url: str) -> NewSecret:
    box, messenger = SecretBox([SECRET.encode()]), HttpMessenger(seconds_max=1, allow_private=True)
    return await create_subscription(box, messenger, snapshot, {"url": url, "events": ["*"]})


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_event_arrives_whoever_is_killed_and_none_is_invented(
    database: str, endpoint: Receiver, amount: Callable[[str], int]
) -> None:
    """Only workers that are really killed, between an answer and its being noted, deliver a second time."""
    endpoint.received.clear()
    snapshot = make_snapshot()
    made = asyncio.run(subscribe(snapshot, endpoint.url()))
    events, kills = amount("webhook-events"), amount("webhook-kills")
    due = happen(snapshot, events)
    assert len(due) == events
    for killed in range(1, kills + 1):
        with working(database, settings.get().data):
            _wait_until(endpoint, events * killed // (kills + 2))
    with working(database, settings.get().data):
        _wait_until(endpoint, events)
    arrived = endpoint.at("/ok")
    assert all(one.is_signed(made.secret) for one in arrived)  # of any age: the first may have come minutes ago
    verified = [json.loads(one.body) for one in arrived]
    assert {(body["type"], body["data"].get("source") or body["data"]["requestId"]) for body in verified} == due
    by_id = {body["id"]: body["data"] for body in verified}
    assert len(by_id) == events and all(by_id[body["id"]] == body["data"] for body in verified)
    assert len(arrived) < events * 1.2


def _wait_until(endpoint: Receiver, count: int) -> None:
    """Waits until so many different events have arrived, for as long as any do."""
    seen, since = 0, time.monotonic()
    while seen < count:
        time.sleep(0.2)
        if (now := len({one.id for one in endpoint.at("/ok")})) > seen:
            seen, since = now, time.monotonic()
        assert time.monotonic() - since < STALLED_SECONDS, seen

"""An event that cannot be sent, read, made or noted ends by itself; its neighbours' are sent once, and at once."""

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import type_coerce, update
from structlog.testing import capture_logs

from app import db
from app.adapters.outbound.messenger import HttpMessenger
from app.domain import clock, rows
from app.domain.events import deliveries, outbox
from app.domain.events.made import body_shown
from app.domain.events.request_events import Row, events_of
from app.domain.events.tables import PaywallEvent
from app.domain.ledger.operations import Applied
from app.domain.money import Unit
from app.domain.usage import requests
from app.domain.usage.requests import Asked
from app.domain.usage.tables import RequestKind
from app.flows.callers.snapshot import Snapshot
from app.flows.events.delivery import OF_ENDPOINT_MAX, fan_out, has_due
from app.ports.webhooks import Message, Posted
from app.sql.columns import Words, table_of
from tests.emulators.receiver import Receiver, receiving
from tests.support.books import make_snapshot
from tests.support.webhooks import deliver, happen, log_of, make_courier, make_due, subscribe

pytestmark = pytest.mark.plain_sql

DEEP = json.loads("[" * 300 + "]" * 300)


@pytest.fixture(scope="module")
def started() -> Iterator[Receiver]:
    with receiving() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(started: Receiver) -> Receiver:
    started.received.clear()
    started.retry_after.clear()
    return started


def store(event_id: str, data: Any) -> None:
    """Puts data under an event past every door, as an older release may have left it there."""
    table = table_of(PaywallEvent)
    with db.transaction() as session:
        session.execute(update(table).where(table.c.id == event_id).values(data=data))


def store_text(event_id: str, text: str) -> None:
    table = table_of(PaywallEvent)
    with db.transaction() as session:
        raw = type_coerce(text, Words())
        session.execute(update(table).where(table.c.id == event_id).values(data=raw))


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("metadata", "why"),
    [({"n": 2**64}, "64 bits"), ({"n": -(2**63) - 1}, "64 bits"), ({"a": ["\ud800"]}, "surrogate"),
     ({"\udc00": 1}, "surrogate"), ({"deep": DEEP}, "levels deep")],
    ids=["large", "small", "text", "name", "depth"],
)  # fmt: skip
async def test_an_event_that_no_json_can_carry_ends_as_its_own_error(
    endpoint: Receiver, metadata: Any, why: str
) -> None:
    poisoned, fine = make_snapshot(), make_snapshot()
    await subscribe(poisoned, endpoint.url("/ok/poisoned"))
    await subscribe(fine, endpoint.url("/ok/fine"))
    (event, *_) = happen(poisoned, 3)
    happen(fine, 3)
    store(event.id, {"paywallId": poisoned.paywall_id, "ownerUserId": None, "metadata": metadata})
    courier = make_courier(base_seconds=60)
    assert await deliver(courier) == 6 and await deliver(courier) == 0
    assert len(endpoint.at("/ok/fine")) == 3 and len(endpoint.at("/ok/poisoned")) == 2
    assert not courier._failing, "it says nothing of the endpoint"
    by_event = {entry.event.id: entry for entry in log_of(poisoned)}
    ended = by_event.pop(event.id)
    assert (ended.status, ended.attempts, ended.response_code) == ("error", 1, None)
    assert ended.error is not None and "`metadata`" in ended.error and why in ended.error
    assert {entry.status for entry in by_event.values()} == {"success"}
    shown = body_shown(ended.event, ended.status, ended.attempts)
    assert shown["id"] == event.id and "metadata" not in shown["data"] and "paywallId" in shown["data"]
    await courier.messenger.close()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("text", ["{", "[1]", "null", '"text"', "[" * 100_000, "9" * 5_000, ""])
async def test_an_event_that_cannot_even_be_read_ends_as_its_own_error(endpoint: Receiver, text: str) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, endpoint.url())
    (event, *_) = happen(snapshot, 3)
    store_text(event.id, text)
    assert await deliver() == 3 and await deliver() == 0
    assert len(endpoint.received) == 2
    (ended,) = [entry for entry in log_of(snapshot) if entry.event.id == event.id]
    assert (ended.status, ended.attempts) == ("error", 1) and "data" in (ended.error or "")
    assert body_shown(ended.event, ended.status, ended.attempts)["data"] == {}


@pytest.mark.usefixtures("database")
async def test_what_json_can_carry_is_sent_however_odd(endpoint: Receiver) -> None:
    snapshot = make_snapshot()
    made = await subscribe(snapshot, endpoint.url())
    odd = [{"a": "\x00"}, {"a": math.nan}, {"a": "x" * 200_000}, {"a": json.loads("[" * 100 + "]" * 100)}]
    for event, data in zip(happen(snapshot, len(odd)), odd, strict=True):
        store(event.id, {"paywallId": snapshot.paywall_id, "metadata": data})
    await deliver()
    assert {entry.status for entry in log_of(snapshot)} == {"success"}
    got = [one.verify(made.secret)["data"]["metadata"]["a"] for one in endpoint.received]
    assert len(got) == 4 and None in got and "\x00" in got
    shown = [body_shown(entry.event, entry.status, 1) for entry in log_of(snapshot)]
    json.dumps(shown, allow_nan=False).encode()


class Broken(HttpMessenger):
    """A messenger with a bug that some messages find."""

    def __init__(self, error: Exception) -> None:
        super().__init__(seconds_max=20, allow_private=True)
        self.error = error

    async def post(self, message: Message) -> Posted:
        if b'"number":1' in message.body:
            raise self.error
        return await super().post(message)


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "error", [TypeError("bug"), KeyError("x"), RecursionError(), UnicodeEncodeError("x", "y", 0, 1, "z")]
)
async def test_a_bug_in_sending_is_its_own_messages_failed_attempt(endpoint: Receiver, error: Exception) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, endpoint.url("/late/0.05"))
    happen(snapshot, 3)
    with capture_logs():
        courier = make_courier(Broken(error), base_seconds=60)
        assert await deliver(courier) == 3 and await deliver(courier) == 0
        assert len(endpoint.received) == 2 and not courier._failing
        found = {entry.event.data["number"]: entry for entry in log_of(snapshot)}
        assert [found[number].status for number in range(3)] == ["success", "pending", "success"]
        assert (found[1].attempts, found[1].error) == (1, "Something went wrong on our side.")
        for _ in range(deliveries.ATTEMPTS_MAX - 1):
            make_due()
            assert await deliver(courier) == 1
        assert [entry.status for entry in log_of(snapshot) if entry.event.data["number"] == 1] == ["error"]
        await courier.messenger.close()


@pytest.mark.usefixtures("database")
async def test_an_outcome_that_cannot_be_noted_is_given_up_and_the_others_are_noted_once(
    endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, endpoint.url())
    happen(snapshot, 5)
    note = deliveries.note

    def fails_for_one(session: db.Session, claimed: deliveries.Claimed, *more: Any) -> bool:
        if claimed.event.data["number"] == 3:
            raise KeyError("bug")
        return note(session, claimed, *more)

    monkeypatch.setattr(deliveries, "note", fails_for_one)
    with capture_logs():
        await deliver()
    assert await deliver() == 0 and len(endpoint.received) == 5
    assert sorted((entry.event.data["number"], entry.status) for entry in log_of(snapshot)) == [
        (0, "success"), (1, "success"), (2, "success"), (3, "error"), (4, "success"),
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
async def test_a_subscription_whose_claims_fail_stops_nobody_elses(
    endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = make_snapshot(), make_snapshot()
    id_ = (await subscribe(broken, endpoint.url("/ok/broken"))).subscription.id
    await subscribe(fine, endpoint.url("/ok/fine"))
    happen(broken)
    happen(fine)
    claim = deliveries.claim

    def fails_for_one(session: db.Session, subscription_id: str, *more: Any) -> list[deliveries.Claimed]:
        if subscription_id == id_:
            raise ValueError("bug")
        return claim(session, subscription_id, *more)

    monkeypatch.setattr(deliveries, "claim", fails_for_one)
    with capture_logs():
        assert await deliver() == 1 and [one.path for one in endpoint.received] == ["/ok/fine"]


def begin(snapshot: Snapshot, request_id: str) -> None:
    asked = Asked(request_id, None, snapshot.wallet("ada"), RequestKind.CHAT, "m", "demo", True, Unit.USD, None,
                  is_told=True, is_told_at_once=True)  # fmt: skip
    with db.transaction() as session:
        rows.write(session, [requests.begin(asked, Applied(amount=5))])


@pytest.mark.usefixtures("database")
async def test_a_request_whose_events_cannot_be_made_is_given_up_and_delays_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, "https://app.example/hooks")
    for number in range(5):
        begin(snapshot, f"req_{number}")
    happen(snapshot)

    def fails_for_one(row: Row, told: Any) -> Any:
        if row["id"] == "req_2":
            raise KeyError("bug")
        return events_of(row, told)

    monkeypatch.setattr(outbox, "events_of", fails_for_one)
    with capture_logs() as logs:
        await fan_out("here")
    assert not await has_due() and await fan_out("here") == 0
    told = [entry.event.data["requestId"] for entry in log_of(snapshot) if "requestId" in entry.event.data]
    assert sorted(told) == ["req_0", "req_1", "req_3", "req_4"] and len(log_of(snapshot)) > len(told)
    assert {line["item"] for line in logs} == {"fan_out", "request:req_2"}


@pytest.mark.usefixtures("database")
async def test_a_receipt_that_cannot_be_read_spoils_the_fan_out_of_its_own_request_alone() -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, "https://app.example/hooks")
    for number in range(3):
        begin(snapshot, f"req_{number}")
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE request SET receipt = '{' WHERE id = 'req_0'")
    with capture_logs():
        await fan_out("here")
    assert not await has_due()
    told = {entry.event.data["requestId"] for entry in log_of(snapshot) if "requestId" in entry.event.data}
    assert told == {"req_1", "req_2"}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("code", [429, 503, 500, 302])
async def test_a_receiver_is_left_alone_for_as_long_as_it_asks(endpoint: Receiver, code: int) -> None:
    snapshot, path = make_snapshot(), f"/status/{code}"
    await subscribe(snapshot, endpoint.url(path))
    happen(snapshot)
    endpoint.retry_after[path] = "120"
    courier = make_courier(base_seconds=0.01)
    before = clock.now()
    assert await deliver(courier) == 1
    assert await waits(snapshot, before) >= 120
    endpoint.retry_after[path] = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    make_due()
    assert await deliver(courier) == 1
    assert 590 <= await waits(snapshot, before) <= 700
    endpoint.retry_after[path] = "31536000"
    make_due()
    await deliver(courier)
    assert abs(await waits(snapshot, before) - 24 * 3600) < 100, "a day at most"
    endpoint.retry_after[path] = "soon"
    make_due()
    courier.base_seconds = 1_000
    await deliver(courier)
    assert await waits(snapshot, before) >= 1_000 * 8 * 0.8, "and never less than without it"
    await courier.messenger.close()


async def waits(snapshot: Snapshot, since: int) -> float:
    """Returns how many seconds after a time the one delivery of a paywall is tried again."""
    (entry,) = log_of(snapshot)
    assert entry.status == "pending" and entry.next_attempt_at is not None
    return (entry.next_attempt_at - since) / clock.SECOND


@pytest.mark.usefixtures("database")
async def test_what_is_final_or_taken_is_not_changed_by_it(endpoint: Receiver) -> None:
    snapshot = make_snapshot()
    for path in ("/status/404", "/ok/busy"):
        endpoint.retry_after[path] = "60"
        await subscribe(snapshot, endpoint.url(path))
    happen(snapshot)
    await deliver()
    assert sorted((entry.status, entry.next_attempt_at) for entry in log_of(snapshot)) == [
        ("error", None), ("success", None),
    ]  # fmt: skip


def test_the_guide_says_how_many_are_under_way_at_once() -> None:
    page = (Path(__file__).parents[3] / "app/guide/use/webhooks.md").read_text()
    words = " ".join(page.split())
    assert f"At most {OF_ENDPOINT_MAX} deliveries are under way to one endpoint" in words

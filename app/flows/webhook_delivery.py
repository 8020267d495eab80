"""Webhooks go out: what is due is fanned out under a lease, and delivered by as many processes as there are.

Every process has a courier, which sends up to a few messages at once to each endpoint, so that a slow one delays
nobody else's. Claims, and how attempts went, are written for many at once.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from sqlalchemy.orm import Session

from app import db, settings
from app.domain import clock
from app.domain.errors import CoinslotError
from app.domain.events import deliveries, outbox, subscriptions
from app.domain.events.deliveries import GONE, Claimed, Outcome
from app.domain.events.made import body_of
from app.domain.events.subscriptions import EndedBy, Endpoint, SubscriptionView, context
from app.domain.leases import leases
from app.flows.ports import Mail, Mailer, Message, Messenger, Sealer

log = structlog.get_logger()

FAN_OUT_ROWS = 200
"""How many rows are fanned out in one transaction: on SQLite everybody else's commits wait for it."""

FAN_OUT_LEASE = "job:fan-out-events"
FAN_OUT_LEASE_SECONDS = 5
"""For how long nobody else takes over from a process that was killed."""

OF_ENDPOINT_MAX = 16
OF_FAILING_MAX = 1
IN_FLIGHT_MAX = 512
FAILING_IN_FLIGHT_MAX = 128
"""How many messages are under way at once: to one endpoint, to one that failed last, and to all of each sort."""

POLL_SECONDS = 0.5
"""How often a courier looks for more while it waits for an endpoint."""
GATHER_SECONDS = 0.02
"""For how long it waits for others once an attempt has ended: what is written for each costs more than to send it."""
KEPT_SECONDS = 30 * 24 * 3600
"""How long deliveries that ended, and their events, are kept for the log and for replays."""
FORGET_ROWS = 1_000


async def fan_out(owner: str) -> int:
    """Makes deliveries of what is due, some at a time; returns of how many rows, none while another owner does so.

    The lease is taken in the transaction that it is for, whose commit it would cost otherwise. What came meanwhile
    waits for the next run: a transaction for each that comes would cost more than all the rest.
    """

    def fan_out_some(session: Session) -> int:
        if not leases.take(session, FAN_OUT_LEASE, owner, FAN_OUT_LEASE_SECONDS):
            return 0
        return outbox.fan_out(session, FAN_OUT_ROWS)

    fanned_out = 0
    while True:
        step = await db.in_transaction(fan_out_some, writes=True)
        fanned_out += step
        if step < FAN_OUT_ROWS:
            return fanned_out


async def has_due() -> bool:
    """Tells whether anything waits to be fanned out; only reads."""
    return await db.in_transaction(outbox.has_due)


async def forget() -> int:
    """Forgets what ended long ago, some at a time, and returns how many rows."""
    before, forgotten = clock.now() - KEPT_SECONDS * clock.SECOND, 0
    while step := await db.in_transaction(lambda session: deliveries.forget(session, before, FORGET_ROWS), writes=True):
        forgotten += step
    return forgotten


@dataclass(frozen=True, slots=True)
class _Sent:
    claimed: Claimed
    outcome: Outcome


@dataclass(slots=True)
class Courier:
    """Delivers for one process. `base_seconds` is the pause after a first failure, `claim_seconds` how long a
    message is this process's alone, which must be longer than an endpoint has to answer.
    """

    messenger: Messenger
    sealer: Sealer
    mailer: Mailer
    base_seconds: float
    claim_seconds: float
    _in_flight: dict["asyncio.Task[_Sent]", str] = field(default_factory=dict)
    _failing: set[str] = field(default_factory=set)

    async def deliver(self) -> int:
        """Sends what is due until nothing is, and nothing is under way; returns how many attempts it made."""
        attempts = 0
        try:
            while True:
                attempts += await self._step()
                if not self._in_flight:
                    return attempts
                await asyncio.wait(self._in_flight, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait(self._in_flight, timeout=GATHER_SECONDS)
        finally:
            for task in self._in_flight:
                task.cancel()
            self._in_flight.clear()

    async def _step(self) -> int:
        """Writes how the attempts went that have ended, begins what is due, and returns how many had ended."""
        done = [task for task in self._in_flight if task.done()]
        sent = [task.result() for task in done]
        for task in done:
            del self._in_flight[task]
        for one in sent:
            id_ = one.claimed.subscription_id
            self._failing.discard(id_) if one.outcome.is_success else self._failing.add(id_)
        room = self._room(await db.in_transaction(deliveries.due_subscriptions))
        if sent or room:
            begun, ended = await db.in_transaction(lambda session: self._write(session, sent, room), writes=True)
            for claimed, endpoint in begun:
                self._in_flight[asyncio.create_task(self._send(claimed, endpoint))] = endpoint.id
            for subscription, by in ended:
                await self._tell(subscription, by)
        return len(sent)

    def _room(self, waiting: Sequence[str]) -> Mapping[str, int]:
        """Returns how many more messages may go to each of these subscriptions now."""
        busy = Counter(self._in_flight.values())
        failing = sum(count for id_, count in busy.items() if id_ in self._failing)
        left, failing_left = IN_FLIGHT_MAX - len(self._in_flight), FAILING_IN_FLIGHT_MAX - failing
        room = {}
        for id_ in sorted(waiting, key=lambda id_: busy[id_]):
            is_failing = id_ in self._failing
            most = min(OF_FAILING_MAX - busy[id_], failing_left) if is_failing else OF_ENDPOINT_MAX - busy[id_]
            if (count := min(most, left)) > 0:
                room[id_], left = count, left - count
                failing_left -= count if is_failing else 0
        return room

    def _write(
        self, session: Session, sent: Sequence[_Sent], room: Mapping[str, int]
    ) -> tuple[list[tuple[Claimed, Endpoint]], list[tuple[SubscriptionView, EndedBy]]]:
        """Notes what was sent and claims what there is room for; returns that, and whom too many failures ended."""
        by_subscription: dict[str, list[Outcome]] = {}
        for one in sent:
            if deliveries.note(session, one.claimed, one.outcome, self.base_seconds):
                by_subscription.setdefault(one.claimed.subscription_id, []).append(one.outcome)
        ended = []
        for id_, outcomes in sorted(by_subscription.items()):
            went, is_gone = [one.is_success for one in outcomes], any(one.code == GONE for one in outcomes)
            if (end := subscriptions.note_outcomes(session, id_, went, is_gone=is_gone)) is not None:
                ended.append(end)
        endpoints = subscriptions.read_endpoints(session, list(room))
        begun = [
            (claimed, endpoint)
            for id_, endpoint in endpoints.items()
            for claimed in deliveries.claim(session, id_, room[id_], self.claim_seconds)
        ]
        return begun, ended

    async def _send(self, claimed: Claimed, endpoint: Endpoint) -> _Sent:
        began = clock.monotonic_seconds()
        try:
            code, error = await self.messenger.post(self._message(claimed, endpoint))
        except CoinslotError as broken:  # a secret that this instance can no longer open
            code, error = None, broken.message
        latency_ms = int((clock.monotonic_seconds() - began) * 1_000)
        return _Sent(claimed, Outcome(code, latency_ms, error))

    def _message(self, claimed: Claimed, endpoint: Endpoint) -> Message:
        event, sealed_for = claimed.event, context(endpoint.id)
        headers: dict[str, Any] = {}
        if endpoint.headers_sealed is not None:
            headers = json.loads(self.sealer.open(endpoint.headers_sealed, sealed_for))
        return Message(
            event.id,
            endpoint.url,
            orjson.dumps(body_of(event, "pending", claimed.attempts + 1)),
            [self.sealer.open(secret, sealed_for) for secret in endpoint.secrets_sealed],
            {**headers, "X-Paywall-Event": f"{event.type}@{event.version}"},
            clock.now() // clock.SECOND,
        )

    async def _tell(self, subscription: SubscriptionView, by: EndedBy) -> None:
        """Says in the log and by mail that a subscription was made inactive; a mail that fails undoes nothing."""
        ids = {"subscription": subscription.id, "paywall": subscription.paywall_id}
        log.warning("webhook_delivery", step="deactivated", by=by, failures=subscription.consecutive_failures, **ids)
        why = "it says that it is gone (410)" if by == "gone" else "every delivery of the last hour or more has failed"
        text = (
            f"Coinslot no longer delivers events to {subscription.url}, because {why}.\n\n"
            f"It is subscription {subscription.id} of paywall {subscription.paywall_id}. What was not delivered is in "
            "its log, GET /v1/webhooks/logs. Once the endpoint works, make it active again with PATCH "
            f'/v1/webhooks/subscriptions/{subscription.id} {{"isActive": true}}, and replay what it missed.'
        )
        for address in sorted(settings.get().operators):
            try:
                await self.mailer.send(Mail(address, "A webhook was deactivated", text))
            except CoinslotError as error:
                log.error("webhook_delivery", step="mail", error=error.message, **ids)

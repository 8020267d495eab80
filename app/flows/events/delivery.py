"""Webhooks go out: what is due is fanned out under a lease, and delivered by as many processes as there are.

Every process has a courier, which sends up to a few messages at once to each endpoint, so that a slow one delays
nobody else's. Claims, and how attempts went, are written for many at once.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import CoinslotError
from app.domain.events import deliveries, outbox, subscriptions
from app.domain.events.deliveries import GONE, Claimed, Outcome
from app.domain.events.outbox import Due
from app.domain.events.subscriptions import Endpoint, SubscriptionView
from app.domain.events.tables import EndedBy
from app.domain.leases import leases
from app.each_alone import Failed, alone
from app.flows.events.mails import Desk
from app.flows.events.message import OUR_FAULT, message_of, outcome_of
from app.keeper import Keeper
from app.ports.mail import Mail
from app.ports.seal import Sealer
from app.ports.webhooks import Messenger, Posted

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

_LOOP = "webhook_delivery"


async def fan_out(owner: str) -> int:
    """Makes deliveries of what is due, some at a time; returns of how many rows, none while another owner does so.

    The lease is taken in the transaction that it is for, whose commit it would cost otherwise. What came meanwhile
    waits for the next run: a transaction for each that comes would cost more than all the rest.
    """

    fanned_out = 0
    while True:
        all_due = partial(_fan_out, owner, None)
        step = await alone(_LOOP, "fan_out", partial(db.in_transaction, all_due, writes=True))
        if isinstance(step, Failed):
            if not step.is_bug:
                raise step.error
            step = await _fan_out_each(owner)
        fanned_out += step
        if step < FAN_OUT_ROWS:
            return fanned_out


def _fan_out(owner: str, due: Sequence[Due] | None, session: Session) -> int:
    """Fans out what is due, or these alone, if nobody else does so."""
    if not leases.take(session, FAN_OUT_LEASE, owner, FAN_OUT_LEASE_SECONDS):
        return 0
    return outbox.fan_out(session, FAN_OUT_ROWS) if due is None else outbox.fan_out_these(session, due)


async def _fan_out_each(owner: str) -> int:
    """Fans out each row by itself, because one of them spoils it for all; that one is told to nobody, and is logged."""
    due = await db.in_transaction(lambda session: outbox.list_due(session, FAN_OUT_ROWS))
    for one in due:
        work = partial(_fan_out, owner, [one])
        step = await alone(_LOOP, f"{one.kind}:{one.id}", partial(db.in_transaction, work, writes=True))
        if isinstance(step, Failed) and step.is_bug:
            end = partial(outbox.give_up, due=one)
            await alone(_LOOP, f"{one.kind}:{one.id}", partial(db.in_transaction, end, writes=True))
    return len(due)


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
    desk: Desk
    base_seconds: float
    claim_seconds: float
    keeper: Keeper
    _in_flight: dict["asyncio.Task[_Sent]", str] = field(default_factory=dict)
    _unwritten: list[_Sent] = field(default_factory=list)
    _failing: set[str] = field(default_factory=set)

    async def deliver(self) -> int:
        """Sends what is due until nothing is, and nothing is under way; returns how many attempts it made.

        What is under way is waited for and noted even while the database is away. Raises Unavailable if it is away
        when nothing is.
        """
        attempts = 0
        try:
            while True:
                step = await alone(_LOOP, "step", self._step)
                attempts += 0 if isinstance(step, Failed) else step
                if not self._in_flight:
                    break
                await asyncio.wait(self._in_flight, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait(self._in_flight, timeout=GATHER_SECONDS)
        finally:
            for task in self._in_flight:
                task.cancel()
            self._in_flight.clear()
        if isinstance(step, Failed):
            raise step.error
        return attempts

    async def _step(self) -> int:
        """Writes how the attempts went that have ended, begins what is due, and returns how many it wrote."""
        for task in [task for task in self._in_flight if task.done()]:
            del self._in_flight[task]
            self._unwritten.append(task.result())
            self._note_endpoint(task.result())
        room = self._room(await db.in_transaction(deliveries.due_subscriptions))
        sent = list(self._unwritten)
        if sent or room:
            begun, ended = await self._write_all(sent, room)
            self._unwritten.clear()
            for claimed, endpoint in begun:
                self._in_flight[asyncio.create_task(self._send(claimed, endpoint))] = endpoint.id
            for subscription, by in ended:
                self._tell_later(subscription, by)
        return len(sent)

    def _note_endpoint(self, one: _Sent) -> None:
        """Remembers which endpoints fail; an error of ours says nothing of them."""
        if one.outcome.is_success:
            self._failing.discard(one.claimed.subscription_id)
        elif not one.outcome.is_ours:
            self._failing.add(one.claimed.subscription_id)

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

    async def _write_all(self, sent: Sequence[_Sent], room: Mapping[str, int]) -> "_Written":
        """Writes for many at once, or for each alone where one of them spoils it for all."""
        written = await alone(_LOOP, "write", partial(self._write_in_transaction, sent, room))
        if not isinstance(written, Failed):
            return written
        if not written.is_bug:
            raise written.error
        begun, ended = [], []
        for one in sent:
            noted = await alone(_LOOP, one.claimed.id, partial(self._write_in_transaction, [one], {}))
            if not isinstance(noted, Failed):
                ended += noted[1]
            elif noted.is_bug:
                end = partial(deliveries.give_up, delivery_id=one.claimed.id, error=OUR_FAULT)
                await alone(_LOOP, one.claimed.id, partial(db.in_transaction, end, writes=True))
        for id_, count in room.items():
            claimed = await alone(_LOOP, id_, partial(self._write_in_transaction, [], {id_: count}))
            begun += [] if isinstance(claimed, Failed) else claimed[0]
        return begun, ended

    async def _write_in_transaction(self, sent: Sequence[_Sent], room: Mapping[str, int]) -> "_Written":
        return await db.in_transaction(lambda session: self._write(session, sent, room), writes=True)

    def _write(self, session: Session, sent: Sequence[_Sent], room: Mapping[str, int]) -> "_Written":
        """Notes what was sent and claims what there is room for; returns that, and whom too many failures ended."""
        by_subscription: dict[str, list[Outcome]] = {}
        for one in sent:
            if deliveries.note(session, one.claimed, one.outcome, self.base_seconds):
                by_subscription.setdefault(one.claimed.subscription_id, []).append(one.outcome)
        ended = []
        for id_, outcomes in sorted(by_subscription.items()):
            went = [one.is_success for one in outcomes if not one.is_ours]
            is_gone = any(one.code == GONE for one in outcomes)
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
        """Sends once; whatever goes wrong is this attempt's own error."""
        began = clock.monotonic_seconds()
        posted = await alone(_LOOP, claimed.id, partial(self._post, claimed, endpoint))
        latency_ms = int((clock.monotonic_seconds() - began) * 1_000)
        return _Sent(claimed, outcome_of(posted, latency_ms))

    async def _post(self, claimed: Claimed, endpoint: Endpoint) -> Posted:
        return await self.messenger.post(message_of(self.sealer, claimed, endpoint))

    def _tell_later(self, subscription: SubscriptionView, by: EndedBy) -> None:
        """Tells behind the deliveries, which wait for no mail server."""
        self.keeper.keep(alone(_LOOP, subscription.id, partial(self._tell, subscription, by)))

    async def _tell(self, subscription: SubscriptionView, by: EndedBy) -> None:
        """Says in the log and by mail that a subscription was made inactive; a mail that fails undoes nothing."""
        ids = {"subscription": subscription.id, "paywall": subscription.paywall_id}
        log.warning("webhook_delivery", step="deactivated", by=by, failures=subscription.consecutive_failures, **ids)
        why = (
            "it says that it is gone (410)"
            if by is EndedBy.GONE
            else "every delivery of the last hour or more has failed"
        )
        text = (
            f"Coinslot no longer delivers events to {subscription.url}, because {why}.\n\n"
            f"It is subscription {subscription.id} of paywall {subscription.paywall_id}. What was not delivered is in "
            "its log, GET /v1/webhooks/logs. Once the endpoint works, make it active again with PATCH "
            f'/v1/webhooks/subscriptions/{subscription.id} {{"isActive": true}}, and replay what it missed.'
        )
        for address in sorted(self.desk.addresses):
            try:
                await self.desk.mailer.send(Mail(address, "A webhook was deactivated", text))
            except CoinslotError as error:
                log.error("webhook_delivery", step="mail", error=error.message, **ids)


_Written = tuple[list[tuple[Claimed, Endpoint]], list[tuple[SubscriptionView, EndedBy]]]
"""What was claimed to be sent, and the subscriptions that too many failures ended."""

"""Tells behind the answer of what no transaction tells of: links that were sent, what was refused.

Where a user's app asks again and again, at most once a minute for each user and action (`decisions.md` 31).
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from app import db
from app.domain import clock
from app.domain.drafts import drafts
from app.domain.drafts.drafts import Asked
from app.domain.errors import Blocked, LimitReached, Unavailable
from app.domain.events import catalogue, outbox, subscriptions
from app.domain.events.made import Made, about, make
from app.domain.money import format_decimal
from app.each_alone import alone
from app.flows.callers.asked import REASONS, Action, Ask
from app.flows.callers.balance import read_app_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.events.shown import LinksShown
from app.flows.limits.limiter import RateReached
from app.keeper import Keeper

log = structlog.get_logger()

PAUSE_SECONDS = 60
REMEMBERED_MAX = 10_000
TELL_SECONDS_MAX = 10
"""How long what is still being told at the end of the process has for it."""
LOOK_SECONDS = 0.2
"""After how long it is looked whether anybody listens to what nobody did, as far as its snapshot knew."""

Told = dict[str, Mapping[str, Any]]
"""What is told, by the event's name."""


Key = tuple[str, str, str]
"""What is told once a minute: of which paywall, of which user, and what kind it is."""


@dataclass(frozen=True, slots=True)
class _Unheard:
    """What nobody listened to: the names of its events, and how they are told if somebody does."""

    names: Collection[str]
    tell: Callable[[], Awaitable[None]]


class Teller:
    """Tells for one process; nobody waits for it.

    A snapshot knows of a new subscription within a second. What happens meanwhile is kept for a moment, and one
    reading for all paywalls then says whether anybody listens; a paywall without webhooks costs no more than that.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._told: dict[Key, int] = {}
        self._unheard: dict[Key, _Unheard] = {}
        self._looking: asyncio.TimerHandle | None = None
        self._shown = LinksShown(keeper)

    def link_sent(self, snapshot: Snapshot, user: str, action: Action, url: str, request_id: str) -> None:
        """Tells that an app was given a link for a user."""
        self._note_shown(snapshot, user, action)
        key = (snapshot.paywall_id, user, action)
        if self._is_due(key):
            self._tell(snapshot, key, f"link:{_minute()}:{user}", _of_link(snapshot, action, url, request_id))

    def asked(self, snapshot: Snapshot, user: str, ask: Ask, url: str, request_id: str, model: str) -> None:
        """Tells that a user got a link instead of an answer, and why."""
        self._note_shown(snapshot, user, ask.action)
        key = (snapshot.paywall_id, user, f"chat:{ask.action}")
        if self._is_due(key):
            found = _of_link(snapshot, ask.action, url, request_id)
            if ask.action is Action.TOPUP:
                wanted = ask.balance_nanos + ask.shortfall_nanos
                found[catalogue.BALANCE_DEPLETED] = _depleted(snapshot, request_id, wanted, ask.balance_nanos)
            found[catalogue.REQUEST_BLOCKED] = {"requestId": request_id, "reason": REASONS[ask.action], "model": model}
            self._tell(snapshot, key, f"chat:{_minute()}:{user}:{ask.action}", found)

    def refused(
        self, snapshot: Snapshot, user: str, error: Blocked | LimitReached, model: str, request_id: str
    ) -> None:
        """Tells that a request was refused by a rule."""
        key = (snapshot.paywall_id, user, error.code)
        if self._is_due(key):
            self._tell(snapshot, key, f"refused:{_minute()}:{user}:{error.code}", _of_refusal(error, model, request_id))

    def charge_refused(self, snapshot: Snapshot, user: str, request_id: str, amount_nanos: int, code: str) -> None:
        """Tells that a manual charge was refused, each time: it is the app itself that asks for those."""
        names = (catalogue.CHARGE_FAILED, catalogue.BALANCE_DEPLETED)
        tell = partial(_record_refused_charge, snapshot, user, request_id, amount_nanos, code)
        if snapshot.told.isdisjoint(names):
            self._look_later((snapshot.paywall_id, user, request_id), _Unheard(names, tell))
        else:
            self._keep(request_id, tell)

    def _note_shown(self, snapshot: Snapshot, user: str, action: Action) -> None:
        if action in (Action.AUTHORIZE, Action.TOPUP):  # the others are not about money
            self._shown.note(snapshot.paywall_id, user)

    async def drain(self) -> None:
        """Waits for what is still being told."""
        self._look()
        self._shown.write()
        await self._keeper.drain(TELL_SECONDS_MAX)

    def _is_due(self, key: Key) -> bool:
        return key not in self._unheard and self._told.get(key, 0) <= clock.now() - PAUSE_SECONDS * clock.SECOND

    def _remember(self, key: Key) -> None:
        if len(self._told) >= REMEMBERED_MAX:
            self._told.clear()
        self._told[key] = clock.now()

    def _tell(self, snapshot: Snapshot, key: Key, source: str, found: Told) -> None:
        """Tells now if anybody listens to any of it; which events are told is decided when they are written."""
        tell = partial(_record, _make(snapshot, key[1], source, found))
        if snapshot.told.isdisjoint(found):
            self._look_later(key, _Unheard(tuple(found), tell))
            return
        self._remember(key)
        self._keep(source, tell)

    def _look_later(self, key: Key, unheard: _Unheard) -> None:
        if unheard.names and len(self._unheard) < REMEMBERED_MAX:
            self._unheard[key] = unheard
            if self._looking is None:
                self._looking = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        waiting, self._unheard = self._unheard, {}
        if waiting:
            self._keep("unheard", partial(self._tell_unheard, waiting))

    async def _tell_unheard(self, waiting: Mapping[Key, _Unheard]) -> None:
        """Tells what somebody listens to by now, and forgets the rest."""
        paywall_ids = {paywall_id for paywall_id, _, _ in waiting}
        told = await db.in_transaction(partial(subscriptions.read_told_by_paywall, paywall_ids=paywall_ids))
        for key, unheard in waiting.items():
            if not told.get(key[0], frozenset()).isdisjoint(unheard.names):
                self._remember(key)
                self._keep(key[2], unheard.tell)

    def _keep(self, item: str, tell: Callable[[], Awaitable[None]]) -> None:
        self._keeper.keep(alone("teller", item, tell))


async def _record(events: Sequence[Made]) -> None:
    def write(session: db.Session) -> None:
        outbox.record(session, events)
        for event in events:
            if event.type == catalogue.REQUEST_BLOCKED:
                drafts.note_asked(session, event.paywall_id, _asked(event))

    try:
        await db.in_transaction(write, writes=True)
    except Unavailable as error:
        log.error("teller", step="lost", events=[event.type for event in events], error=error.message)


def _asked(blocked: Made) -> Asked:
    """Returns what whoever waits for a new paywall's first request is shown of a link in its place."""
    data = blocked.data
    return Asked(data["externalUserId"], data["reason"], data["model"], data["requestId"], blocked.created_at)


async def _record_refused_charge(snapshot: Snapshot, user: str, request_id: str, amount_nanos: int, code: str) -> None:
    found: Told = {catalogue.CHARGE_FAILED: {
        "activityId": request_id, "amount": format_decimal(amount_nanos), "errorCode": code,
        "currency": snapshot.unit.value,
    }}  # fmt: skip
    if code == REASONS[Action.TOPUP]:
        try:
            has = await db.in_transaction(lambda session: read_app_balance(session, snapshot, user))
        except Unavailable as error:
            log.error("teller", step="lost", events=list(found), error=error.message)
            return
        found[catalogue.BALANCE_DEPLETED] = _depleted(snapshot, request_id, amount_nanos, has.spendable_nanos)
    await _record(_make(snapshot, user, request_id, found))


def _make(snapshot: Snapshot, user: str, source: str, found: Told) -> list[Made]:
    person = about(snapshot.paywall_id, user)
    return [make(snapshot.paywall_id, type_, source, {**person, **data}) for type_, data in found.items()]


def _minute() -> int:
    """Returns which minute it is: of several processes, the first in each tells."""
    return clock.now() // (PAUSE_SECONDS * clock.SECOND)


def _of_link(snapshot: Snapshot, action: Action, url: str, request_id: str) -> Told:
    if action is Action.AUTHORIZE:
        asked = {"requestId": request_id, "approvalUrl": url, "mode": snapshot.environment.value}
        return {catalogue.AUTHORIZATION_REQUESTED: asked}
    return (
        {catalogue.TOPUP_LINK_CREATED: {"redirectUrl": url, "checkoutSessionId": None}}
        if action is Action.TOPUP
        else {}
    )


def _depleted(snapshot: Snapshot, request_id: str, wanted_nanos: int, has_nanos: int) -> Mapping[str, Any]:
    return {"requestId": request_id, "requestedAmount": format_decimal(wanted_nanos), "currency": snapshot.unit.value,
            "availableBalance": format_decimal(has_nanos)}  # fmt: skip


def _of_refusal(error: Blocked | LimitReached, model: str, request_id: str) -> Told:
    found: Told = {catalogue.PROXY_BLOCKED: {"requestId": request_id, "reason": error.code, "model": model}}
    if isinstance(error, LimitReached):
        rates = error.rates if isinstance(error, RateReached) else ()
        limit = min(rates, key=lambda rate: rate.remaining).limit if rates else None
        found[catalogue.RATE_LIMITED] = {
            "limit": limit, "date": clock.to_iso(clock.now())[:10], "model": model, "code": error.code,
            "requestId": request_id, "retryAfterSeconds": error.retry_after_seconds,
        }  # fmt: skip
    return found

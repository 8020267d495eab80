"""Tells behind the answer of what no transaction tells of: links that were sent, what was refused.

Where a user's app asks again and again, at most once a minute for each user and action (`decisions.md` 31).
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import structlog

from app import db
from app.domain import clock
from app.domain.errors import Blocked, LimitReached, Unavailable
from app.domain.events import catalogue, outbox
from app.domain.events.made import Made, about, make
from app.domain.money import format_decimal
from app.flows.app_balance import read_app_balance
from app.flows.decide import Action, Ask
from app.flows.limits import RateReached
from app.flows.snapshot import Snapshot

log = structlog.get_logger()

PAUSE_SECONDS = 60
REMEMBERED_MAX = 10_000
REASONS: Mapping[Action, str] = {
    "authorize": "authorization_required", "topup": "insufficient_funds", "limit": "cap_reached",
}  # fmt: skip

Told = dict[str, Mapping[str, Any]]
"""What is told, by the event's name."""


class Teller:
    """Tells for one process; nobody waits for it, and it is never told of paywalls without webhooks."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, str], int] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def link_sent(self, snapshot: Snapshot, user: str, action: Action, url: str, request_id: str) -> None:
        """Tells that an app was given a link for a user."""
        if self._is_due(snapshot, user, action):
            self._tell(snapshot, user, f"link:{_minute()}:{user}", _of_link(snapshot, action, url, request_id))

    def asked(self, snapshot: Snapshot, user: str, ask: Ask, url: str, request_id: str, model: str) -> None:
        """Tells that a user got a link instead of an answer, and why."""
        if self._is_due(snapshot, user, f"chat:{ask.action}"):
            found = _of_link(snapshot, ask.action, url, request_id)
            if ask.action == "topup":
                wanted = ask.balance_nanos + ask.shortfall_nanos
                found[catalogue.BALANCE_DEPLETED] = _depleted(snapshot, request_id, wanted, ask.balance_nanos)
            found[catalogue.REQUEST_BLOCKED] = {"requestId": request_id, "reason": REASONS[ask.action], "model": model}
            self._tell(snapshot, user, f"chat:{_minute()}:{user}:{ask.action}", found)

    def refused(
        self, snapshot: Snapshot, user: str, error: Blocked | LimitReached, model: str, request_id: str
    ) -> None:
        """Tells that a request was refused by a rule."""
        if self._is_due(snapshot, user, error.code):
            found = _of_refusal(error, model, request_id)
            self._tell(snapshot, user, f"refused:{_minute()}:{user}:{error.code}", found)

    def charge_refused(self, snapshot: Snapshot, user: str, request_id: str, amount_nanos: int, code: str) -> None:
        """Tells that a manual charge was refused, each time: it is the app itself that asks for those."""
        if not snapshot.told.isdisjoint((catalogue.CHARGE_FAILED, catalogue.BALANCE_DEPLETED)):
            self._keep(_record_refused_charge(snapshot, user, request_id, amount_nanos, code))

    async def drain(self) -> None:
        """Waits for what is still being told."""
        await asyncio.gather(*self._telling)

    def _is_due(self, snapshot: Snapshot, user: str, kind: str) -> bool:
        if not snapshot.told:
            return False
        key, now = (snapshot.paywall_id, user, kind), clock.now()
        if self._told.get(key, 0) > now - PAUSE_SECONDS * clock.SECOND:
            return False
        if len(self._told) >= REMEMBERED_MAX:
            self._told.clear()
        self._told[key] = now
        return True

    def _tell(self, snapshot: Snapshot, user: str, source: str, found: Told) -> None:
        heard = {type_: data for type_, data in found.items() if type_ in snapshot.told}
        if heard:
            self._keep(_record(_make(snapshot, user, source, heard)))

    def _keep(self, telling: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


async def _record(events: Sequence[Made]) -> None:
    try:
        await db.in_transaction(lambda session: outbox.record(session, events), writes=True)
    except Unavailable as error:
        log.error("teller", step="lost", events=[event.type for event in events], error=error.message)


async def _record_refused_charge(snapshot: Snapshot, user: str, request_id: str, amount_nanos: int, code: str) -> None:
    found: Told = {catalogue.CHARGE_FAILED: {
        "activityId": request_id, "amount": format_decimal(amount_nanos), "errorCode": code,
        "currency": snapshot.unit.value,
    }}  # fmt: skip
    if code == REASONS["topup"]:
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
    if action == "authorize":
        asked = {"requestId": request_id, "approvalUrl": url, "mode": snapshot.environment.value}
        return {catalogue.AUTHORIZATION_REQUESTED: asked}
    return {catalogue.TOPUP_LINK_CREATED: {"redirectUrl": url, "checkoutSessionId": None}} if action == "topup" else {}


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

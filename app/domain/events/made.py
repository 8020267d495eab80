"""Events before anybody is told of them: what each says, and the body that is sent. Pure.

The body is the seed's bare event; `subject` says whom it is about, `trigger` what it came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from app.domain import clock
from app.domain.errors import CoinslotError
from app.domain.events.catalogue import VERSION
from app.domain.ids import derived_id
from app.domain.plain_json import why_not_plain
from app.domain.wallets.wallets import end_user_id


class EventUnwritable(CoinslotError):
    """An event whose data no JSON can carry; it can be told to nobody, however often it is tried."""

    code = "event_unwritable"


@dataclass(frozen=True, slots=True)
class Made:
    """An event. Its id follows from what happened, so that it is written once, however often it is told.

    `flaw` says what is wrong with data that was kept and cannot be read; `data` is empty then.
    """

    id: str
    paywall_id: str
    type: str
    data: Mapping[str, Any]
    created_at: int
    version: str = VERSION
    flaw: str | None = None


OWNER_FIELD = "ownerUserId"
"""The account that owns the paywall, None where it is the operators'; filled in where an event is written."""


def make(paywall_id: str, type_: str, source: str, data: Mapping[str, Any], created_at: int | None = None) -> Made:
    """Returns an event; `source` names what happened, once within its type."""
    whole = {"paywallId": paywall_id, OWNER_FIELD: None, **data}
    event_id = derived_id("evt", paywall_id, type_, source)
    return Made(event_id, paywall_id, type_, whole, clock.now() if created_at is None else created_at)


def about(paywall_id: str, user: str) -> dict[str, str]:
    """Returns the fields that say which user an event is about; our own id is another one in each paywall."""
    return {"walletUserId": end_user_id(paywall_id, user), "externalUserId": user}


def body_of(event: Made, status: str, attempts: int) -> dict[str, Any]:
    """Returns what an event says; its data may hold what no JSON can carry."""
    data = event.data
    body: dict[str, Any] = {
        "id": event.id,
        "paywallId": event.paywall_id,
        "type": event.type,
        "version": event.version,
        "createdAt": clock.to_iso(event.created_at),
        "status": status,
        "attempts": attempts,
        "data": data,
    }
    if data.get(OWNER_FIELD):
        body[OWNER_FIELD] = data[OWNER_FIELD]
    if "walletUserId" in data:
        body["subject"] = {"type": "user", "id": data["walletUserId"], "externalUserId": data.get("externalUserId")}
    request_id = data.get("requestId") or data.get("deferredRequestId")
    if request_id:
        body["trigger"] = {"type": "request", "id": request_id}
    return body


def encode(event: Made, status: str, attempts: int) -> bytes:
    """Returns the body of an event as it is sent. Raises EventUnwritable, which names the field."""
    if event.flaw is not None:
        raise EventUnwritable(f"This event cannot be sent: {event.flaw}.")
    try:
        return orjson.dumps(body_of(event, status, attempts))
    except TypeError:
        flaws = ((name, why_not_plain(value)) for name, value in event.data.items())
        name, why = next(((name, why) for name, why in flaws if why), ("data", "holds what JSON cannot carry"))
        raise EventUnwritable(f"This event cannot be sent: `{name}` {why}.") from None


def body_shown(event: Made, status: str, attempts: int) -> dict[str, Any]:
    """Returns the JSON of an event as the log shows it; what no JSON can carry is left out of its data."""
    try:
        shown: dict[str, Any] = orjson.loads(encode(event, status, attempts))
    except EventUnwritable:
        plain = {name: value for name, value in event.data.items() if why_not_plain(value) is None}
        shown = orjson.loads(orjson.dumps(body_of(replace(event, data=plain), status, attempts)))
    return shown

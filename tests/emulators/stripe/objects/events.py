"""Events: what happened to an account's objects, listed for 30 days and delivered to its webhook endpoints."""

from typing import Any

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.objects import lists
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.state import Book, Thing, shown

KEPT_SECONDS = 30 * 24 * 3_600
TYPES_MAX = 20
VERSION = "2026-10-28.endive"


def tell(book: Book, kind: str, thing: Thing, **before: Any) -> Thing:
    """Keeps an event about an object as it is now; `before` are fields that it changed, as they were."""
    data: Thing = {"object": shown(thing)}
    if before:
        data["previous_attributes"] = before
    event = book.add(
        "event", "evt",
        {"api_version": VERSION, "data": data, "pending_webhooks": 0, "request": dict(book.request), "type": kind},
    )  # fmt: skip
    for hear in book.bank.listeners:
        hear(book, event)
    return event


def retrieve(call: Call) -> Thing:
    event = call.book.named("event", call.ids[0])
    if _is_forgotten(call.book, event):
        raise Refused(404, f"No such event: '{event['id']}'", code="resource_missing", param="id")
    return event


def list_events(call: Call) -> Thing:
    """Lists events, the newest first, by type (at most 20) and age."""
    types = call.params.get("types")
    if types is not None and len(types) > TYPES_MAX:
        raise Refused(400, f"You may pass up to {TYPES_MAX} event types in the `types` parameter.", param="types")
    if types is not None and "type" in call.params:
        raise Refused(400, "You may only specify one of these parameters: type, types.", param="types")
    wanted = types if types is not None else ([call.params["type"]] if "type" in call.params else None)
    return lists.page(
        call, "event", "/v1/events",
        lambda event: not _is_forgotten(call.book, event) and (wanted is None or _matches(event["type"], wanted)),
    )  # fmt: skip


def _matches(kind: str, wanted: list[str]) -> bool:
    return any(kind == one or (one.endswith(".*") and kind.startswith(one[:-1])) for one in wanted)


def _is_forgotten(book: Book, event: Thing) -> bool:
    return bool(book.clock.now() - event["created"] > KEPT_SECONDS)

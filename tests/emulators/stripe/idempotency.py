"""Idempotency keys as Stripe keeps them: the first result is given again for 24 hours, whatever it was.

Kept are 200, 402 and 500; nothing is kept of a request that was refused before it began (wrong parameters, no right,
too many requests) or that met its twin still running.
"""

import json
from dataclasses import dataclass
from typing import Any

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.state import Book

KEPT_SECONDS = 24 * 3_600
KEPT_STATUSES = (200, 402, 500)
LENGTH_MAX = 255


@dataclass
class Kept:
    """The first request with a key; `status` is None while it runs."""

    asked: str
    request_id: str
    at: float
    status: int | None = None
    body: Any = None


def begin(book: Book, key: str, path: str, params: dict[str, Any], request_id: str) -> Kept | None:
    """Remembers that a request runs, or returns what its first run answered. Raises Refused."""
    if len(key) > LENGTH_MAX:
        raise Refused(
            400, f"Idempotency key is too long (maximum is {LENGTH_MAX} characters)", kind="idempotency_error"
        )
    asked, kept = path + json.dumps(params, sort_keys=True), book.answers.get(key)
    if kept is not None and book.clock.now() - kept.at >= KEPT_SECONDS and kept.status is not None:
        kept = None
    if kept is None:
        book.answers[key] = Kept(asked, request_id, book.clock.now())
        return None
    if kept.asked != asked:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
        raise Refused(400, message, kind="idempotency_error")
    if kept.status is None:
        message = (
            "There is currently another in-progress request using this Idempotent Key (that probably means you "
            f"submitted twice, and the other request is still going through): {key}. Please try again later."
        )
        raise Refused(409, message, kind="idempotency_error", code="idempotency_key_in_use")
    found: Kept = kept
    return found


def end(book: Book, key: str, status: int, body: Any) -> None:
    """Keeps what was answered, if it is kept at all."""
    if status in KEPT_STATUSES:
        book.answers[key].status, book.answers[key].body = status, body
    else:
        del book.answers[key]

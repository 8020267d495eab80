"""What lists have in common: whose entries, of which time, how many, and where the next page begins."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, Query, Request

from app import wiring
from app.api.common.dependencies import Caller, named_user, path_user
from app.domain import clock
from app.domain.errors import BadField, LinkInvalid

PAGE_MAX = 100
CURSOR_CHARACTERS_MAX = 2_000
WORD_CHARACTERS_MAX = 200

PageSize = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many are on one page.")]
Cursor = Annotated[
    str | None, Query(description="The `next_cursor` of the page before; the filters must be the same as there.")
]


def _user_of_list(request: Request, caller: Caller, user: Annotated[str | None, Query()] = None) -> str | None:
    """Where one place counts and another names somebody, nobody gets the list of all instead."""
    named = (user, request.headers.get("x-paywall-user"), path_user(request))
    return named_user(request, caller, user).id if any(value is not None for value in named) else None


UserOfList = Annotated[str | None, Depends(_user_of_list)]
"""The one end user that a list is about, if one is named: as for any other GET."""


@dataclass(frozen=True, slots=True)
class Span:
    """From a time, inclusive, until another, exclusive, in microseconds; None where it is open."""

    since: int | None
    until: int | None


def _span(
    since: Annotated[
        str | None, Query(alias="from", description="A date, or a time of ISO 8601 (UTC unless it says otherwise).")
    ] = None,
    until: Annotated[str | None, Query(alias="to", description="The same, exclusive.")] = None,
) -> Span:
    span = Span(_time(since, "from"), _time(until, "to"))
    if span.since is not None and span.until is not None and span.until < span.since:
        raise BadField("to", "`to` must not be before `from`.")
    return span


SpanOfList = Annotated[Span, Depends(_span)]
"""`?from=` and `?to=`."""


def _end(
    until: Annotated[
        str | None, Query(alias="to", description="A date or time, exclusive: what is newer is left out.")
    ] = None,
) -> int | None:
    return _time(until, "to")


EndOfList = Annotated[int | None, Depends(_end)]
"""`?to=` alone, in microseconds."""


def _time(text: str | None, field: str) -> int | None:
    if text is None:
        return None
    try:
        # In a URL, a plus that was not escaped is a space.
        parsed = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        at = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
        return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * clock.SECOND)
    except (ValueError, OverflowError):
        message = f"`{field}` must be a date or time of ISO 8601, such as 2026-11-26 or 2026-11-26T12:00:00Z."
        raise BadField(field, message) from None


def check_word(value: str | None, field: str, among: Sequence[str] | None = None) -> str | None:
    """Returns a filter's value. Raises BadField for one that nothing can have."""
    if value is None:
        return None
    if among is not None and value not in among:
        raise BadField(field, f"`{field}` must be one of {', '.join(among)}.")
    if not 1 <= len(value) <= WORD_CHARACTERS_MAX or not value.isprintable():
        raise BadField(field, f"`{field}` must have 1 to {WORD_CHARACTERS_MAX} printable characters.")
    return value


def write_cursor(position: Sequence[object], *scope: object) -> str:
    """Returns an opaque word for a position in the list that `scope` names: whose it is, which, with what filters."""
    return wiring.get().links.mint_cursor([_digest(scope), list(position)])


def read_cursor(cursor: str | None, *scope: object) -> list[Any] | None:
    """Returns the position in a cursor, None without one. Raises BadField for one of another list, or of nobody's."""
    if cursor is None:
        return None
    try:
        if len(cursor) > CURSOR_CHARACTERS_MAX:
            raise LinkInvalid("It is too long.")
        digest, position = wiring.get().links.open_cursor(cursor)
    except LinkInvalid:
        message = "`cursor` is not one of ours. Give the `next_cursor` of a page as it was, or none to begin."
        raise BadField("cursor", message, "invalid_cursor") from None
    if digest != _digest(scope):
        message = "`cursor` is of a list with other filters. Give the same ones as before, or no cursor to begin."
        raise BadField("cursor", message, "invalid_cursor")
    found: list[Any] = position
    return found


def _digest(scope: Sequence[object]) -> str:
    return hashlib.sha256(orjson.dumps(scope)).hexdigest()[:16]

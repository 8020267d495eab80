"""Lists with cursors, filters by `created`, and the expansion of ids into their objects."""

from collections.abc import Callable
from typing import Any

from tests.emulators.stripe.errors import Refused
from tests.emulators.stripe.objects.call import Call
from tests.emulators.stripe.state import Book, Thing, shown

LIMIT_MAX, LIMIT = 100, 10
DEPTH_MAX = 4


def page(call: Call, kind: str, url: str, matches: Callable[[Thing], bool]) -> Thing:
    """Returns one page of the objects of a kind, the newest first."""
    params, limit = call.params, call.params.get("limit", LIMIT)
    if not 1 <= limit <= LIMIT_MAX:
        raise Refused(400, f"Invalid integer: {limit} (limit must be between 1 and {LIMIT_MAX})", param="limit")
    found = [thing for thing in call.book.all(kind) if matches(thing) and _is_of_age(thing, params.get("created"))]
    if "starting_after" in params:
        found = found[_position(call.book, kind, found, params["starting_after"], "starting_after") + 1 :]
        return _listed(found[:limit], url, has_more=len(found) > limit)
    if "ending_before" in params:
        found = found[: _position(call.book, kind, found, params["ending_before"], "ending_before")]
        return _listed(found[-limit:], url, has_more=len(found) > limit)
    return _listed(found[:limit], url, has_more=len(found) > limit)


def of(things: list[Thing], url: str) -> Thing:
    """Returns a whole list."""
    return _listed(things, url, has_more=False)


def _listed(things: list[Thing], url: str, *, has_more: bool) -> Thing:
    return {"object": "list", "data": things, "has_more": has_more, "url": url}


def _position(book: Book, kind: str, found: list[Thing], thing_id: str, param: str) -> int:
    cursor = book.given(kind, thing_id, param)
    for at, thing in enumerate(found):
        if thing["id"] == cursor["id"]:
            return at
    raise Refused(400, f"The object {thing_id} is not in this list.", param=param)


def _is_of_age(thing: Thing, created: Any) -> bool:
    if created is None:
        return True
    if isinstance(created, int):
        return bool(thing["created"] == created)
    at = thing["created"]
    return all(
        {"gt": at > bound, "gte": at >= bound, "lt": at < bound, "lte": at <= bound}[side]
        for side, bound in created.items()
    )


def expand(book: Book, answer: Thing, paths: list[str]) -> Thing:
    """Returns a copy of an answer in which the named ids are their objects."""
    copy: Thing = shown(answer)
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEPTH_MAX + (steps[0] == "data"):
            raise Refused(400, f"You cannot expand more than {DEPTH_MAX} levels of a property.", param="expand")
        _expand(book, copy, steps, path)
    return copy


def _expand(book: Book, inside: Any, steps: list[str], path: str) -> None:
    if isinstance(inside, list):
        for item in inside:
            _expand(book, item, steps, path)
        return
    name, rest = steps[0], steps[1:]
    if not isinstance(inside, dict) or name not in inside:
        raise Refused(400, f"This property cannot be expanded ({path}).", param="expand")
    value = inside[name]
    if isinstance(value, str):
        if value not in book.things:
            raise Refused(400, f"This property cannot be expanded ({path}).", param="expand")
        inside[name] = value = shown(book.things[value])
    if rest and value is not None:
        _expand(book, value, rest, path)

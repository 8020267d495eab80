"""JSON that every reader takes: what clients give us to keep, and what we tell others, is no more than this. Pure.

JSON's grammar allows more: integers of any size, half a surrogate pair, any depth. Many readers refuse those, and
PostgreSQL's texts hold no NUL, so they are refused before they are kept.
"""

import math
from collections.abc import Mapping
from typing import Any

from app.domain.errors import BadField

DEPTH_MAX = 32
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**64 - 1


def check_plain(content: Mapping[str, Any]) -> None:
    """Raises BadField, which names the member of `content`, for what some reader of JSON refuses."""
    for name, value in content.items():
        if (why := why_not_text(name)) is not None:
            raise BadField(None, f"The name of a field {why}.", "invalid_json")
        if (why := why_not_plain(value)) is not None:
            raise BadField(name[:80], f"`{name[:80]}` {why}.", "invalid_json")


def why_not_plain(value: Any) -> str | None:
    """Returns what some reader would refuse in a parsed value, as the end of a sentence; None if nothing."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEPTH_MAX:
            return f"is nested more than {DEPTH_MAX} levels deep"
        below: list[Any] = []
        for one in level:
            if (why := _why_not(one)) is not None:
                return why
            if isinstance(one, dict):
                below += [*one.keys(), *one.values()]
            elif isinstance(one, list):
                below += one
        level = below
    return None


def _why_not(one: Any) -> str | None:
    if isinstance(one, str):
        return why_not_text(one)
    if isinstance(one, int) and not INTEGER_MIN <= one <= INTEGER_MAX:
        return "holds an integer beyond 64 bits; write it as a string"
    if isinstance(one, float) and not math.isfinite(one):
        return "holds a number that is none"
    return None


def why_not_text(text: str) -> str | None:
    """Returns why a text cannot be kept on every database, as the end of a sentence; None if it can."""
    if "\x00" in text:
        return "holds the character NUL"
    # Only a text that is no ASCII can hold half a pair, and only encoding it tells.
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "holds half a surrogate pair"
    return None

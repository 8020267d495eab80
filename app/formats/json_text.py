"""JSON as others write it: read strictly at first, and where that fails as Python's own reader reads it.

The official SDKs read what that reader does: NaN and Infinity, half a surrogate pair, a byte order mark. What is given
back can be written as JSON again.
"""

import json
import math
from typing import Any

import orjson

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DEPTH_MAX = 200
_INTEGER_MAX = 2**63 - 1


def values_in(text: bytes) -> int:
    """Returns at least how many values a JSON text holds, before anything of it is built: seven million empty lists in
    20 MB cost thirty times that, and hold everybody up for seconds. What stands in its strings may make it more."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def read_json(text: bytes) -> object:
    """Returns a JSON text's value. Raises ValueError for what no reader reads."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        return _writable(json.loads(text.removeprefix(BYTE_ORDER_MARK).decode(errors="replace"), strict=False), 0)
    except RecursionError:
        raise ValueError("The JSON is nested too deep.") from None


def read_object(text: bytes) -> dict[str, Any] | None:
    """Returns a JSON object, None for anything else."""
    try:
        value = read_json(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _writable(value: object, depth: int) -> object:
    """Returns a value without what JSON cannot say: numbers that are none become null, half a pair U+FFFD."""
    if depth > DEPTH_MAX:
        raise ValueError("The JSON is nested too deep.")
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case float() if not math.isfinite(value):
            return None
        case int() if abs(value) > _INTEGER_MAX:
            return float(value) if abs(value) < 10**300 else None
        case list():
            return [_writable(item, depth + 1) for item in value]
        case dict():
            return {str(_writable(name, depth + 1)): _writable(item, depth + 1) for name, item in value.items()}
    return value

"""Reads a request's body once: within the limit, as JSON that can mean one thing only."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from app import settings
from app.api.errors import BodyTimeout, BodyTooLarge
from app.domain.errors import BadField

_NOT_PLAIN = object()

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
THREAD_BYTES = 200_000
"""From here on parsing would hold the event loop up for longer than a hop to a thread."""


class ClientGone(Exception):
    """The client closed the connection before its body was complete."""


async def read_body(receive: Receive, content_length: bytes | None) -> bytes:
    """Returns the raw body. Raises BodyTooLarge, ClientGone, and BodyTimeout when a client falls silent within it."""
    limit, seconds = settings.get().body_bytes_max, settings.get().silence_seconds_max
    announced = int(content_length) if content_length is not None and content_length.isdigit() else None
    if announced is not None and announced > limit:
        raise BodyTooLarge(f"The body is larger than {limit} bytes.")
    body = bytearray()
    try:
        while True:
            async with asyncio.timeout(seconds):
                message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            if len(body) + len(piece) > limit:
                raise BodyTooLarge(f"The body is larger than {limit} bytes.")
            if not body and not message.get("more_body"):
                return piece
            body += piece
            if not message.get("more_body"):
                return bytes(body)
    except TimeoutError:
        came = f"{len(body)} bytes" if announced is None else f"{len(body)} of {announced} bytes"
        said = f"The body was not sent to its end: {came} came, then nothing for {seconds:g} seconds."
        raise BodyTimeout(said) from None


async def parse_json(raw: bytes) -> Any:
    """Returns what a JSON body says. Raises BadField: malformed, repeated keys, numbers that are none."""
    return await asyncio.to_thread(_parse, raw) if len(raw) > THREAD_BYTES else _parse(raw)


def _parse(raw: bytes) -> Any:
    found = _parse_plain(raw)
    if found is not _NOT_PLAIN:
        return found
    try:
        return json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)
    except RecursionError:
        raise BadField(None, "The body is nested too deeply.", "invalid_json") from None
    except ValueError as error:
        raise BadField(None, f"The body is not valid JSON: {error}.", "invalid_json") from None


def _parse_plain(raw: bytes) -> Any:
    """Parses a body as most clients write it, quickly: what writes back to the same bytes can mean nothing else.

    Spaces behind a key or a comma are the one freedom; a repeated key would have vanished in between.
    """
    try:
        found = orjson.loads(raw)
        again = orjson.dumps(found)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _NOT_PLAIN
    return found if again == raw or _tight(again) == _tight(raw) else _NOT_PLAIN


def _tight(raw: bytes) -> bytes:
    return raw.replace(b'": ', b'":').replace(b", ", b",")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses a key that stands twice in an object: two readers could see two different requests."""
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise BadField(repeated, f"The key `{repeated}` stands more than once in an object.", "repeated_key")
    return made


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadField(None, f"The number {text[:40]} is too large.", "invalid_json")
    return number


def _no_number(text: str) -> float:
    raise BadField(None, f"{text} is not valid JSON.", "invalid_json")

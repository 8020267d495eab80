"""Reads a request's body once: within limits of size and time, as JSON that can mean one thing only."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TypeVar

import orjson

from app import threads, wiring
from app.api.common.body_room import LONG_BYTES, Share
from app.api.common.encodings import decoded
from app.api.common.errors import BodyTimeout, BodyTooLarge
from app.api.common.json_shape import check_shape
from app.domain import clock
from app.domain.errors import BadField
from app.domain.record import record

_NOT_PLAIN = object()
T = TypeVar("T")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
FORM_BYTES_MAX = 65_536
"""How large every body may be that is no chat request and no event."""
DIGITS_MAX = 1_000
"""How long a whole number may be: to read one takes time by the square of it."""
EVENT_BYTES_MAX = 1_000_000
CHAT_BYTES_A_SECOND_MIN = 1_024
THREAD_BYTES = LONG_BYTES
"""From here on parsing would hold the event loop up for longer than a hop to a thread."""
PIECE_BYTES = 65_536
"""So much is compared at once: a look at all of a long body would hold every thread up."""
_UNCUT = (b'":', b": ", b", ")
"""Between these two nothing is cut: what is left out when texts are compared would lie across."""


class ClientGone(Exception):
    """The client closed the connection before its body was complete."""


@record(frozen=True, slots=True)
class BodyLimits:
    """How large a body may be, also decompressed, and how slow; at `bytes_a_second` it may take longer than `seconds`.

    Nothing at all may come for `silence_seconds`.
    """

    bytes_max: int
    seconds: float
    silence_seconds: float
    bytes_a_second: float = math.inf


def chat_limits() -> BodyLimits:
    """Returns the limits of a chat request, whose prompt may be long and its client far away."""
    chosen = wiring.get().settings
    return BodyLimits(
        chosen.body_bytes_max, chosen.body_seconds_max, chosen.silence_seconds_max, CHAT_BYTES_A_SECOND_MIN
    )


def form_limits() -> BodyLimits:
    """Returns the limits of every other body: a form, or a small object."""
    chosen = wiring.get().settings
    bytes_max = min(FORM_BYTES_MAX, chosen.body_bytes_max)
    return BodyLimits(bytes_max, chosen.form_seconds_max, chosen.silence_seconds_max)


def event_limits() -> BodyLimits:
    """Returns the limits of an event that a rail sends."""
    chosen = wiring.get().settings
    bytes_max = min(EVENT_BYTES_MAX, chosen.body_bytes_max)
    return BodyLimits(bytes_max, chosen.form_seconds_max, chosen.silence_seconds_max)


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], limits: BodyLimits, share: Share | None = None
) -> bytes:
    """Returns the body, decompressed if its headers say that it is compressed; a long one once its `share` has room.

    Raises BodyTooLarge, ClientGone, BodyTimeout when a client is too slow or falls silent, BodyEncoded and BadField
    for what cannot be decompressed, and Unavailable where there is no room in time.
    """
    length, encoding = headers.get(b"content-length"), headers.get(b"content-encoding")
    announced = int(length) if length is not None and length.isdigit() else None
    if announced is not None:
        if announced > limits.bytes_max:
            raise _too_large(limits)
        if share is not None and announced > LONG_BYTES:
            await share.take(announced if encoding is None else limits.bytes_max)
    body = await _read(receive, announced, limits, share)
    if encoding is not None:
        body = await _inflated(body, encoding, limits, share)
    if share is not None:
        share.shrink(len(body))
    return body


async def _inflated(body: bytes, encoding: bytes, limits: BodyLimits, share: Share | None) -> bytes:
    """Returns what was compressed. How long it is shows only then: what turns out to be short needs no room."""
    if share is not None and not share.size and limits.bytes_max > LONG_BYTES:
        with suppress(BodyTooLarge):
            return await decoded(body, encoding, LONG_BYTES)
        await share.take(limits.bytes_max)
    return await decoded(body, encoding, limits.bytes_max)


async def _read(receive: Receive, announced: int | None, limits: BodyLimits, share: Share | None) -> bytes:
    body = bytearray()
    began = clock.monotonic_seconds()
    allowed = left = limits.seconds
    message = _at_hand(receive)
    try:
        while True:
            if message is None:
                allowed = max(limits.seconds, len(body) / limits.bytes_a_second)
                left = began + allowed - clock.monotonic_seconds()
                async with asyncio.timeout(min(left, limits.silence_seconds)):
                    message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            piece: bytes = message.get("body", b"")
            if len(body) + len(piece) > limits.bytes_max:
                raise _too_large(limits)
            if not body and not message.get("more_body"):
                return piece
            body += piece
            if not message.get("more_body"):
                return bytes(body)
            message = None
            if share is not None and not share.size and len(body) > LONG_BYTES:
                waits_from = clock.monotonic_seconds()
                await share.take(limits.bytes_max)  # nobody said how long it would be
                began += clock.monotonic_seconds() - waits_from
    except TimeoutError:
        came = f"{len(body)} bytes" if announced is None else f"{len(body)} of {announced} bytes"
        is_slow = left <= limits.silence_seconds
        how = f" in {allowed:g} seconds" if is_slow else f", then nothing for {limits.silence_seconds:g} seconds"
        raise BodyTimeout(f"The body was not sent to its end: {came} came{how}.") from None


def _at_hand(receive: Receive) -> MutableMapping[str, Any] | None:
    """Returns what came together with the head, as most bodies do whole; None where something must be waited for.

    A limit of time costs as much as the rest of reading a request, and nobody waits here.
    """
    asking = receive().__await__()
    try:
        next(asking)
    except StopIteration as came:
        message: MutableMapping[str, Any] = came.value
        return message
    asking.close()
    return None


def _too_large(limits: BodyLimits) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limits.bytes_max} bytes.")


async def parse_json(raw: bytes) -> Any:
    """Returns what a JSON body says. Raises BadField: malformed, too much, repeated keys, numbers that are none."""
    return await parse_as(raw, _as_it_is)


def _as_it_is(value: Any) -> Any:
    return value


async def parse_as(raw: bytes, read: Callable[[Any], T]) -> T:
    """Returns what `read` makes of a JSON body; of a long one in a thread, because both look at all of it.

    Raises BadField as `parse_json` does, and what `read` raises.
    """
    if len(raw) > THREAD_BYTES:
        return await threads.PARSE.run(lambda: read(_parse(raw)))
    return read(_parse(raw))


def _parse(raw: bytes) -> Any:
    check_shape(raw)
    found = _parse_plain(raw)
    if found is not _NOT_PLAIN:
        return found
    try:
        return json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite,
                          parse_int=_whole)  # fmt: skip
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
    return found if again == raw or _says_the_same(raw, again) else _NOT_PLAIN


def _says_the_same(raw: bytes, again: bytes) -> bool:
    """Compares two texts without the spaces behind keys and commas; by pieces, because others want the processor."""
    if len(raw) <= PIECE_BYTES:
        return _tight(raw) == _tight(again)
    ours, theirs = _tight_pieces(raw), _tight_pieces(again)
    one = other = b""
    while True:
        one, other = one or next(ours, b""), other or next(theirs, b"")
        if not one or not other:
            return one == other
        size = min(len(one), len(other))
        if one[:size] != other[:size]:
            return False
        one, other = one[size:], other[size:]


def _tight_pieces(raw: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(raw):
        end = start + PIECE_BYTES
        while raw[end - 1 : end + 1] in _UNCUT:
            end += 1
        yield _tight(raw[start:end])
        start = end


def _tight(text: bytes) -> bytes:
    return text.replace(b'": ', b'":').replace(b", ", b",")


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


def _whole(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise BadField(None, f"The number {text[:40]} is too large.", "invalid_json")
    return int(text)


def _no_number(text: str) -> float:
    raise BadField(None, f"{text} is not valid JSON.", "invalid_json")

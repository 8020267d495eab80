"""Reads what a provider answers, whatever it says that it is: a whole completion, or the beginning of a stream.

The official SDKs do not look at the media type, so neither do we: the first bytes tell events, JSON and pages apart.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import orjson

from app import threads
from app.domain import clock
from app.domain.errors import ProviderFailed
from app.domain.routing.outcomes import OverTime
from app.formats.json_text import BYTE_ORDER_MARK, read_json, values_in
from app.formats.openai_error import error_of
from app.formats.openai_stream import StreamMeter
from app.ports.providers import ProviderAnswer

T = TypeVar("T")

ANSWER_BYTES_MAX = 64_000_000
UNSTREAMED_BYTES_MAX = 1_000_000
"""How much is read of what should have been a stream, for why it is none."""
ANSWER_VALUES_MAX = 1_000_000
"""How many values a whole answer may hold: as many has one of 6,000 tokens that says of each which 20 others it was."""
LARGE_VALUES, VALUE_SECONDS = 20_000, 5e-7
"""From how many values on reading them takes time worth looking at, and about how long each takes."""
REDACTED_AT_ONCE_BYTES_MAX = 100_000
BEGINNING_BYTES_MAX = 4_096
"""How much white space a stream may begin with before it is told from anything else."""
LONG_EVENT_BYTES = 100_000
"""An event as long as this is looked through in a thread."""
LARGE_CHUNK_BYTES = 16_384
"""What is shorter takes no time worth looking at the clock for: a busy machine is no reason to let anybody wait."""
TURN_SECONDS_MAX = 0.01
"""For how long reading what arrived may hold the event loop up before it is somebody else's turn."""
REST_TIMES = 3
"""How much longer nothing of the kind is read then: whoever is asked for much by many gets a quarter of the time."""
BEHIND_SECONDS_MAX = 0.5
"""How long usage is waited for behind `[DONE]` where none came before it."""
ENDING_PIECES = 3
"""In how many of the last pieces the end of an answer is looked for."""
_ENDED = re.compile(rb'"finish_reason"\s*:\s*"')


async def within(deadline: float | None, work: Coroutine[Any, Any, T]) -> T:
    """Returns what a provider's work comes to, up to a deadline by the monotonic clock where there is one.

    Raises OverTime behind it: what we cut is free.
    """
    if deadline is None:
        return await work
    limit = asyncio.timeout(deadline - clock.monotonic_seconds())
    try:
        async with limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        message = "The model took longer than an answer that is given whole may. Nothing was charged."
        raise OverTime(message, timed_out=True) from None


class Rests:
    """Keeps what takes long to read to a quarter of the loop's time, however many read such a thing at once.

    A host may write events that say nothing, as fast as they are taken: whoever else is answered must not wait for it.
    """

    def __init__(self, now: Callable[[], float] = clock.monotonic_seconds) -> None:
        self._now, self._until = now, 0.0

    def after(self, seconds: float) -> float:
        """Returns for how long to rest after something that took so long: behind all who have to rest already."""
        now = self._now()
        self._until = max(self._until, now) + REST_TIMES * seconds
        return self._until - now


_RESTS, _RESTS_OF_WHOLE = Rests(), Rests()
"""Of streams, and of answers that are given whole: neither waits behind the other."""


async def fed(meter: StreamMeter, chunk: bytes) -> bytes:
    """Gives a meter what arrived, and returns what may go on; others have their turn if that took long.

    Raises ProviderFailed.
    """
    if meter.events.waiting_bytes > LONG_EVENT_BYTES:
        reading = asyncio.ensure_future(threads.PARSE.run_surely(meter.feed, chunk))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            await asyncio.wait((reading,))  # nobody may look at the meter meanwhile
            raise
    if len(chunk) < LARGE_CHUNK_BYTES:
        return meter.feed(chunk)
    began = clock.monotonic_seconds()
    try:
        return meter.feed(chunk)
    finally:
        took = clock.monotonic_seconds() - began
        if took > TURN_SECONDS_MAX:
            await asyncio.sleep(_RESTS.after(took))


async def read_whole(answer: ProviderAnswer, bytes_max: int | None = None) -> bytes:
    """Returns a whole body without the provider's key. Raises ProviderFailed for one that is too long or too much.

    One of many values waits for its turn: whoever asks for such answers gets a quarter of the time.
    """
    pieces: list[bytes] = []
    size, most = 0, ANSWER_BYTES_MAX if bytes_max is None else bytes_max
    while chunk := await answer.read():
        pieces.append(chunk)
        size += len(chunk)
        if size > most:
            raise ProviderFailed(f"The provider's answer is longer than {most} bytes.")
    raw = b"".join(pieces)
    values = values_in(raw)
    if values > ANSWER_VALUES_MAX:
        raise ProviderFailed(f"The provider's answer holds more than {ANSWER_VALUES_MAX:,} values.")
    if values > LARGE_VALUES:
        await asyncio.sleep(_RESTS_OF_WHOLE.after(values * VALUE_SECONDS))
    return await _redacted(raw, answer)


async def _redacted(raw: bytes, answer: ProviderAnswer) -> bytes:
    """Returns a body without the provider's key; a long one is looked through in a thread."""
    if answer.redactor is None:
        return raw
    if len(raw) > REDACTED_AT_ONCE_BYTES_MAX:
        return await threads.PARSE.run_surely(answer.redactor.body, raw)
    return answer.redactor.body(raw)


def completion(raw: bytes, answer: ProviderAnswer) -> tuple[bytes, dict[str, Any]]:
    """Returns a chat completion, as it came or as JSON that all can read. Raises ProviderFailed for anything else,
    an error beside its choices too.
    """
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            content = read_json(raw)
        except ValueError:
            raise ProviderFailed("The provider's answer is no JSON.") from None
        raw = orjson.dumps(content)
    # The word stands in every form of an error; a backslash may write it in another way.
    may_hold_error = b"error" in raw or b"\\u" in raw
    error = error_of(content) if may_hold_error and isinstance(content, dict) else None
    if error is not None:
        raise ProviderFailed("The provider answered with an error.", body=answer.cleaned(error))
    if not isinstance(content, dict) or not isinstance(content.get("choices"), list):
        body = answer.cleaned({"error": content}) if isinstance(content, (dict, list)) else None
        raise ProviderFailed("The provider's answer is no chat completion.", body=body)
    return raw, content


async def beginning(answer: ProviderAnswer) -> bytes:
    """Returns the first bytes of a stream, whatever it says that it is. Raises ProviderFailed for JSON or a page."""
    begun = b""
    while chunk := await answer.read():
        begun += chunk
        first = b"" if BYTE_ORDER_MARK.startswith(begun) else begun.removeprefix(BYTE_ORDER_MARK).lstrip()[:1]
        if first in (b"{", b"["):
            completion(begun + await read_whole(answer, UNSTREAMED_BYTES_MAX), answer)
            raise ProviderFailed("The provider answered a request for a stream without one.")
        if first == b"<":
            raise ProviderFailed("The provider answered with a page.")
        if first or len(begun) > BEGINNING_BYTES_MAX:
            break
    return begun


async def read_behind(answer: ProviderAnswer, meter: StreamMeter) -> None:
    """Reads what some providers say behind `[DONE]`, for a moment, where no usage came before it."""
    if meter.error or (meter.usage is not None and meter.usage.output):
        return
    with suppress(TimeoutError, ProviderFailed):
        async with asyncio.timeout(BEHIND_SECONDS_MAX):
            while chunk := await answer.read():
                await fed(meter, chunk)
        meter.end()


async def leave(answer: ProviderAnswer, meter: StreamMeter) -> None:
    """Cancels an answer whose client has left; behind its last word, reads for a moment what it used.

    What a model thinks unseen is in no text: whoever always left in time would never pay for it.
    """
    kept = meter.kept
    try:
        is_near_its_end = kept and _ENDED.search(b"".join(kept[-ENDING_PIECES:])) is not None
        if is_near_its_end and await threads.COUNT.run_surely(meter.has_finish_reason):
            meter.kept = [*(kept or ())]
            await read_behind(answer, meter)
            meter.kept = kept  # whatever came behind was given to nobody
    finally:
        await answer.close()


async def failure_of(meter: StreamMeter, answer: ProviderAnswer) -> ProviderFailed | None:
    """Returns what went wrong with a stream that came to an end by itself, None for nothing."""
    if meter.error is not None:
        return ProviderFailed("The provider ended its answer with an error.", body=answer.cleaned(meter.error))
    if meter.is_done or await threads.COUNT.run_surely(meter.has_finish_reason):
        return None
    body = None if meter.unbegun is None else answer.cleaned({"error": meter.unbegun})
    return ProviderFailed("The provider ended its answer in the middle.", body=body)

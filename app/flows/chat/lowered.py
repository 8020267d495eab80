"""The end of an answer that the provider stopped at an output limit which the user's money had lowered.

Nobody else knows why such an answer ends, so it gets the link: behind its prose, or beside what a program reads. What a
client's own limit, a developer's or the model's window cut is left as it came.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson

from app.domain.usage.requests import Metered
from app.flows.chat.call import Run
from app.flows.chat.end import Stop

_CUT = ("length", "max_tokens")
_MAY_BE_CUT = re.compile(rb'"finish_reason"\s*:\s*"(?:length|max_tokens)"')
_MAY_CALL = re.compile(rb'"(?:tool_calls|function_call)"\s*:\s*[\[{]')
_BOUNDARY = re.compile(rb"\r?\n\r?\n")
SLACK_PART, SLACK_PART_ESTIMATED, SLACK_TOKENS = 10, 2, 2
"""A provider may stop a tenth of the limit, or two tokens, before it; our own count of what it wrote may miss half."""

Chunk = dict[str, Any]


def stopped_at_lowered_limit(run: Run, metered: Metered, cut_choices: int) -> bool:
    """Tells whether so many choices ended at the limit that money had lowered, by what was used in all."""
    leg = run.leg
    if leg.lowered_by is None or leg.output_limit != leg.lowered_to or not cut_choices:
        return False
    if metered.tokens is None:
        return True
    limit = leg.lowered_to
    slack = max(limit // (SLACK_PART_ESTIMATED if metered.estimated else SLACK_PART), SLACK_TOKENS)
    return metered.tokens.output >= cut_choices * (limit - slack)


class LoweredLimit:
    """One stream whose limit was lowered: passes it on, but for the chunks that end a choice at a limit."""

    def __init__(self, run: Run, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._run = run
        self._send = send
        self._calls: set[int] = set()
        self._ends: list[Chunk] = []

    async def send(self, data: bytes) -> None:
        """Sends whole events on."""
        if _MAY_BE_CUT.search(data) or _MAY_CALL.search(data):
            data = b"".join(self._passing(data))
        if data:
            await self._send(data)

    def tail(self, metered: Metered, stop: Stop | None) -> bytes:
        """Returns the chunks that were kept back: with the link if it was our limit that ended them.

        `stop` is what the client is told then; the run says afterwards whether it was.
        """
        run, cut = self._run, len(self._ends)
        if stop is None or not stopped_at_lowered_limit(run, metered, cut):
            return b"".join(map(_event, self._ends))
        run.stopped = run.leg.lowered_by
        return b"".join(_event(chunk) for end in self._ends for chunk in self._with_link(end, stop))

    def _passing(self, data: bytes) -> Iterator[bytes]:
        """Goes through events, keeping back those that end a choice at a limit."""
        position = 0
        for boundary in _BOUNDARY.finditer(data):
            event, position = data[position : boundary.end()], boundary.end()
            chunk = _chunk_of(event)
            if chunk is None:
                yield event
                continue
            self._note_calls(chunk)
            yield from self._split(event, chunk)
        if position < len(data):
            yield data[position:]

    def _note_calls(self, chunk: Chunk) -> None:
        for choice in chunk["choices"]:
            delta = choice.get("delta")
            if isinstance(delta, dict) and (delta.get("tool_calls") or delta.get("function_call")):
                self._calls.add(_index(choice))

    def _split(self, event: bytes, chunk: Chunk) -> Iterator[bytes]:
        """Yields a chunk as it came, or without the ends that are kept back: one for each choice."""
        cut = [choice for choice in chunk["choices"] if choice.get("finish_reason") in _CUT]
        if not cut:
            yield event
            return
        said = [
            {**choice, "finish_reason": None} if choice in cut else choice
            for choice in chunk["choices"]
            if choice not in cut or any((choice.get("delta") or {}).values())
        ]
        if said or chunk.get("usage"):
            yield _event({**chunk, "choices": said})
        bare = {name: value for name, value in chunk.items() if name != "usage"}
        for choice in cut:
            self._ends.append({**bare, "choices": [{**choice, "delta": {}, "logprobs": None}]})

    def _with_link(self, end: Chunk, stop: Stop) -> Iterator[Chunk]:
        choice = end["choices"][0]
        if stop.text and _index(choice) not in self._calls and not self._run.leg.request.is_for_program:
            said = {**choice, "delta": {"content": stop.text}, "finish_reason": None}
            yield {**end, "choices": [said]}
        yield {**end, "paywall": stop.paywall}


def cut_choices(content: Chunk) -> int:
    """Returns how many choices of a whole answer ended at a limit."""
    return sum(isinstance(choice, dict) and choice.get("finish_reason") in _CUT for choice in content["choices"])


def with_link(run: Run, content: Chunk, stop: Stop) -> Chunk:
    """Returns a whole answer with the link behind the prose of every choice that ended at the limit."""
    if not stop.text or run.leg.request.is_for_program:
        return content
    return {**content, "choices": [_linked(choice, stop.text) for choice in content["choices"]]}


def _linked(choice: Any, text: str) -> Any:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict) or choice.get("finish_reason") not in _CUT:
        return choice
    if message.get("tool_calls") or message.get("function_call") or message.get("audio"):
        return choice
    said = message.get("content")
    whole = [*said, {"type": "text", "text": text}] if isinstance(said, list) else f"{said or ''}{text}"
    return {**choice, "message": {**message, "content": whole}}


def _chunk_of(event: bytes) -> Chunk | None:
    """Returns the chunk that an event holds, None for whatever else it is."""
    lines = [line[5:] for line in event.splitlines() if line.startswith(b"data:")]
    try:
        chunk = orjson.loads(b"\n".join(lines))
    except orjson.JSONDecodeError:
        return None
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    is_chunk = isinstance(choices, list) and all(isinstance(choice, dict) for choice in choices)
    return chunk if is_chunk else None


def _index(choice: Chunk) -> int:
    number = choice.get("index")
    return number if isinstance(number, int) else 0


def _event(content: Chunk) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"

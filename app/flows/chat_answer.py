"""Carries a provider's answer to the client and settles it: streamed event by event, or whole.

`[DONE]` waits for the settlement's commit. A client that goes away cancels the provider, and pays for what
was delivered to it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson

from app.domain.errors import ProviderFailed, Unavailable
from app.domain.ledger.operations import Applied
from app.domain.usage.requests import Metered
from app.flows.chat import Chat, Run
from app.flows.ports import ProviderAnswer, TokenCounter
from app.flows.prompt_count import count_answer
from app.flows.stream_meter import StreamMeter, gather_output, read_usage

ANSWER_BYTES_MAX = 64_000_000
STREAM = "text/event-stream"

Send = Callable[[bytes], Awaitable[None]]
Describe = Callable[[Applied], dict[str, Any]]
"""Says what a settlement did, as the client reads it in the `paywall` field."""

DISCONNECT = "cancel"


class Carrier:
    """Carries answers for one process."""

    def __init__(self, chat: Chat, counter: TokenCounter) -> None:
        self._chat = chat
        self._counter = counter

    async def whole(self, run: Run, describe: Describe) -> bytes:
        """Returns the provider's JSON with our `paywall` field added, after it was charged.

        Raises ProviderFailed if it is no chat completion, and Unavailable if it could not be charged yet.
        """
        answer = _answer_of(run)
        metered: Metered | None = None

        async def used() -> Metered | None:
            return metered

        try:
            raw = await _read_whole(answer)
            metered = await self._meter_whole(run, _completion(raw))
        finally:
            settled = await asyncio.shield(self._chat.keep(self._end(run, answer, used)))
        return raw.rstrip()[:-1] + b',"paywall":' + orjson.dumps(describe(settled)) + b"}"

    async def _end(self, run: Run, answer: ProviderAnswer, used: Callable[[], Awaitable[Metered | None]]) -> Applied:
        """Closes the answer and charges what was used; whatever breaks, the hold ends.

        Runs as a task of its own, for a client that goes away now must not stop it.
        """
        metered = None
        try:
            try:
                await answer.close()
            finally:
                metered = await used()
        finally:
            ended = await (self._chat.release(run) if metered is None else self._chat.settle(run, metered))
        return ended

    async def _meter_whole(self, run: Run, content: dict[str, Any]) -> Metered:
        tokens = read_usage(content.get("usage"))
        if tokens is not None:
            return Metered(tokens)
        pieces: list[str] = []
        for choice in content["choices"]:
            gather_output(choice.get("message") if isinstance(choice, dict) else None, pieces)
        return await self._count(run, "".join(pieces), None)

    async def _count(self, run: Run, text: str | None, disconnect: str | None) -> Metered:
        if text == "":
            return Metered(None, disconnect=disconnect)
        bound = run.output_limit * run.bound.choices
        part_tokens = run.offer.part_tokens_max or 0
        tokens = await asyncio.to_thread(count_answer, run.request, text, self._counter, part_tokens, bound)
        return Metered(tokens, estimated=True, disconnect=disconnect)

    async def stream(self, run: Run, send: Send, describe: Describe) -> None:
        """Forwards a stream and ends it with what its settlement allows.

        Raises ProviderFailed if it breaks before anything was sent; the hold is released by then. When the
        task is cancelled, what was delivered is charged before CancelledError goes on.
        """
        answer, meter = _answer_of(run), StreamMeter()
        disconnect: str | None = DISCONNECT
        has_failed = False

        async def used() -> Metered | None:
            return None if has_failed else await self._meter_delivered(run, meter, disconnect)

        try:
            failure = await _forward(answer, meter, send)
            disconnect = None
        except ProviderFailed:
            has_failed = True
            raise
        finally:
            ending = self._chat.keep(self._end(run, answer, used))
            if disconnect:
                with suppress(Unavailable):  # it lands later; what ended the stream goes on
                    await asyncio.shield(ending)
        await self._finish(run, meter, failure, ending, send, describe)

    async def _meter_delivered(self, run: Run, meter: StreamMeter, disconnect: str | None) -> Metered:
        if meter.tokens is not None:
            return Metered(meter.tokens, disconnect=disconnect)
        return await self._count(run, await asyncio.to_thread(meter.delivered_text), disconnect)

    async def _finish(
        self,
        run: Run,
        meter: StreamMeter,
        failure: ProviderFailed | None,
        ending: asyncio.Task[Applied],
        send: Send,
        describe: Describe,
    ) -> None:
        """Waits for the settlement, then sends what waited for it: the usage chunk and `[DONE]`, or an error event."""
        try:
            settled = await asyncio.shield(ending)
        except Unavailable as error:
            await send(_event({"error": {"message": error.message, "type": "server_error", "code": error.code}}))
            return
        if meter.error_event is not None:
            await send(meter.error_event)
        elif failure is not None:
            await send(_event({"error": {"message": failure.message, "type": "server_error", "code": failure.code}}))
        else:
            usage = b""
            if run.request.wants_usage and meter.usage_event is not None:
                usage = _event({**meter.usage_event, "paywall": describe(settled)})
            await send(usage + b"data: [DONE]\n\n")


def _answer_of(run: Run) -> ProviderAnswer:
    if run.answer is None:
        raise ProviderFailed("The provider has not begun to answer.")
    return run.answer


async def _forward(answer: ProviderAnswer, meter: StreamMeter, send: Send) -> ProviderFailed | None:
    """Forwards until the provider ends; returns its failure if that came after something was delivered."""
    if answer.content_type != STREAM:
        _completion(await _read_whole(answer))
        raise ProviderFailed("The provider answered a request for a stream without one.")
    has_sent = False
    try:
        async for chunk in answer.chunks():
            passing = meter.feed(chunk)
            if passing:
                has_sent = True
                await send(passing)
            if meter.is_done or meter.error_event:
                return None
        passing = meter.end()
        if passing:
            has_sent = True
            await send(passing)
    except ProviderFailed as broken:
        if not has_sent:
            raise
        return broken
    if meter.is_done or meter.error_event or await asyncio.to_thread(meter.has_finish_reason):
        return None
    failure = ProviderFailed("The provider ended its answer in the middle.")
    if not has_sent:
        raise failure
    return failure


async def _read_whole(answer: ProviderAnswer) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for chunk in answer.chunks():
        pieces.append(chunk)
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            raise ProviderFailed(f"The provider's answer is longer than {ANSWER_BYTES_MAX} bytes.")
    return b"".join(pieces)


def _completion(raw: bytes) -> dict[str, Any]:
    """Returns a chat completion. Raises ProviderFailed for anything else."""
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ProviderFailed("The provider's answer is no JSON.") from None
    if not isinstance(content, dict) or not isinstance(content.get("choices"), list):
        error = content.get("error") if isinstance(content, dict) else None
        body: dict[str, object] | None = {"error": error} if isinstance(error, dict) else None
        raise ProviderFailed("The provider's answer is no chat completion.", body=body)
    return content


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"

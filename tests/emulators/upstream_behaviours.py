"""How the emulated upstream behaves, by model name. Everything an upstream ever did to somebody is here."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from tests.emulators.upstream_exchange import WORDS, Exchange
from tests.emulators.upstream_spoken import answer, event, spoken, stream

BIG_BYTES = 10_000_000

Behaviour = Callable[[Exchange], Coroutine[Any, Any, None]]


def say(
    usages: Callable[[Exchange], list[Any]] = lambda exchange: [exchange.usage(exchange.chunks)],
) -> Behaviour:
    """Returns a behaviour that says its words and reports what `usages` makes of them."""

    async def behave(exchange: Exchange) -> None:
        deltas = [{"content": word} for word in exchange.words()]
        await answer(exchange, deltas, {"content": "".join(exchange.words())}, usages(exchange))

    return behave


async def obedient(exchange: Exchange) -> None:
    """Says no more words than it is allowed tokens, and says so."""
    limit = exchange.request.get("max_tokens") or exchange.chunks
    words = list(exchange.words())[:limit]
    finish = "stop" if len(words) == exchange.chunks else "length"
    deltas = [{"content": word} for word in words]
    await answer(exchange, deltas, {"content": "".join(words)}, [exchange.usage(len(words))], finish)


async def flaky(exchange: Exchange) -> None:
    """Fails, and answers when it is asked again."""
    await (error(500, "Not now.") if exchange.number % 2 == 0 else say())(exchange)


async def tools(exchange: Exchange) -> None:
    """Calls two tools at once, piece by piece in turn."""
    arguments = '{"city": "Zürich", "days": 3}'
    calls = [
        {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for name in ("get_weather", "get_time")
    ]
    deltas: list[dict[str, Any]] = [
        {"tool_calls": [{"index": index, **call, "function": {**call["function"], "arguments": ""}}]}  # type: ignore[dict-item]
        for index, call in enumerate(calls)
    ]
    for at in range(0, len(arguments), 5):
        piece = {"arguments": arguments[at : at + 5]}
        deltas += [{"tool_calls": [{"index": index, "function": piece}]} for index in (0, 1)]
    await answer(exchange, deltas, {"tool_calls": calls}, [exchange.usage(12)], "tool_calls")


async def reasoning(exchange: Exchange) -> None:
    thought = [{"reasoning_content": word, "reasoning": word} for word in ("Let ", "me ", "think. ")]
    deltas = thought + [{"content": word} for word in exchange.words()]
    message = {"reasoning_content": "Let me think. ", "content": "".join(exchange.words())}
    usage = exchange.usage(exchange.chunks + 7, reasoning=7)
    await answer(exchange, deltas, message, [usage])


async def slow_first(exchange: Exchange) -> None:
    await asyncio.sleep(exchange.pause_seconds or 3)
    exchange.pause_seconds = 0
    await say()(exchange)


async def gated(exchange: Exchange) -> None:
    """Answers so long after it may go on, however long the test that says so was held up before."""
    await exchange.may_go.wait()
    await slow_first(exchange)


async def paused(exchange: Exchange) -> None:
    """Says half of its stream, and the rest once it may go on."""
    events = spoken(
        exchange, [{"content": word} for word in exchange.words()], [exchange.usage(exchange.chunks)], "stop"
    )
    exchange.begin_stream()
    for number, data in enumerate(events):
        if number == len(events) // 2:
            await exchange.may_go.wait()
        await exchange.part(data)
    exchange.end_stream()


async def thinking(exchange: Exchange) -> None:
    """Sends its headers, says nothing but a comment for a while, and then its words, or why there are none."""
    pause, exchange.pause_seconds = exchange.pause_seconds, 0
    exchange.begin_stream()
    await exchange.part(b": PROCESSING\n\n")
    await asyncio.sleep(pause)
    words = spoken(
        exchange, [{"content": word} for word in exchange.words()], [exchange.usage(exchange.chunks)], "stop"
    )
    for data in words if exchange.chunks else [event({"error": {"message": "Too long.", "code": "too_long"}})]:
        await exchange.part(data)
    exchange.end_stream()


async def half(exchange: Exchange) -> None:
    """Says half of an answer."""
    if exchange.is_streamed:
        exchange.begin_stream()
        events = spoken(exchange, [{"content": word} for word in exchange.words()], [], "stop")
        for data in events[: 1 + exchange.chunks // 2]:
            await exchange.part(data)
        return
    body = json.dumps(exchange.completion({"content": "".join(exchange.words())}, exchange.usage(8))).encode()
    exchange.head(200, "application/json", f"Content-Length: {len(body)}")
    exchange.write(body[: len(body) // 2])
    await exchange.flush()


async def silent(exchange: Exchange) -> None:
    await half(exchange)
    await asyncio.sleep(3600)


async def cut(exchange: Exchange) -> None:
    await half(exchange)
    await exchange.cut()


async def big(exchange: Exchange) -> None:
    piece = "coinslot" * 2048
    pieces = [piece] * (BIG_BYTES // len(piece))
    usage = exchange.usage(BIG_BYTES // 4)
    await answer(exchange, [{"content": text} for text in pieces], {"content": "".join(pieces)}, [usage])


async def wordy(exchange: Exchange) -> None:
    """Says 16 KiB of text in each of as many events as it was asked for, as fast as they are taken."""
    exchange.begin_stream()
    for _ in range(exchange.chunks):
        await exchange.part(event(exchange.delta({"content": "coinslot" * 2_048})))
    exchange.end_stream()


async def flood(exchange: Exchange) -> None:
    """Says ten words in each of as many long events as it was asked for, as fast as they are taken."""
    words = exchange.delta({"content": "".join(WORDS)}) | {"x_upstream": "coinslot" * 1_024}
    exchange.begin_stream()
    for _ in range(exchange.chunks):
        await exchange.part(event(words))
    for data in spoken(exchange, [], [exchange.usage(12 * exchange.chunks)], "stop"):
        await exchange.part(data)
    exchange.end_stream()


async def split_utf8(exchange: Exchange) -> None:
    text = "Grüße 🪙 aus Zürich"
    if not exchange.is_streamed:
        await answer(exchange, [], {"content": text}, [exchange.usage(8)])
        return
    exchange.begin_stream()
    for data in spoken(exchange, [{"content": text}], [exchange.usage(8)], "stop"):
        for piece in data.partition(b"\xf0\x9f"):
            if piece:
                await exchange.part(piece)
                await asyncio.sleep(0.005)
    exchange.end_stream()


def written(write: Callable[[bytes], list[bytes]]) -> Behaviour:
    """Returns a behaviour whose stream is cut into HTTP chunks by `write`."""

    async def behave(exchange: Exchange) -> None:
        if not exchange.is_streamed:
            await say()(exchange)
            return
        deltas = [{"content": word} for word in exchange.words()]
        await stream(exchange, write(b"".join(spoken(exchange, deltas, [exchange.usage(exchange.chunks)], "stop"))))

    return behave


def called(content_type: str) -> Behaviour:
    """Returns a behaviour that answers properly under another media type, or none."""

    async def behave(exchange: Exchange) -> None:
        deltas, usage = [{"content": word} for word in exchange.words()], exchange.usage(exchange.chunks)
        whole = json.dumps(exchange.completion({"content": "".join(exchange.words())}, usage))
        streamed = b"".join(spoken(exchange, deltas, [usage], "stop")).decode()
        exchange.send_text(200, content_type, streamed if exchange.is_streamed else whole)
        await exchange.flush()

    return behave


def failing(words: Callable[[Exchange], int], **beside: Any) -> Behaviour:
    """Returns a behaviour that says some words and then, with status 200 as OpenRouter does, why it fails."""

    async def behave(exchange: Exchange) -> None:
        message = f"The model fell over, {exchange.headers.get('authorization', '')}."
        failure = {"error": {"message": message, "type": "server_error", "param": None, "code": None}, **beside}
        if not exchange.is_streamed:
            exchange.send_json(failure)
            return
        events = spoken(exchange, [{"content": word} for word in exchange.words()], [], "stop")[: words(exchange)]
        await stream(exchange, [*events, b"event: error\n" + event(failure)])

    return behave


FAILED = [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]


async def early_usage(exchange: Exchange) -> None:
    """Says its usage beside the first word, as it is by then, and is cut."""
    if exchange.is_streamed:
        deltas = [{"content": word} for word in exchange.words()]
        role, first, *others = spoken(exchange, deltas, [], "stop")[: 1 + exchange.chunks // 2]
        beside = json.loads(first.removeprefix(b"data: ")) | {"usage": exchange.usage(1)}
        exchange.begin_stream()
        for data in (role, event(beside), *others):
            await exchange.part(data)
    await exchange.cut()


async def echo(exchange: Exchange) -> None:
    text = json.dumps(exchange.request, ensure_ascii=False)
    await answer(exchange, [{"content": text}], {"content": text}, [exchange.usage(len(text) // 4)])


async def echo_key(exchange: Exchange) -> None:
    """Says by which key it was asked."""
    text = f"You asked by {exchange.headers.get('authorization', '')}, did you not?"
    await answer(exchange, [{"content": text}], {"content": text}, [exchange.usage(len(text) // 4)])


def fixed(status: int, content_type: str, text: str, *extra: str) -> Behaviour:
    """Returns a behaviour that says the same to everybody."""

    async def behave(exchange: Exchange) -> None:
        exchange.send_text(status, content_type, text, *extra)
        await exchange.flush()

    return behave


def error(status: int, message: str, *extra: str) -> Behaviour:
    """Returns a behaviour that fails; `{model}` and `{authorization}` in its message are filled in."""

    async def behave(exchange: Exchange) -> None:
        authorization = exchange.headers.get("authorization", "")
        exchange.send_error(status, message.format(model=exchange.model, authorization=authorization), *extra)
        await exchange.flush()

    return behave


async def fail(exchange: Exchange) -> None:
    """Fails with the status that it is told, `fail:503`, and with a second number says when to come back."""
    status, *wait = exchange.numbers or [500]
    exchange.pause_seconds = 0
    await error(status, "It failed as it was told.", *(f"Retry-After: {seconds}" for seconds in wait))(exchange)


async def filtered(exchange: Exchange) -> None:
    """Says nothing, because of what it was asked."""
    await answer(exchange, [], {"content": None}, [exchange.usage(0)], "content_filter")


async def hung(exchange: Exchange) -> None:
    """Takes the request and says nothing at all."""
    await asyncio.sleep(3600)


async def empty(exchange: Exchange) -> None:
    await answer(exchange, [], {"content": ""}, [exchange.usage(0)])


def _absurd(tokens: int) -> dict[str, Any]:
    return {"prompt_tokens": tokens, "completion_tokens": tokens, "total_tokens": 2 * tokens}


BEHAVIOURS: dict[str, Behaviour] = {
    "ok": say(),
    "tools": tools,
    "flaky": flaky,
    "reasoning": reasoning,
    "slow-first": slow_first,
    "gated": gated,
    "paused": paused,
    "thinking": thinking,
    "silent": silent,
    "cut": cut,
    "cut-before": Exchange.cut,
    "garbage": fixed(200, "text/html", "<html><body>It works!</body></html>"),
    "garbage-json": fixed(200, "application/json", '{"id": "chatcmpl-broken", "choices": [{"ind'),
    "garbage-stream": fixed(200, "text/event-stream", "data: {not json}\n\nnonsense\n\n\x00\x01\n\n"),
    "called-nothing": called(""),
    "called-plain": called("text/plain"),
    "called-page": called("text/html; charset=UTF-8"),
    "called-json": called("application/json"),
    "called-events": called("text/event-stream"),
    "redirect": fixed(302, "text/plain", "elsewhere", "Location: http://169.254.169.254/"),
    "no-usage": say(lambda exchange: []),
    "usage-twice": say(lambda exchange: [exchange.usage(1), exchange.usage(exchange.chunks)]),
    "wrong-usage": say(lambda exchange: [_absurd(10**12)]),
    "negative-usage": say(lambda exchange: [_absurd(-5)]),
    "zero-usage": say(lambda exchange: [_absurd(0)]),
    "big": big,
    "flood": flood,
    "wordy": wordy,
    "obedient": obedient,
    "split-utf8": split_utf8,
    "split-event": written(lambda whole: [whole[at : at + 1] for at in range(len(whole))]),
    "crlf": written(lambda whole: whole.replace(b"\n", b"\r\n").splitlines(keepends=True)),
    "error-400": error(400, "The field `messages` is not as it should be."),
    "error-401": error(401, "Incorrect API key provided: {authorization}."),
    "error-404": error(404, "The model `{model}` does not exist."),
    "error-429": error(429, "Too many requests.", "Retry-After: 7"),
    "error-503": error(503, "Busy.", "Retry-After: 7"),
    "error-529": error(529, "Overloaded.", "Retry-After: 7"),
    "error-500": error(500, "The upstream fell over."),
    "error-first": failing(lambda exchange: 0),
    "error-mid-stream": failing(lambda exchange: 1 + exchange.chunks // 2),
    "error-finish": failing(lambda exchange: 1 + exchange.chunks // 2, choices=FAILED),
    "early-usage": early_usage,
    "echo": echo,
    "echo-key": echo_key,
    "empty": empty,
    "fail": fail,
    "filtered": filtered,
    "hung": hung,
}

"""How an answer of the emulated upstream is said: as events, streamed, or whole."""

import json
from typing import Any

from tests.emulators.upstream_exchange import Exchange


def event(value: object, end: str = "\n") -> bytes:
    """Writes one server-sent event."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"data: {text}{end}{end}".encode()


def spoken(exchange: Exchange, deltas: list[dict[str, Any]], usages: list[Any], finish: str) -> list[bytes]:
    """Returns a whole stream as events, the [DONE] included."""
    said = [exchange.delta(delta) for delta in [{"role": "assistant", "content": "", "refusal": None}, *deltas]]
    tail = [exchange.chunk([], usage=usage) for usage in usages if exchange.wants_usage]
    return [event(value) for value in [*said, exchange.delta({}, finish), *tail, "[DONE]"]]


async def stream(exchange: Exchange, events: list[bytes]) -> None:
    exchange.begin_stream()
    for data in events:
        await exchange.part(data)
    exchange.end_stream()


async def answer(
    exchange: Exchange,
    deltas: list[dict[str, Any]],
    message: dict[str, Any],
    usages: list[Any],
    finish: str = "stop",
) -> None:
    """Answers properly, streamed or not as it was asked for; the last usage is the one that counts."""
    if exchange.is_streamed:
        await stream(exchange, spoken(exchange, deltas, usages, finish))
    else:
        exchange.send_json(exchange.completion(message, usages[-1] if usages else None, finish))
        await exchange.flush()

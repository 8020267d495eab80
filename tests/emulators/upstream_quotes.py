"""An upstream that quotes the key that it was asked with, in every shape in which one ever did."""

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.emulators.upstream_behaviours import Behaviour
from tests.emulators.upstream_exchange import Exchange
from tests.emulators.upstream_spoken import event, stream

Quote = Callable[[Exchange, str], list[bytes]]
"""Makes events of a key."""


def _text(*pieces: str, name: str = "content") -> Quote:
    """Quotes the key in a model's own words; `{key}` is the key and `{masked}` what is left of a masked one."""

    def quote(exchange: Exchange, key: str) -> list[bytes]:
        masked = f"{key[:7]}{'*' * 20}{key[-4:]}"
        return [event(exchange.delta({name: piece.format(key=key, masked=masked)})) for piece in pieces]

    return quote


def _cut(size: int) -> Quote:
    def quote(exchange: Exchange, key: str) -> list[bytes]:
        text = f"The key is {key}, sorry."
        return [event(exchange.delta({"content": text[at : at + size]})) for at in range(0, len(text), size)]

    return quote


def _beside(**more: Any) -> Quote:
    """Quotes the key in fields beside a delta."""

    def quote(exchange: Exchange, key: str) -> list[bytes]:
        fields = json.loads(json.dumps(more).replace("KEY", key))
        return [event(exchange.delta({"content": "Hm"}) | fields)]

    return quote


def _raw(text: str) -> Quote:
    def quote(exchange: Exchange, key: str) -> list[bytes]:
        first = event(exchange.delta({"content": "Hm"}))
        return [first, text.replace("KEY64", base64.b64encode(key.encode()).decode()).replace("KEY", key).encode()]

    return quote


SHAPES: dict[str, Quote] = {
    "delta": _text("The key is {key}."),
    "masked": _text("The key is {masked}."),
    "reasoning": _text("The key is {key}.", name="reasoning_content"),
    "letters": _cut(1),
    "pieces": _cut(3),
    "halves": _cut(22),
    "field": _beside(x_debug={"headers": ["Bearer KEY"]}),
    "model": _beside(model="KEY"),
    "comment": _raw(": authorized with KEY\n\n"),
    "base64": _raw(": authorized with KEY64\n\n"),
    "error-event": _raw('event: error\ndata: {"message": "KEY is wrong"}\n\n'),
    "error-text": _raw('data: {"error": "KEY is wrong"}\n\n'),
    "error-list": _raw('data: {"error": [{"msg": "KEY is wrong"}]}\n\n'),
    "error-detail": _raw('data: {"error": {"message": {"detail": [{"msg": "KEY is wrong"}]}, "code": "KEY"}}\n\n'),
    "error-choice": _raw('data: {"choices": [{"index": 0, "delta": {}, "error": {"message": "KEY is wrong"}}]}\n\n'),
    "no-json": _raw("data: KEY is wrong\n\n"),
}


CUT_BYTES = 7


def _quoting(quote: Quote, *, is_cut: bool = False) -> Behaviour:
    """Returns a behaviour that quotes its key behind a word, and ends well; in small HTTP chunks if `is_cut`."""

    async def behave(exchange: Exchange) -> None:
        key = exchange.headers.get("authorization", "").removeprefix("Bearer ")
        if not exchange.is_streamed:
            content = f"The key is {key}, or {key[:7]}{'*' * 20}{key[-4:]}."
            exchange.send_json(exchange.completion({"content": content}, exchange.usage(9)) | {"x_key": {key: [key]}})
            await exchange.flush()
            return
        usage = exchange.chunk([], usage=exchange.usage(9))
        ends = [event(value) for value in (exchange.delta({}, "stop"), usage, "[DONE]")]
        whole = b"".join([event(exchange.delta({"content": "So. "})), *quote(exchange, key), *ends])
        size = CUT_BYTES if is_cut else len(whole)
        await stream(exchange, [whole[at : at + size] for at in range(0, len(whole), size)])

    return behave


QUOTES: dict[str, Behaviour] = {
    **{f"quote-{name}": _quoting(quote) for name, quote in SHAPES.items()},
    **{f"quote-{name}-cut": _quoting(quote, is_cut=True) for name, quote in SHAPES.items()},
}

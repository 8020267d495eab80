"""The mock provider of the benchmarks: answers at once or at a pace, far quicker than any gateway asks.

`uv run python -m tests.bench.upstream --port 9100` serves `POST …/chat/completions`, whole and streamed, and
`GET …/models`. `GET /_config` says its pace and how many completions it has been asked for; `POST /_config` changes
the pace. Raw asyncio protocols on uvloop, and answers that are written once for each model.
"""

import argparse
import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import httptools
import orjson
import uvloop

from tests.bench.said import usage, words


@dataclass(frozen=True)
class Pace:
    """How long the first chunk and each chunk after it take, and how many there are."""

    ttft_ms: float = 0.0
    chunk_ms: float = 0.0
    chunks: int = 32


@dataclass(frozen=True)
class Asked:
    """What decides how an answer looks."""

    model: str
    stream: bool
    with_usage: bool


def http(body: bytes, status: str = "200 OK") -> bytes:
    """Returns a whole answer of HTTP/1.1 with JSON in it."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def rendered(asked: Asked, chunks: int) -> list[bytes]:
    """Returns an answer as bytes, one piece for each write of its own."""
    base: dict[str, Any] = {"id": "chatcmpl-mock", "created": 1_700_000_000, "model": asked.model}
    if asked.stream:
        return _streamed({**base, "object": "chat.completion.chunk"}, asked.with_usage, chunks)
    message = {"role": "assistant", "content": "".join(words(chunks)), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return [http(orjson.dumps({**base, "object": "chat.completion", "choices": [choice], "usage": usage(chunks)}))]


def _streamed(base: dict[str, Any], with_usage: bool, chunks: int) -> list[bytes]:
    none = {"usage": None} if with_usage else {}

    def event(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _chunked({**base, "choices": [choice], **none})

    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    pieces = [event({"content": word}) for word in words(chunks)]
    pieces[0] = head + event({"role": "assistant", "content": ""}) + pieces[0]
    pieces[-1] += event({}, "stop")
    if with_usage:
        pieces[-1] += _chunked({**base, "choices": [], "usage": usage(chunks)})
    pieces[-1] += b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
    return pieces


def _chunked(event: dict[str, Any]) -> bytes:
    data = b"data: " + orjson.dumps(event) + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(data), data)


MODELS = http(orjson.dumps({"object": "list", "data": [{"id": "mock", "object": "model", "owned_by": "mock"}]}))


class Provider:
    """The pace that all connections keep, what was counted, and the answers that are ready."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.requests = 0
        self._ready: dict[Asked, list[bytes]] = {}

    def configure(self, body: bytes) -> bytes:
        """Changes the pace if a body says so; returns it with what was counted."""
        if body:
            self.pace = replace(self.pace, **orjson.loads(body))
            self._ready.clear()
        return http(orjson.dumps({**asdict(self.pace), "requests": self.requests}))

    def answer(self, body: bytes) -> tuple[list[bytes], float, float]:
        """Returns an answer's pieces, the seconds before the first, and those between them."""
        self.requests += 1
        request = orjson.loads(body)
        options = request.get("stream_options") or {}
        asked = Asked(request["model"], bool(request.get("stream")), bool(options.get("include_usage")))
        pieces = self._ready.get(asked)
        if pieces is None:
            pieces = self._ready[asked] = rendered(asked, self.pace.chunks)
        gap = self.pace.chunk_ms / 1000
        wait = self.pace.ttft_ms / 1000 + (0 if asked.stream else gap * (self.pace.chunks - 1))
        return (pieces if gap else [b"".join(pieces)]), wait, gap


class Connection(asyncio.Protocol):
    """A gateway's connection."""

    def __init__(self, provider: Provider, loop: asyncio.AbstractEventLoop) -> None:
        self._provider = provider
        self._loop = loop
        self._transport: asyncio.Transport
        self._parser = httptools.HttpRequestParser(self)
        self._url = self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one, and does not say so

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"expect":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        path = self._url.split(b"?", 1)[0]
        if path.endswith(b"/chat/completions"):
            pieces, wait, gap = self._provider.answer(self._body)
            if wait:
                self._loop.call_later(wait, self._send, iter(pieces), gap)
            else:
                self._send(iter(pieces), gap)
        elif path.endswith(b"/models"):
            self._transport.write(MODELS)
        elif path == b"/_config":
            self._transport.write(self._provider.configure(self._body))
        else:
            self._transport.write(http(b'{"error":{"message":"not found"}}', "404 Not Found"))

    def _send(self, pieces: Iterator[bytes], gap: float) -> None:
        piece = next(pieces, None)
        if piece is not None and not self._transport.is_closing():
            self._transport.write(piece)
            if gap:
                self._loop.call_later(gap, self._send, pieces, gap)


async def serve(port: int, pace: Pace) -> None:
    """Serves on loopback until the process ends."""
    loop, provider = asyncio.get_running_loop(), Provider(pace)
    server = await loop.create_server(lambda: Connection(provider, loop), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9100)
    for name, value in asdict(Pace()).items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    chosen = vars(parser.parse_args())
    uvloop.run(serve(chosen.pop("port"), Pace(**chosen)))


if __name__ == "__main__":
    main()

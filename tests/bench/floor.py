"""The floor: a pass-through proxy that does nothing else, the most that a gateway of our build can reach here.

`uv run python -m tests.bench.floor --port 9301 --upstream http://127.0.0.1:9100/v1 --store none`: the bare ASGI
interface on our own server and HTTP client, with or without durable work for each request
(tests/bench/floor_stores.py).
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from typing import Any

import aiohttp
import orjson
import uvicorn

from tests.bench.floor_stores import STORES, USERS, Store

HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-upstream"}
TAIL_BYTES = 600
"""How much of a stream is kept until its end, where the usage stands."""

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Floor:
    """The proxy as an ASGI application."""

    def __init__(self, upstream: str, store: Store) -> None:
        self._url = upstream + "/chat/completions"
        self._store = store
        self._turn = count()
        self._opened: asyncio.Task[None] | None = None
        self._http: aiohttp.ClientSession

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        if not body:  # somebody who asks whether it is up
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        pieces = self._answer(body)
        begun = (await anext(pieces)).split(b" ", 1)
        headers = [(b"content-type", begun[1])]
        await send({"type": "http.response.start", "status": int(begun[0]), "headers": headers})
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _answer(self, body: bytes) -> AsyncGenerator[bytes, None]:
        """Does what every gateway has to: reads the request, puts money aside, passes it on, settles by its usage.

        Yields status and content type first, then the body.
        """
        if self._opened is None:
            self._opened = asyncio.ensure_future(self._open())
        if not self._opened.done():
            await self._opened
        is_stream, user = orjson.loads(body).get("stream", False), next(self._turn) % USERS
        token = await self._store.reserve(user)
        async with self._http.post(self._url, data=body, headers=HEADERS) as response:
            begun = b"%d %b" % (response.status, response.headers["content-type"].encode())
            if is_stream:
                yield begun
                tail = b""
                async for chunk in response.content.iter_any():
                    tail = tail[-TAIL_BYTES:] + chunk
                    yield chunk
                assert b'"usage"' in tail
                await self._store.settle(user, token)
            else:
                data = await response.read()
                assert orjson.loads(data)["usage"]
                await self._store.settle(user, token)
                yield begun
                yield data

    async def _open(self) -> None:
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        await self._store.open()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9301)
    parser.add_argument("--upstream", default="http://127.0.0.1:9100/v1")
    parser.add_argument("--store", choices=STORES, default="none")
    parser.add_argument("--database", default="", help="path of the SQLite file, or URL of the PostgreSQL database")
    chosen = parser.parse_args()
    floor = Floor(chosen.upstream, STORES[chosen.store](chosen.database))
    uvicorn.run(
        floor, port=chosen.port, loop="uvloop", http="httptools", ws="none", lifespan="off", access_log=False,
        log_level="warning",
    )  # fmt: skip


if __name__ == "__main__":
    main()

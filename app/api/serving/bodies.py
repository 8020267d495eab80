"""The bodies of all routes but chat, in front of whatever reads them: small, in time, whole, and never files.

Neither FastAPI nor Reflex bounds what it reads; a form with files would be written to the disk as it comes.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from app.api.common.body import ClientGone, Receive, event_limits, form_limits, read_body
from app.api.common.errors import BodyEncoded, body_at, headers_of, status_of
from app.api.inbound.stripe import PREFIX as EVENTS
from app.domain.errors import CoinslotError

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FILES = b"multipart/"


def bounded(app: App) -> App:
    """Returns an app whose requests bring their body in one piece, decompressed and within the limits.

    What is larger, slower, or of a kind that nothing here reads is answered before the app hears of it.
    """

    def bound(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or not _has_body(scope):
            return app(scope, receive, send)
        return _hand_on(app, scope, receive, send)

    return bound


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


async def _hand_on(app: App, scope: Scope, receive: Receive, send: Send) -> None:
    headers = dict(scope["headers"])
    try:
        if headers.get(b"content-type", b"").strip().lower().startswith(FILES):
            raise BodyEncoded("Nothing here takes files; send a form as application/x-www-form-urlencoded.")
        body = await read_body(receive, headers, event_limits() if scope["path"].startswith(EVENTS) else form_limits())
    except ClientGone:
        return
    except CoinslotError as error:
        await _refuse(scope["path"], error, send)
        return
    if b"content-encoding" in headers:
        kept = [header for header in scope["headers"] if header[0] not in (b"content-encoding", b"content-length")]
        scope = {**scope, "headers": [*kept, (b"content-length", b"%d" % len(body))]}
    await app(scope, _giving(body, receive), send)


def _giving(body: bytes, receive: Receive) -> Receive:
    """Returns a `receive` that gives a body first, and then tells what the client does."""
    waiting = [body]

    async def give() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": waiting.pop(), "more_body": False} if waiting else await receive()

    return give


async def _refuse(path: str, error: CoinslotError, send: Send) -> None:
    body = orjson.dumps(body_at(path, error))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)),
               *((name.lower().encode(), value.encode()) for name, value in headers_of(error).items())]  # fmt: skip
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body})

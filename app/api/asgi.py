"""The outermost ASGI app: chat straight to its flow, everything else to the app inside.

Every HTTP answer gets its request id here, and every page the headers that keep links from leaking.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from app.api.caller import watching
from app.api.chat import chat, is_chat
from app.api.http import create_api
from app.domain.ids import new_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Lifespan = Callable[[], AbstractAsyncContextManager[None]]

CLIENT_ID_CHARACTERS_MAX = 200
_PAGE_HEADERS = (
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
)


def dispatcher(inner: App) -> App:
    """Returns the app to serve: `inner` (Reflex with the API in it, or the API alone) with chat before it.

    Not a coroutine function, and neither is what it hands on: every layer would be woken for every piece.
    """

    def dispatch(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return inner(scope, receive, send)
        scope["coinslot.request_id"] = request_id = new_id("req")
        is_proxy = is_chat(scope["path"]) and scope["method"] == "POST"
        client_id = _client_request_id(scope)
        scope["coinslot.client_request_id"] = client_id[0][1].decode() if client_id else None
        extra = [(b"x-request-id", request_id.encode()), *client_id]
        if is_proxy:
            scope["coinslot.headers"] = extra  # with its own it sends every piece straight on
            return chat(scope, receive, send)
        extra += _PAGE_HEADERS

        def send_with_id(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *extra]
            return send(message)

        return inner(scope, receive, send_with_id)

    return dispatch


def _client_request_id(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Echoes the client's own id, if it is one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and len(value) <= CLIENT_ID_CHARACTERS_MAX and value.isascii():
            return [(b"x-client-request-id", value)]
    return []


def api_only(lifespans: Sequence[Lifespan]) -> App:
    """Returns the app without pages; `lifespans` run as long as it does, the first one longest."""
    inner = dispatcher(create_api())

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return _live(lifespans, receive, send) if scope["type"] == "lifespan" else inner(scope, receive, send)

    return app


async def _live(lifespans: Sequence[Lifespan], receive: Receive, send: Send) -> None:
    await receive()
    async with AsyncExitStack() as stack:
        for lifespan in (*lifespans, watching):
            await stack.enter_async_context(lifespan())
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})

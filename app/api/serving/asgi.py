"""The outermost ASGI app: chat straight to its flow, the API to FastAPI, everything else to the pages.

Every HTTP answer gets its request id here, and every one that a browser may show the headers of `page_headers`. What
nobody can understand in one way only is refused before anybody reads it.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import orjson
from fastapi import FastAPI

from app import wiring
from app.api.account import chat as account_chat
from app.api.account import modes as account_modes
from app.api.common.caller import watching
from app.api.common.errors import WRONG_METHOD, body_at, status_of
from app.api.common.heads import check_headers
from app.api.playground import asking
from app.api.serving.bodies import bounded
from app.api.serving.http import create_api
from app.api.serving.page_headers import OWN_POLICY, may_be_page, page_headers
from app.api.talk import asking as talking
from app.api.talk import most as before_asking
from app.api.v1.chat import chat, is_chat
from app.api.v1.exchange import NO_ACTION
from app.domain.errors import BadField
from app.domain.ids import new_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Lifespan = Callable[[], AbstractAsyncContextManager[None]]
Header = tuple[bytes, bytes]

CLIENT_ID_CHARACTERS_MAX = 200
_OF_PAGES = (b"GET", b"HEAD")


def dispatcher(api: FastAPI, pages: App | None = None, page_policy: str = OWN_POLICY) -> App:
    """Returns the app to serve: chat, the API, and `pages` (Reflex, without the API in it) if there are any.

    The API does not pass through Reflex, whose middleware would offer it to the scripts of other sites. Not a coroutine
    function, and neither is what it hands on: every layer would be woken for every piece.
    """
    first_words = api.state.methods.first_words
    own = bounded(api)
    others = None if pages is None else bounded(pages)

    def dispatch(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return (others or own)(scope, receive, send)
        scope["coinslot.request_id"] = request_id = new_id("req")
        headers = dict(scope["headers"])
        client_id = _client_request_id(headers.get(b"x-request-id"))
        scope["coinslot.client_request_id"] = None if client_id is None else client_id.decode()
        extra = [(b"x-request-id", request_id.encode())]
        if client_id is not None:
            extra.append((b"x-client-request-id", client_id))
        path: str = scope["path"]
        if len(headers) != len(scope["headers"]):
            try:
                check_headers(scope["headers"])
            except BadField as error:
                return _refuse(path, error, send, extra)
        if scope["method"] == "POST" and is_chat(path):
            scope["coinslot.headers"] = extra  # with its own it sends every piece straight on
            return chat(scope, receive, send)
        if scope["method"] == "POST" and path == account_chat.PATH:
            scope["coinslot.headers"] = extra
            return account_chat.chat(scope, receive, send)
        if scope["method"] == "POST" and path in account_modes.READERS:
            scope["coinslot.headers"] = extra
            return account_modes.ask_several(scope, receive, send)
        if scope["method"] == "POST" and (slug := asking.slug_of(path)) is not None:
            scope["coinslot.headers"] = []
            return asking.ask(scope, receive, _with_headers(send, extra, OWN_POLICY), slug)
        if scope["method"] == "POST" and (way := talking.way_of(path)) is not None:
            scope["coinslot.headers"] = extra
            return talking.ask(scope, receive, _with_headers(send, extra, OWN_POLICY), way)
        if scope["method"] == "POST" and (asked := before_asking.mode_of(path)) is not None:
            scope["coinslot.headers"] = extra
            return before_asking.tell_most(scope, receive, _with_headers(send, extra, OWN_POLICY), asked)
        if b"%00" in scope.get("query_string", b""):
            nul = BadField(None, "An address cannot hold the character NUL.", "invalid_address")
            return _refuse(path, nul, send, extra)
        if others is None or path.split("/", 2)[1] in first_words:
            return _answered_by_api(own, scope, receive, _with_headers(send, extra, OWN_POLICY))
        return others(scope, receive, _with_headers(send, extra, page_policy))

    return dispatch


def _answered_by_api(api: App, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
    """HEAD is answered as GET is, without the body (RFC 9110, 9.3.2)."""
    if scope["method"] != "HEAD":
        return api(scope, receive, send)

    def send_head(message: Message) -> Awaitable[None]:
        return send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return api({**scope, "method": "GET"}, receive, send_head)


def _with_headers(send: Send, extra: Sequence[Header], policy: str) -> Send:
    """Returns a `send` that adds headers, with `policy` for pages, and takes what would let other sites read an answer.

    Reflex adds these to all that it serves; its pages are read by their own origin only.
    """
    is_secure = wiring.get().settings.is_secure

    def send_with_headers(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            kept = [header for header in message.get("headers", ()) if not header[0].startswith(b"access-control-")]
            if message["status"] == WRONG_METHOD and not any(name == b"allow" for name, _ in kept):
                kept.append((b"allow", b", ".join(_OF_PAGES)))
            shown = page_headers(policy if may_be_page(kept) else OWN_POLICY, is_secure=is_secure)
            is_anothers = any(name == b"x-request-id" for name, _ in kept)  # a replay says whose answer it is
            ours = [header for header in extra if header[0] != b"x-request-id"] if is_anothers else extra
            message["headers"] = [*kept, *ours, *shown]
        return send(message)

    return send_with_headers


async def _refuse(path: str, error: BadField, send: Send, extra: Sequence[Header]) -> None:
    body = orjson.dumps(body_at(path, error))
    sized = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers = [*sized, *NO_ACTION, *page_headers(OWN_POLICY, is_secure=wiring.get().settings.is_secure), *extra]
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _client_request_id(theirs: bytes | None) -> bytes | None:
    """Returns the client's own id to echo, if it is one."""
    is_id = theirs is not None and len(theirs) <= CLIENT_ID_CHARACTERS_MAX and theirs.isascii()
    return theirs if is_id and theirs is not None and theirs.decode().isprintable() else None


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

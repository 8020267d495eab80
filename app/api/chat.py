"""POST /v1/chat/completions as plain ASGI: the hot path. Nothing is decided here; it only speaks HTTP.

The client's going away is watched for all the time, and ends the provider's call and the charge with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from app import wiring
from app.api import event_stream
from app.api.body import ClientGone, Receive, parse_json, read_body
from app.api.caller import find_caller, find_user, forget
from app.api.errors import UNEXPECTED, UNEXPECTED_MESSAGE, PaymentRequired, body_of, headers_of, plain_body, status_of
from app.api.links import make_topup_url
from app.domain.errors import CoinslotError, StaleDecision
from app.domain.ledger.operations import Applied
from app.domain.money import format_base_units, format_decimal
from app.domain.wallets.wallets import RESERVED_WORDS
from app.flows.chat import NeedsTopup, Run
from app.flows.chat_request import ChatRequest, read_chat_request
from app.flows.decide import message_text
from app.flows.snapshot import Snapshot

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
AsgiSend = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

DECISIONS_MAX = 5
"""How often a request is decided anew because what it rested on changed in between."""


@dataclass(slots=True)
class Exchange:
    """One request and its answer on the wire."""

    scope: Scope
    send: AsgiSend
    request_id: str
    headers: dict[bytes, bytes]
    has_begun: bool = False

    def text(self, name: bytes) -> str | None:
        """Returns a request header."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    async def begin(self, status: int, content_type: bytes, more: list[Header]) -> None:
        """Sends status and headers."""
        self.has_begun = True
        headers = [(b"content-type", content_type), (b"x-paywall-billing", b"platform"), *more]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def answer(self, status: int, body: bytes, more: list[Header]) -> None:
        """Sends a whole JSON answer."""
        await self.begin(status, b"application/json", [(b"content-length", str(len(body)).encode()), *more])
        await self.send({"type": "http.response.body", "body": body})

    async def piece(self, body: bytes) -> None:
        """Sends a piece of a stream, its headers before the first."""
        if not self.has_begun:
            await self.begin(200, b"text/event-stream; charset=utf-8", _action("none"))
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> None:
        """Ends a stream."""
        await self.send({"type": "http.response.body", "body": b""})


async def chat(scope: Scope, receive: Receive, send: AsgiSend) -> None:
    """Answers one chat request; `scope["coinslot.request_id"]` is its id."""
    exchange = Exchange(scope, send, scope["coinslot.request_id"], dict(scope["headers"]))
    try:
        snapshot = await find_caller(exchange.headers.get(b"authorization"))
        raw = await read_body(receive, exchange.headers.get(b"content-length"))
        await _until_gone(_answer(exchange, snapshot, raw), receive)
    except ClientGone:
        log.info("chat", request=exchange.request_id, step="client_gone")
    except CoinslotError as error:
        await _refuse(exchange, error)
    except Exception as error:
        log.error("chat", request=exchange.request_id, step="bug", exc_info=error)
        if exchange.has_begun:
            raise
        await exchange.answer(UNEXPECTED, plain_body(UNEXPECTED, UNEXPECTED_MESSAGE, "internal_error"), _action("none"))


async def _refuse(exchange: Exchange, error: CoinslotError) -> None:
    """Answers with an error, or ends a stream with it if the stream has begun."""
    if exchange.has_begun:
        await exchange.piece(b"data: " + orjson.dumps(body_of(error)) + b"\n\n")
        await exchange.end()
        return
    more = [(name.lower().encode(), value.encode()) for name, value in headers_of(error).items()]
    action = "topup" if isinstance(error, PaymentRequired) else "none"
    await exchange.answer(status_of(error), orjson.dumps(body_of(error)), [*more, *_action(action)])


async def _until_gone(work: Awaitable[None], receive: Receive) -> None:
    """Runs `work`, and cancels it when the client closes the connection. Raises ClientGone then."""
    task = asyncio.current_task()
    watcher = asyncio.create_task(_wait_until_gone(receive, task))
    try:
        await work
    except asyncio.CancelledError:
        if watcher.done() and task is not None and task.uncancel() == 0:
            raise ClientGone from None
        raise
    finally:
        watcher.cancel()


async def _wait_until_gone(receive: Receive, task: "asyncio.Task[Any] | None") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    if task is not None:
        task.cancel()


async def _answer(exchange: Exchange, snapshot: Snapshot, raw: bytes) -> None:
    request = read_chat_request(await parse_json(raw))
    user = find_user(
        (request.user, "user"),
        (exchange.text(b"x-paywall-user"), "X-Paywall-User"),
        (_path_user(exchange.scope), "user"),
    )
    client_request_id = exchange.text(b"x-request-id")
    for _ in range(DECISIONS_MAX):
        try:
            begun = await wiring.get().chat.begin(snapshot, user, request, exchange.request_id, client_request_id)
            break
        except StaleDecision:
            forget(snapshot)
            snapshot = await find_caller(exchange.headers.get(b"authorization"))
    else:
        raise StaleDecision("The paywall's settings are changing right now; nothing was charged.")
    if isinstance(begun, NeedsTopup):
        await _ask_for_money(exchange, snapshot, user, request, begun)
    else:
        await _carry(exchange, begun)


async def _carry(exchange: Exchange, run: Run) -> None:
    carrier = wiring.get().carrier

    def describe(settled: Applied) -> dict[str, Any]:
        return _paywall_field(exchange.request_id, "none", settled.amount, settled.balance, run.snapshot)

    if run.request.is_stream:
        await carrier.stream(run, exchange.piece, describe)
        await exchange.end()
    else:
        body = await carrier.whole(run, describe)
        await exchange.answer(200, body, _action("none"))


async def _ask_for_money(
    exchange: Exchange, snapshot: Snapshot, user: str, request: ChatRequest, needs: NeedsTopup
) -> None:
    """Answers with a link instead of the model's text; as an error where the client asked for that."""
    return_url, state = exchange.text(b"x-paywall-return-url"), exchange.text(b"x-paywall-state")
    url = make_topup_url(snapshot, user, return_url, state)
    text = message_text(snapshot, "topup", url, needs.shortfall_nanos)
    if request.wants_json or snapshot.configuration.is_strict or exchange.text(b"x-paywall-errors") == "http":
        raise PaymentRequired(text, url)
    paywall = _paywall_field(exchange.request_id, "topup", 0, needs.balance_nanos, snapshot) | {"url": url}
    if not request.is_stream:
        await exchange.answer(200, event_stream.whole(request.model, text, paywall), _action("topup"))
        return
    await exchange.begin(200, b"text/event-stream; charset=utf-8", _action("topup"))
    for event in event_stream.streamed(request.model, text, paywall, request.wants_usage):
        await exchange.piece(event)
    await exchange.end()


def _paywall_field(
    request_id: str, action: str, charge_nanos: int, balance_nanos: int, snapshot: Snapshot
) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "action": action,
        "charge": format_decimal(charge_nanos),
        "balance": format_base_units(balance_nanos),
        "unit": snapshot.unit.value,
    }


def _action(action: str) -> list[Header]:
    return [(b"x-paywall-action", action.encode())]


def is_chat(path: str) -> bool:
    """Tells whether a path is the chat proxy's: /v1/chat/completions or /v1/{user}/chat/completions."""
    if path == "/v1/chat/completions":
        return True
    parts = path.split("/")
    return len(parts) == 5 and parts[1] == "v1" and parts[3:] == ["chat", "completions"] and _may_name_user(parts[2])


def _may_name_user(word: str) -> bool:
    return bool(word) and word not in RESERVED_WORDS


def _path_user(scope: Scope) -> str | None:
    parts = scope["path"].split("/")
    return parts[2] if len(parts) == 5 else None

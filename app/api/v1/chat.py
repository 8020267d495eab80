"""POST /v1/chat/completions as plain ASGI: the hot path. Nothing is decided here; it only speaks HTTP.

The client's going away is watched for all the time, and ends the provider's call and the charge with it.
"""

import asyncio
from dataclasses import dataclass
from functools import partial

import orjson
import structlog

from app import wiring
from app.api.common.body import ClientGone, Receive, chat_limits, parse_as, read_body
from app.api.common.body_room import Share
from app.api.common.caller import check_billing, find_caller, find_user, read_labels, renew
from app.api.common.errors import UNEXPECTED, UNEXPECTED_MESSAGE, body_of, headers_of, plain_body, status_of
from app.api.v1.client_watch import ClientWatch
from app.api.v1.exchange import EVENTS, NO_ACTION, AsgiSend, Exchange, Header, Scope
from app.api.v1.stream_comments import StreamComments
from app.domain.errors import CoinslotError
from app.domain.paywalls.configuration import Disconnect
from app.domain.usage.idempotency import Claim, claim
from app.domain.wallets.wallets import RESERVED_WORDS
from app.flows.callers.asked import Ask, PaywallRefusal
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Call, Run
from app.flows.chat.delivery import Recording
from app.formats import openai_completion
from app.formats.openai_request import read_chat_request

log = structlog.get_logger()

LABELS = (b"x-paywall-session", b"x-paywall-agent", b"x-paywall-order")
SAID = frozenset({*LABELS, b"idempotency-key", b"x-paywall-billing", b"x-paywall-return-url", b"x-paywall-state",
                  b"x-paywall-errors"})  # fmt: skip
"""Headers that say something about a call; most have none of them."""


async def chat(scope: Scope, receive: Receive, send: AsgiSend) -> None:
    """Answers one chat request; `scope["coinslot.request_id"]` is its id, `coinslot.headers` what tells it."""
    exchange = Exchange(scope, send, scope["coinslot.request_id"], dict(scope["headers"]))
    watch: ClientWatch | None = None
    share: Share | None = None
    try:
        snapshot = await find_caller(exchange.headers.get(b"authorization"))
        share = Share(snapshot.paywall_id)
        exchange.raw = await read_body(receive, exchange.headers, chat_limits(), share)
        watch = ClientWatch(receive)
        await _answer(exchange, snapshot, share)
    except asyncio.CancelledError:
        if watch is None or not watch.has_cancelled():
            raise
        log.info("chat", request=exchange.request_id, step="client_gone")
    except ClientGone:
        log.info("chat", request=exchange.request_id, step="client_gone")
    except CoinslotError as error:
        await _refuse(exchange, error)
    except Exception as error:
        log.error("chat", request=exchange.request_id, step="bug", exc_info=error)
        if exchange.has_begun:
            raise
        await exchange.answer(UNEXPECTED, plain_body(UNEXPECTED, UNEXPECTED_MESSAGE, "internal_error"), NO_ACTION)
    finally:
        if watch is not None:
            watch.end()
        if share is not None:
            share.leave()


async def _refuse(exchange: Exchange, error: CoinslotError) -> None:
    """Answers with an error, or ends a stream with it if the stream has begun."""
    if exchange.has_begun:
        await exchange.piece(b"data: " + orjson.dumps(body_of(error)) + b"\n\n")
        await exchange.end()
        return
    more = [(name.lower().encode(), value.encode()) for name, value in headers_of(error).items()]
    action = error.action if isinstance(error, PaywallRefusal) else "none"
    await exchange.answer(status_of(error), orjson.dumps(body_of(error)), [*more, *_action(action)])


async def _understand(exchange: Exchange, snapshot: Snapshot, share: Share) -> tuple["_Answering", Claim | None]:
    """Returns what a body asks for, and its claim of a key; the body itself is let go, and its room with the request.

    Raises BadField for what cannot be asked for.
    """
    raw, exchange.raw = exchange.raw, b""
    request = await parse_as(raw, read_chat_request)
    share.follow(request)
    named = find_user(snapshot.configuration.user_from, body=request.user, header=exchange.text(b"x-paywall-user"),
                      path=_path_user(exchange.scope))  # fmt: skip
    theirs = exchange.scope.get("coinslot.client_request_id")
    call = Call(snapshot=snapshot, user=named.id, user_from=named.place, request=request,
                request_id=exchange.request_id, client_request_id=theirs)  # fmt: skip
    claimed = None if exchange.headers.keys().isdisjoint(SAID) else _hear(exchange, call, raw)
    return _Answering(exchange, call), claimed


def _hear(exchange: Exchange, call: Call, raw: bytes) -> Claim | None:
    """Adds what the headers say to a call, and returns its claim of a key. Raises BadField."""
    text = exchange.text
    check_billing(text(b"x-paywall-billing"))
    call.labels = read_labels(*map(text, LABELS))
    call.return_url, call.state = text(b"x-paywall-return-url"), text(b"x-paywall-state")
    call.wants_errors = text(b"x-paywall-errors") == "http"
    return claim(text(b"idempotency-key"), call.snapshot.paywall_id, "chat", call.user, raw)


async def _answer(exchange: Exchange, snapshot: Snapshot, share: Share) -> None:
    answering, claimed = await _understand(exchange, snapshot, share)
    if claimed is None and snapshot.configuration.disconnect is not Disconnect.DRAIN:
        begun = await answering.begin(None)
        await (answering.ask(begun) if isinstance(begun, Ask) else answering.carry(begun))
        return
    wired, call = wiring.get(), answering.call
    wording = wired.instead.wording(call)
    recording, is_attached = wired.deliveries.deliver(claimed, call.request.is_stream, answering.begin, wording)
    try:
        await answering.play(recording, is_attached)
    finally:
        recording.leave()


@dataclass(slots=True)
class _Answering:
    """One call and its answer on the wire."""

    exchange: Exchange
    call: Call

    async def begin(self, claimed: Claim | None) -> Run | Ask:
        """Begins the answer, deciding anew when what the decision rested on has changed."""
        wired, key = wiring.get(), self.exchange.headers.get(b"authorization")
        self.exchange.begun = await wired.door.begin(self.call, claimed, partial(renew, authorization=key))
        return self.exchange.begun

    async def carry(self, run: Run) -> None:
        """Carries an answer to the client as the provider makes it."""
        wired = wiring.get()
        if self.call.request.is_stream:
            async with StreamComments(self.exchange.piece, wired.settings.comment_seconds) as send:
                last = await wired.carrier.stream(run, send, wired.instead.wording(self.call))
            await self.exchange.last(last)
        else:
            whole = await wired.carrier.whole(run, wired.instead.wording(self.call))
            await self.exchange.answer(200, whole, _action(run.stopped or "none"))

    async def play(self, recording: Recording, is_attached: bool) -> None:
        """Gives the client an answer that is made for whoever listens."""
        await recording.begun()
        if recording.ask is not None:
            await self.ask(recording.ask)
            return
        self.exchange.tell_request(recording.request_id)
        more = [(b"idempotent-replayed", b"true")] if is_attached or recording.is_replay else []
        if not recording.is_stream:
            whole = b"".join([piece async for piece in recording.read()])
            await self.exchange.answer(200, whole, [*_action(recording.action), *more])
            return
        # Of one that is still made nobody knows yet how it ends.
        self.exchange.first = [*_action(recording.action if recording.is_replay else "none"), *more]
        async with StreamComments(self.exchange.piece, wiring.get().settings.comment_seconds) as send:
            async for piece in recording.read():
                await send(piece)
        await self.exchange.end()

    async def ask(self, ask: Ask) -> None:
        """Answers with a link instead of the model's text. Raises PaywallRefusal where an error says it better."""
        request, said = self.call.request, await wiring.get().instead.say(self.call, ask)
        if not request.is_stream:
            completion = openai_completion.whole(request.model, said.text, said.paywall)
            await self.exchange.answer(200, completion, _action(ask.action))
            return
        await self.exchange.begin(200, EVENTS, _action(ask.action))
        for event in openai_completion.streamed(request.model, said.text, said.paywall, request.wants_usage):
            await self.exchange.piece(event)
        await self.exchange.end()


def _action(action: str) -> list[Header]:
    return [(b"x-paywall-action", action.encode())]


def is_chat(path: str) -> bool:
    """Tells whether a path is the chat proxy's: /v1/chat/completions or /v1/{user}/chat/completions."""
    if path == "/v1/chat/completions":
        return True
    parts = path.split("/")
    is_named = len(parts) == 5 and parts[1] == "v1" and parts[3:] == ["chat", "completions"]
    return is_named and parts[2] != "" and parts[2] not in RESERVED_WORDS


def _path_user(scope: Scope) -> str | None:
    parts = scope["path"].split("/")
    return parts[2] if len(parts) == 5 else None

"""POST /v1/chat/completions as plain ASGI: the hot path. Nothing is decided here; it only speaks HTTP.

The client's going away is watched for all the time, and ends the provider's call and the charge with it.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from app import wiring
from app.api.common.body import ClientGone, Receive, chat_limits, parse_as, read_body
from app.api.common.caller import DECISIONS_MAX, check_billing, find_caller, find_user, renew
from app.api.common.errors import (
    UNEXPECTED,
    UNEXPECTED_MESSAGE,
    PaywallRefusal,
    body_of,
    headers_of,
    plain_body,
    status_of,
)
from app.api.common.links import check_way_back, make_ask_url
from app.api.v1.client_watch import ClientWatch
from app.api.v1.exchange import EVENTS, NO_ACTION, AsgiSend, Exchange, Header, Scope
from app.api.v1.stream_comments import StreamComments
from app.domain.errors import Blocked, CoinslotError, LimitReached, StaleDecision
from app.domain.ledger.operations import Applied
from app.domain.money import format_base_units, format_decimal
from app.domain.paywalls.configuration import UserPlace
from app.domain.usage.idempotency import Claim, claim
from app.domain.wallets.wallets import RESERVED_WORDS
from app.flows.callers.asked import Ask, Stopped, message_text
from app.flows.callers.balance import visible_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.delivery import Recording
from app.flows.chat.end import Stop
from app.flows.chat.hold import Run
from app.flows.chat.wording import Wording
from app.formats import openai_completion
from app.formats.openai_request import ChatRequest, read_chat_request

log = structlog.get_logger()

WAY_BACK = ("X-Paywall-Return-Url", "X-Paywall-State")


async def chat(scope: Scope, receive: Receive, send: AsgiSend) -> None:
    """Answers one chat request; `scope["coinslot.request_id"]` is its id, `coinslot.headers` what tells it."""
    exchange = Exchange(scope, send, scope["coinslot.request_id"], dict(scope["headers"]))
    watch: ClientWatch | None = None
    try:
        snapshot = await find_caller(exchange.headers.get(b"authorization"))
        raw = await read_body(receive, exchange.headers, chat_limits())
        watch = ClientWatch(receive)
        await _answer(exchange, snapshot, raw)
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


async def _refuse(exchange: Exchange, error: CoinslotError) -> None:
    """Answers with an error, or ends a stream with it if the stream has begun."""
    if exchange.has_begun:
        await exchange.piece(b"data: " + orjson.dumps(body_of(error)) + b"\n\n")
        await exchange.end()
        return
    more = [(name.lower().encode(), value.encode()) for name, value in headers_of(error).items()]
    action = error.action if isinstance(error, PaywallRefusal) else "none"
    await exchange.answer(status_of(error), orjson.dumps(body_of(error)), [*more, *_action(action)])


async def _answer(exchange: Exchange, snapshot: Snapshot, raw: bytes) -> None:
    request = await parse_as(raw, read_chat_request)
    named = find_user(snapshot.configuration.user_from, body=request.user, header=exchange.text(b"x-paywall-user"),
                      path=_path_user(exchange.scope))  # fmt: skip
    check_billing(exchange.text(b"x-paywall-billing"))
    claimed = claim(exchange.text(b"idempotency-key"), snapshot.paywall_id, "chat", named.id, raw)
    call = _Call(exchange, snapshot, named.id, named.place, request)
    if claimed is None and snapshot.configuration.disconnect != "drain":
        begun = await call.begin(None)
        await (call.ask(begun) if isinstance(begun, Ask) else call.carry(begun))
        return
    recording, is_attached = wiring.get().deliveries.deliver(claimed, request.is_stream, call.begin, call.wording)
    try:
        await call.play(recording, is_attached)
    finally:
        recording.leave()


@dataclass(slots=True)
class _Call:
    """One request that was understood, and its answer."""

    exchange: Exchange
    snapshot: Snapshot
    user: str
    user_from: UserPlace
    request: ChatRequest

    @property
    def way_back(self) -> tuple[str | None, str | None]:
        """Where the app wants its user back, and the state that goes along; None for what it did not say."""
        return self.exchange.text(b"x-paywall-return-url"), self.exchange.text(b"x-paywall-state")

    async def begin(self, claimed: Claim | None) -> Run | Ask:
        """Begins the answer, deciding anew when what the decision rested on has changed."""
        chat, exchange, theirs = wiring.get().chat, self.exchange, self.exchange.scope.get("coinslot.client_request_id")
        for _ in range(DECISIONS_MAX):
            # What is only said later is looked at now: once money is held, nothing that a client wrote may be wrong.
            check_way_back(self.snapshot, *self.way_back, WAY_BACK)
            try:
                begun = await chat.begin(self.snapshot, self.user, self.request, exchange.request_id, theirs, claimed,
                                         user_from=self.user_from)  # fmt: skip
                exchange.begun = begun
                return begun
            except (Blocked, LimitReached) as why:
                wiring.get().teller.refused(self.snapshot, self.user, why, self.request.model, exchange.request_id)
                raise
            except StaleDecision:
                self.snapshot = await renew(self.snapshot, exchange.headers.get(b"authorization"))
        raise StaleDecision("The paywall's settings are changing right now; nothing was charged.")

    @property
    def wording(self) -> Wording:
        return Wording(self._describe, self._stop)

    async def carry(self, run: Run) -> None:
        """Carries an answer to the client as the provider makes it."""
        carrier = wiring.get().carrier
        if self.request.is_stream:
            async with StreamComments(self.exchange.piece, wiring.get().settings.comment_seconds) as send:
                await carrier.stream(run, send, self.wording)
            await self.exchange.end()
        else:
            whole = await carrier.whole(run, self.wording)
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
        """Answers with a link instead of the model's text; as an error where the client asked for that."""
        url = self._url(ask)
        wiring.get().teller.asked(self.snapshot, self.user, ask, url, self.exchange.request_id, self.request.model)
        text = message_text(self.snapshot, ask.action, url, ask.shortfall_nanos)
        is_strict = self.request.is_for_program or self.snapshot.configuration.is_strict
        if is_strict or self.exchange.text(b"x-paywall-errors") == "http":
            raise PaywallRefusal(ask.action, text, url)
        if self.snapshot.configuration.responder is not None:
            text = await wiring.get().responses.write(
                self.snapshot, self.user, self.request.model, self.exchange.request_id, ask, url, text
            )
        paywall = self._paywall(ask.action, 0, ask.balance_nanos) | {"url": url}
        if not self.request.is_stream:
            await self.exchange.answer(
                200, openai_completion.whole(self.request.model, text, paywall), _action(ask.action)
            )
            return
        await self.exchange.begin(200, EVENTS, _action(ask.action))
        for event in openai_completion.streamed(self.request.model, text, paywall, self.request.wants_usage):
            await self.exchange.piece(event)
        await self.exchange.end()

    def _url(self, ask: Ask) -> str:
        return make_ask_url(self.snapshot, self.user, ask, *self.way_back)

    def _stop(self, action: Stopped) -> Stop:
        if action == "output":
            return Stop("", {})
        if action == "none":
            return Stop("", {"action": action, "code": "spend_limit"})
        url = self._url(Ask(action))
        message = "stopped" if action == "topup" else "stopped_limit"
        text = message_text(self.snapshot, message, url, 0)
        return Stop(f"\n\n{text.lstrip()}", {"action": action, "url": url})

    def _describe(self, settled: Applied) -> dict[str, Any]:
        return self._paywall("none", settled.amount, visible_balance(self.snapshot, settled))

    def _paywall(self, action: str, charge_nanos: int, balance_nanos: int) -> dict[str, Any]:
        return {
            "request_id": self.exchange.request_id,
            "action": action,
            "charge": format_decimal(charge_nanos),
            "balance": format_base_units(balance_nanos),
            "unit": self.snapshot.unit.value,
        }


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

"""One chat request from its head to its last byte, whichever way it came in. Nothing is decided here.

The client's going away is watched for all the time, and ends the provider's call and the charge with it.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import orjson
import structlog

from app import wiring
from app.api.common.body import BodyLimits, ClientGone, Receive, read_body
from app.api.common.body_room import Share, Taker
from app.api.common.errors import UNEXPECTED, UNEXPECTED_MESSAGE, body_of, headers_of, plain_body, status_of
from app.api.v1.client_watch import ClientWatch
from app.api.v1.exchange import EVENTS, NO_ACTION, Exchange, Header
from app.api.v1.stream_comments import StreamComments
from app.domain.errors import CoinslotError
from app.domain.usage.idempotency import Claim
from app.flows.callers.anew import Renew
from app.flows.callers.asked import Ask, PaywallRefusal
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Call, Run
from app.flows.chat.delivery import Recording, answered_anew, carry_chat, goes_to_its_end, renewing
from app.formats import openai_completion

log = structlog.get_logger()


class Way(Protocol):
    """A way by which calls come in."""

    def find(self, exchange: Exchange) -> Awaitable[Snapshot]:
        """Returns the paywall that is called. Raises CoinslotError for whoever may not call it."""
        ...

    def limits(self) -> BodyLimits:
        """Returns how large and slow a body may be."""
        ...

    def understand(
        self, exchange: Exchange, snapshot: Snapshot, share: Share
    ) -> Awaitable[tuple["Answers", Claim | None]]:
        """Returns what a body asks for, and its claim of a key; the body is let go, and its room with the request.

        Raises BadField for what cannot be asked for.
        """
        ...


class Answers(Protocol):
    """One call that was understood, and its answer on the wire."""

    def answer(self, claimed: Claim | None) -> Awaitable[None]:
        """Answers it. Raises CoinslotError in an answer's place."""
        ...


async def serve(exchange: Exchange, receive: Receive, way: Way) -> None:
    """Answers one request that comes in by a way."""
    watch: ClientWatch | None = None
    share: Share | None = None
    try:
        snapshot = await way.find(exchange)
        share = Share(Taker(snapshot.paywall_id, snapshot.account_id or ""))
        exchange.raw = await read_body(receive, exchange.headers, way.limits(), share)
        watch = ClientWatch(receive)
        await _answer(exchange, snapshot, share, way)
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


async def _answer(exchange: Exchange, snapshot: Snapshot, share: Share, way: Way) -> None:
    answering, claimed = await way.understand(exchange, snapshot, share)
    await answering.answer(claimed)


@dataclass(slots=True)
class Answering:
    """One call and its answer on the wire; `renew` reads its paywall anew where that was found to be old."""

    exchange: Exchange
    call: Call
    renew: Renew

    async def answer(self, claimed: Claim | None) -> None:
        """Answers the call: to its end whoever listens, where it has a key or the paywall drains."""
        await answered_anew(partial(self._answer, claimed))

    async def _answer(self, claimed: Claim | None) -> None:
        wired, call = wiring.get(), self.call
        if not goes_to_its_end(call, claimed):
            begun = await self.begin(None)
            await (self.ask(begun) if isinstance(begun, Ask) else self.carry(begun))
            return
        carry = carry_chat(wired.carrier, wired.instead.wording(call))
        recording, is_attached = wired.deliveries.deliver(claimed, call.request.is_stream, self.begin, carry)
        try:
            await self.play(recording, is_attached)
        finally:
            recording.leave()

    async def begin(self, claimed: Claim | None) -> Run | Ask:
        """Begins the answer, deciding anew when what the decision rested on has changed."""
        renew = renewing(self.call, claimed, self.renew)
        try:
            self.exchange.begun = await wiring.get().door.begin(self.call, claimed, renew)
        finally:
            self.exchange.billing = self.call.goes_by.encode()
        if isinstance(begun := self.exchange.begun, Run):
            self.exchange.payer = lambda: begun.source
        return begun

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
        self.exchange.payer = lambda: recording.billing
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

"""POST /api/v1/compare, /blend and /judge as plain ASGI: a person's own program asks several models at once.

They come in as a chat of an account does; the words on the wire are those of `app/api/account/written.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import orjson

from app import wiring
from app.api.account.asker import BY_KEY, Asker
from app.api.account.kept.keeping import Keeping, Place, conversations
from app.api.account.written import event_of, last_events, sums_of, whole_of
from app.api.common.body import BodyLimits, Receive, chat_limits, parse_as
from app.api.common.body_room import Share
from app.api.common.caller import check_simulated, read_billing, read_labels
from app.api.common.errors import status_of
from app.api.v1.answering import serve
from app.api.v1.chat import LABELS
from app.api.v1.exchange import NO_ACTION, AsgiSend, Exchange, Scope
from app.api.v1.stream_comments import StreamComments
from app.domain.errors import CoinslotError, Unavailable
from app.domain.usage.idempotency import ChatAnswer, Claim, claim
from app.flows.callers.anew import Renew
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.answer import KeepBytes, Send
from app.flows.chat.call import Call
from app.flows.chat.delivery import Recording, answered_anew, goes_to_its_end, renewing
from app.flows.modes.carrying import Result
from app.flows.modes.feed import Piece
from app.flows.modes.members import Panel
from app.flows.talk.about import about
from app.formats.account.chat import COMMENT, conversation_of, event, question_of, to_error
from app.formats.account.modes import Asking, read_blend, read_compare, read_judge
from app.formats.openai_request import ChatRequest, read_chat_request
from app.wiring.answering.modes import modes_of

READERS: Mapping[str, Callable[[object], Asking]] = {
    "/api/v1/compare": read_compare,
    "/api/v1/blend": read_blend,
    "/api/v1/judge": read_judge,
}
"""How a body is read, by path."""
ANSWERED = 200
REPLAYED = (b"idempotent-replayed", b"true")


async def ask_several(scope: Scope, receive: Receive, send: AsgiSend) -> None:
    """Answers one request of an account that asks several models, and keeps it where it names a conversation."""
    keeping = Keeping(send)
    exchange = Exchange(scope, InTheirWords(keeping).send, scope["coinslot.request_id"], dict(scope["headers"]))
    try:
        await serve(exchange, receive, BySeveral(keeping, BY_KEY, READERS[scope["path"]]))
    finally:
        keeping.end()


class BySeveral:
    """How an account asks several models; where it names a conversation, the answers are kept in it."""

    def __init__(self, keeping: Keeping, asker: Asker, read: Callable[[object], Asking]) -> None:
        self._keeping, self._asker, self._read = keeping, asker, read

    def find(self, exchange: Exchange) -> Awaitable[Snapshot]:
        """Returns the operator's paywall as the account sees it. Raises CoinslotError for whoever has none."""
        return self._asker.find(exchange)

    def limits(self) -> BodyLimits:
        """Returns how large and slow a body may be."""
        return chat_limits()

    async def understand(self, exchange: Exchange, snapshot: Snapshot, share: Share) -> tuple["_Several", Claim | None]:
        """Returns what a body asks for, and its claim of a key. Raises BadField."""
        raw, exchange.raw = exchange.raw, b""
        asking, request, conversation_id = await parse_as(raw, partial(_read, self._read))
        share.follow(request)
        account_id = snapshot.account_id or ""
        if conversation_id is not None:
            await conversations().check(account_id, conversation_id)
            question = question_of(list(asking.messages))
            self._keeping.place = Place(account_id, conversation_id, asking.mode.value, question)
        check_simulated(snapshot.environment, exchange.text(b"x-paywall-simulate"))
        source = read_billing(exchange.text(b"x-paywall-billing"), snapshot.rules)
        call = Call(snapshot=snapshot, user=account_id, user_from=None, request=request,
                    wants_errors=True, request_id=exchange.request_id,
                    client_request_id=exchange.scope.get("coinslot.client_request_id"),
                    labels=read_labels(*map(exchange.text, LABELS)), source=source)  # fmt: skip
        route = f"account_{asking.mode.value}"
        claimed = claim(exchange.text(b"idempotency-key"), snapshot.paywall_id, route, account_id, raw)
        return _Several(exchange, call, asking, self._asker.renew(exchange), conversation_id), claimed


def _read(read: Callable[[object], Asking], body: object) -> tuple[Asking, ChatRequest, str | None]:
    """Returns what is asked, the same as one chat, at which what is said instead of an answer looks, and where."""
    asking = read(body)
    request = read_chat_request({**asking.options, "model": asking.models[0], "messages": asking.messages})
    return asking, request, conversation_of(body) if isinstance(body, dict) else None


class _Several:
    """One call of several models and its answer on the wire."""

    def __init__(
        self, exchange: Exchange, call: Call, asking: Asking, renew: Renew, conversation_id: str | None
    ) -> None:
        self._exchange, self._call, self._asking, self._renew = exchange, call, asking, renew
        self._place = {} if conversation_id is None else {"conversation_id": conversation_id}
        self._has_ended = False

    async def answer(self, claimed: Claim | None) -> None:
        """Answers it: to its end whoever listens, where it has a key or the paywall drains. Raises CoinslotError in an
        answer's place."""
        await answered_anew(partial(self._answer, claimed))

    async def _answer(self, claimed: Claim | None) -> None:
        if not goes_to_its_end(self._call, claimed):
            begun = await self._begin(None)
            await (self._ask(begun) if isinstance(begun, Ask) else self._give(begun))
            return
        deliveries = wiring.get().deliveries
        recording, is_attached = deliveries.deliver(claimed, self._asking.is_stream, self._begin, self._carry)
        try:
            await self._play(recording, is_attached)
        finally:
            recording.leave()

    async def _begin(self, claimed: Claim | None) -> Panel | Ask:
        """Begins it, deciding anew when what the decision rested on has changed."""
        renew = renewing(self._call, claimed, self._renew)
        try:
            begun = await modes_of(wiring.get()).door.begin(self._call, self._asking, renew, claimed)
        finally:
            self._exchange.billing = self._call.goes_by.encode()
        if isinstance(begun, Panel):
            self._exchange.about = partial(about, begun)
        return begun

    async def _carry(self, panel: Panel, send: Send, keep: KeepBytes | None) -> bytes:
        """Sends its pieces as they come, if it is to be streamed, and returns the last one.

        That a model failed is no beginning: where all do, the answer is an error with its status.
        """
        modes, early, has_said = modes_of(wiring.get()), list[bytes](), False

        async def show(piece: Piece) -> None:
            nonlocal has_said
            early.append(event(event_of(piece)))
            has_said = has_said or bool(piece.text)
            if has_said or self._exchange.has_begun:
                said = b"".join(early)
                early.clear()
                await send(said)

        def last(result: Result) -> bytes:
            return b"".join([*early, self._last(result)])

        kept = None if keep is None else partial(_kept, keep, last)
        with modes.running.running(modes.speaking, panel):
            if not self._asking.is_stream:
                return last(await modes.carrier.whole(panel, kept))
            return last(await modes.carrier.stream(panel, show, kept))

    def _last(self, result: Result) -> bytes:
        """Returns what an answer ends with; one that is given whole is all of it."""
        sums = sums_of(result, wiring.get().instead.wording(self._call).settled(result.settled)) | self._place
        if self._asking.is_stream:
            return b"".join(event(one) for one in last_events(result, sums))
        return orjson.dumps(whole_of(result, sums))

    async def _give(self, panel: Panel) -> None:
        """Gives the client an answer as it is made."""
        if not self._asking.is_stream:
            await self._exchange.answer(ANSWERED, await self._carry(panel, self._exchange.piece, None), NO_ACTION)
            return
        last = b""
        async with self._streaming() as send:
            last = await self._carry(panel, send, None)
        await self._end(last)

    async def _play(self, recording: Recording, is_attached: bool) -> None:
        """Gives the client an answer that is made for whoever listens."""
        await recording.begun()
        exchange = self._exchange
        if recording.ask is not None:
            await self._ask(recording.ask)
            return
        exchange.tell_request(recording.request_id)
        exchange.payer = lambda: recording.billing
        exchange.first = [*NO_ACTION, *([REPLAYED] if is_attached or recording.is_replay else [])]
        if not recording.is_stream:
            whole = b"".join([piece async for piece in recording.read()])
            await exchange.answer(ANSWERED, whole, exchange.first)
            return
        async with self._streaming() as send:
            async for piece in recording.read():
                await send(piece)
        await self._end(b"")

    @asynccontextmanager
    async def _streaming(self) -> AsyncIterator[Send]:
        """Lets pieces be sent, and comments meanwhile; what fails behind the first of them is the last event."""
        exchange = self._exchange
        try:
            async with StreamComments(exchange.piece, wiring.get().settings.comment_seconds) as send:
                yield send
        except CoinslotError as failure:
            if not exchange.has_begun:
                raise
            is_free = not isinstance(failure, Unavailable)  # what could not be charged yet will be
            said = {"error": failure.message, "code": failure.code, "status_code": status_of(failure)}
            await exchange.last(event({**said, "refunded": is_free, "done": True}))
            self._has_ended = True

    async def _end(self, last: bytes) -> None:
        """Ends a stream that has not ended with an error."""
        if not self._has_ended:
            await self._exchange.last(last)

    async def _ask(self, ask: Ask) -> None:
        """Says what the user is asked for. Raises PaywallRefusal: nobody reads a link here."""
        await wiring.get().instead.say(self._call, ask)


def _kept(keep: KeepBytes, last: Callable[[Result], bytes], result: Result) -> ChatAnswer:
    return keep(result.settled, last(result))


class InTheirWords:
    """Sends an answer on; an error in the clients' words, and a comment so that both of them read on behind it."""

    def __init__(self, keeping: Keeping) -> None:
        self._send = keeping.send
        self._begun: MutableMapping[str, Any] = {}

    def send(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        """Sends a message of the answer."""
        if message["type"] == "http.response.start":
            self._begun = message
            return self._send(message) if message["status"] == ANSWERED else _nothing()
        body = message.get("body", b"")
        if self._begun["status"] != ANSWERED:
            return self._error(message)
        return self._send({**message, "body": COMMENT} if body.startswith(b":") else message)

    async def _error(self, message: MutableMapping[str, Any]) -> None:
        body = to_error(message["body"])
        others = [header for header in self._begun["headers"] if header[0] != b"content-length"]
        await self._send({**self._begun, "headers": [(b"content-length", str(len(body)).encode()), *others]})
        await self._send({**message, "body": body})


async def _nothing() -> None:
    return

"""POST /api/v1/compare, /blend and /judge as plain ASGI: a person's own program asks several models at once.

They come in as a chat of an account does; the words on the wire are those of `app/api/account/written.py`.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from typing import Any

import orjson

from app import wiring
from app.api.account.asker import BY_KEY, Asker
from app.api.account.kept.keeping import Keeping, Place, conversations
from app.api.account.written import event_of, last_events, sums_of, whole_of
from app.api.common.body import BodyLimits, Receive, chat_limits, parse_as
from app.api.common.body_room import Share
from app.api.common.caller import check_platform_pays, check_simulated, read_labels
from app.api.common.errors import status_of
from app.api.v1.answering import serve
from app.api.v1.chat import LABELS
from app.api.v1.exchange import NO_ACTION, AsgiSend, Exchange, Scope
from app.api.v1.stream_comments import StreamComments
from app.domain.errors import BadField, CoinslotError
from app.domain.usage.idempotency import Claim
from app.domain.usage.tables import RequestMode
from app.flows.callers.anew import Renew
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Call
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


async def ask_several(scope: Scope, receive: Receive, send: AsgiSend) -> None:
    """Answers one request of an account that asks several models, and keeps it where it names a conversation."""
    keeping = Keeping(send)
    exchange = Exchange(scope, InTheirWords(keeping.send).send, scope["coinslot.request_id"], dict(scope["headers"]))
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
        """Returns what a body asks for. Raises BadField, also for a key: these answers are not kept for a retry."""
        raw, exchange.raw = exchange.raw, b""
        if exchange.text(b"idempotency-key") is not None:
            message = "An answer of several models is not kept for a retry: send it without this header."
            raise BadField("Idempotency-Key", message, "unsupported_field")
        asking, request, conversation_id = await parse_as(raw, partial(_read, self._read))
        share.follow(request)
        account_id = snapshot.account_id or ""
        if conversation_id is not None:
            await conversations().check(account_id, conversation_id)
            question = question_of(list(asking.messages))
            self._keeping.place = Place(account_id, conversation_id, asking.kind.value, question)
        check_simulated(snapshot.environment, exchange.text(b"x-paywall-simulate"))
        check_platform_pays(exchange.text(b"x-paywall-billing"), snapshot.rules)
        call = Call(snapshot=snapshot, user=account_id, user_from=None, request=request,
                    wants_errors=True, request_id=exchange.request_id,
                    client_request_id=exchange.scope.get("coinslot.client_request_id"),
                    labels=read_labels(*map(exchange.text, LABELS)))  # fmt: skip
        return _Several(exchange, call, asking, self._asker.renew(exchange)), None


def _read(read: Callable[[object], Asking], body: object) -> tuple[Asking, ChatRequest, str | None]:
    """Returns what is asked, the same as one chat, at which what is said instead of an answer looks, and where."""
    asking = read(body)
    request = read_chat_request({**asking.options, "model": asking.models[0], "messages": asking.messages})
    return asking, request, conversation_of(body) if isinstance(body, dict) else None


class _Several:
    """One call of several models and its answer on the wire."""

    def __init__(self, exchange: Exchange, call: Call, asking: Asking, renew: Renew) -> None:
        self._exchange, self._call, self._asking, self._renew = exchange, call, asking, renew

    async def answer(self, claimed: Claim | None) -> None:
        """Answers it. Raises CoinslotError in an answer's place."""
        panel = await modes_of(wiring.get()).door.begin(self._call, self._asking, self._renew)
        if isinstance(panel, Ask):
            await wiring.get().instead.say(self._call, panel)
        elif self._asking.is_stream:
            self._exchange.about = partial(about, panel)
            await self._stream(panel)
        else:
            await self._whole(panel)

    async def _whole(self, panel: Panel) -> None:
        modes = modes_of(wiring.get())
        seconds = None if self._asking.kind is RequestMode.COMPARE else modes.patience.whole
        result = await modes.carrier.whole(panel, seconds=seconds)
        await self._exchange.answer(ANSWERED, orjson.dumps(whole_of(result, self._sums(result))), NO_ACTION)

    async def _stream(self, panel: Panel) -> None:
        """Streams pieces as they come; what fails behind the first of them is the last event."""
        wired, exchange = wiring.get(), self._exchange
        try:
            async with StreamComments(exchange.piece, wired.settings.comment_seconds) as send:

                async def show(piece: Piece) -> None:
                    await send(event(event_of(piece)))

                result = await modes_of(wired).carrier.stream(panel, show)
        except CoinslotError as failure:
            if not exchange.has_begun:
                raise
            said = {"error": failure.message, "code": failure.code, "status_code": status_of(failure), "refunded": True}
            await exchange.last(event({**said, "done": True}))
            return
        events = last_events(result, self._sums(result))
        await exchange.last(b"".join(event(one) for one in events))

    def _sums(self, result: Result) -> dict[str, Any]:
        return sums_of(result, wiring.get().instead.wording(self._call).settled(result.settled))


class InTheirWords:
    """Sends an answer on; an error in the clients' words, and a comment so that both of them read on behind it."""

    def __init__(self, send: AsgiSend) -> None:
        self._send = send
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

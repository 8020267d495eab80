"""POST /api/v1/chat as plain ASGI: a person's own program asks one model, as the published clients do.

It is one more way into the flow that answers apps; only the words on the wire differ (`app/formats/account/chat.py`).
"""

from collections.abc import Awaitable, MutableMapping
from dataclasses import replace
from typing import Any

from app import wiring
from app.api.account.asker import BY_KEY, Asker
from app.api.account.beside.optimization import read_goal
from app.api.account.kept.keeping import Keeping, Place, conversations
from app.api.common.body import BodyLimits, Receive, chat_limits, parse_as
from app.api.common.body_room import Share
from app.api.common.caller import check_simulated, read_billing, read_labels
from app.api.v1.answering import Answering, serve
from app.api.v1.chat import LABELS
from app.api.v1.exchange import AsgiSend, Exchange, Scope
from app.domain import clock
from app.domain.legs.legs import Source
from app.domain.routing.auto import AUTO
from app.domain.routing.wanted import Routing
from app.domain.usage.idempotency import Claim, claim
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Call
from app.formats.account.chat import CHAT, AccountStream, conversation_of, question_of, to_error, to_openai, to_whole
from app.formats.account.routing import read_routing
from app.formats.openai_request import ChatRequest, read_chat_request

PATH = "/api/v1/chat"
ANSWERED = 200


async def chat(scope: Scope, receive: Receive, send: AsgiSend) -> None:
    """Answers one chat request of an account, and keeps it where it names a conversation."""
    keeping = Keeping(send)
    exchange = Exchange(scope, Rewritten(keeping).send, scope["coinslot.request_id"], dict(scope["headers"]))
    try:
        await serve(exchange, receive, ByAccount(keeping, BY_KEY))
    finally:
        keeping.end()


class ByAccount:
    """How an account asks one model; where it names a conversation, the answer is kept in it."""

    def __init__(self, keeping: Keeping, asker: Asker) -> None:
        self._keeping, self._asker = keeping, asker

    def find(self, exchange: Exchange) -> Awaitable[Snapshot]:
        """Returns the operator's paywall as the account sees it. Raises CoinslotError for whoever has none."""
        return self._asker.find(exchange)

    def limits(self) -> BodyLimits:
        """Returns how large and slow a body may be."""
        return chat_limits()

    async def understand(self, exchange: Exchange, snapshot: Snapshot, share: Share) -> tuple[Answering, Claim | None]:
        """Returns what a body asks for; a link is an error here, because nobody reads it in a chat.

        Raises BadField, and NotFound for a conversation that is not the account's.
        """
        raw, exchange.raw = exchange.raw, b""
        request, routing, conversation_id, question = await parse_as(raw, _read)
        share.follow(request)
        check_simulated(snapshot.environment, exchange.text(b"x-paywall-simulate"))
        if conversation_id is not None:
            await conversations().check(snapshot.account_id or "", conversation_id)
            self._keeping.place = Place(snapshot.account_id or "", conversation_id, CHAT, question)
        account_id, theirs = snapshot.account_id or "", exchange.scope.get("coinslot.client_request_id")
        if routing is not None and request.model == AUTO and routing.goal is None:
            routing = replace(routing, goal=await read_goal(account_id))
        call = Call(snapshot=snapshot, user=account_id, user_from=None, request=request, wants_errors=True,
                    request_id=exchange.request_id, client_request_id=theirs, routing=routing,
                    labels=read_labels(*map(exchange.text, LABELS)), deadline=_deadline(request),
                    source=read_billing(exchange.text(b"x-paywall-billing"), snapshot.rules))  # fmt: skip
        claimed = claim(exchange.text(b"idempotency-key"), snapshot.paywall_id, "account_chat", account_id, raw)
        self._keeping.has_key = claimed is not None
        return Answering(exchange, call, self._asker.renew(exchange)), claimed


def _deadline(request: ChatRequest) -> float | None:
    """Returns when an answer that is given whole has to be there: the clients wait for a minute."""
    return None if request.is_stream else clock.monotonic_seconds() + wiring.get().settings.whole_seconds_max


def _read(body: Any) -> tuple[ChatRequest, Routing | None, str | None, str]:
    request, routing = read_chat_request(to_openai(body)), read_routing(body)
    return request, routing, conversation_of(body), question_of(body.get("messages"))


class Rewritten:
    """Sends an answer in the clients' words: a stream event by event, anything else once it is whole.

    How long it took is said of an answer that nobody is given a second time: the same again would have to say the same.
    """

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._send = keeping.send
        self._began = clock.monotonic_seconds()
        self._begun: MutableMapping[str, Any] = {}
        self._stream: AccountStream | None = None

    def send(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        """Sends a message of the answer."""
        if message["type"] == "http.response.start":
            self._begun = message
            return self._begin()
        if self._stream is not None:
            body = self._stream.feed(message.get("body", b""), self._milliseconds())
            return self._send({**message, "body": body})
        return self._whole(message)

    async def _begin(self) -> None:
        headers = dict(self._begun["headers"])
        if headers[b"content-type"].startswith(b"text/event-stream"):
            self._stream = AccountStream(self._beside())
            await self._send(self._begun)

    async def _whole(self, message: MutableMapping[str, Any]) -> None:
        body = message["body"]
        if self._begun["status"] == ANSWERED:
            body = to_whole(body, self._beside(), self._milliseconds())
        else:
            body = to_error(body)
        others = [header for header in self._begun["headers"] if header[0] != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await self._send({**self._begun, "headers": [length, *others]})
        await self._send({**message, "body": body})

    def _beside(self) -> dict[str, Any]:
        """Returns what is said of an answer beside what it holds itself."""
        place, headers = self._keeping.place, dict(self._begun["headers"])
        kept = {} if place is None else {"conversation_id": place.conversation_id}
        return {"byok": headers.get(b"x-paywall-billing") == Source.OWN.encode(), **kept}

    def _milliseconds(self) -> int | None:
        return None if self._keeping.has_key else int((clock.monotonic_seconds() - self._began) * 1_000)

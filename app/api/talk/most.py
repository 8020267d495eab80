"""POST /talk/most/{mode}: what a question may cost at most, and whether that can be paid, before it is asked.

It brings the whole conversation, as the question itself will, and comes in by the same door: who asks is known before a
byte of it is read. Plain ASGI.
"""

import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.api.account.modes import READERS
from app.api.common.body import BodyLimits, Receive, chat_limits, parse_as
from app.api.common.body_room import Share
from app.api.talk.asking import BY_SESSION
from app.api.v1.answering import serve
from app.api.v1.exchange import AsgiSend, Exchange, Scope
from app.domain.money import format_for_people
from app.domain.usage.idempotency import Claim
from app.flows.callers.snapshot import Snapshot
from app.flows.talk.most import read_most, read_most_of_several
from app.formats.account.chat import to_openai
from app.formats.account.modes import Asking
from app.formats.account.routing import read_routing
from app.formats.openai_request import ChatRequest, read_chat_request

NO_STORE = (b"cache-control", b"no-store")
Asked = Asking | Sequence[ChatRequest]
"""Several models at once, or each of those of which one may answer."""
_PATH = re.compile(r"/talk/most/([a-z]+)")


def mode_of(path: str) -> str | None:
    """Returns of which mode a path asks that, None for every other path."""
    found = _PATH.fullmatch(path)
    return None if found is None else found[1]


async def tell_most(scope: Scope, receive: Receive, send: AsgiSend, mode: str) -> None:
    """Answers whoever is signed in."""
    exchange = Exchange(scope, send, scope["coinslot.request_id"], dict(scope["headers"]))
    await serve(exchange, receive, _BeforeAsking(f"/api/v1/{mode}"))


class _BeforeAsking:
    """How that is asked; `path` is the one under which programs would ask the question."""

    def __init__(self, path: str) -> None:
        self._path = path

    def find(self, exchange: Exchange) -> Awaitable[Snapshot]:
        """Returns the operator's paywall as whoever is signed in sees it. Raises Blocked, NotSignedIn, NotFound."""
        return BY_SESSION.find(exchange)

    def limits(self) -> BodyLimits:
        """Returns how large and slow a body may be: as the question itself."""
        return chat_limits()

    async def understand(self, exchange: Exchange, snapshot: Snapshot, _share: Share) -> tuple["_Most", Claim | None]:
        """Returns what is asked about. Raises BadField."""
        raw, exchange.raw = exchange.raw, b""
        return _Most(exchange, snapshot, await parse_as(raw, READERS.get(self._path, _one_of))), None


@dataclass(slots=True)
class _Most:
    """A question that is not asked yet, and what is said of it."""

    exchange: Exchange
    snapshot: Snapshot
    asked: Asked

    async def answer(self, _claimed: Claim | None) -> None:
        """Says it. Raises UnknownModel, BadField."""
        snapshot, account_id = self.snapshot, self.snapshot.account_id or ""
        if isinstance(self.asked, Asking):
            most = await read_most_of_several(snapshot, account_id, self.asked)
        else:
            most = await read_most(snapshot, account_id, self.asked)
        amount = most.most_nanos if most.is_enough else most.least_nanos
        said = {"at_most": format_for_people(amount, snapshot.unit), "is_enough": most.is_enough, "beside": most.beside}
        await self.exchange.answer(200, orjson.dumps(said), [NO_STORE])


def _one_of(body: Any) -> Sequence[ChatRequest]:
    """Returns what a chat asks of the model that it names, and of each that may answer instead."""
    asked, routing = to_openai(body), read_routing(body)
    others = () if routing is None else routing.fallback
    return [read_chat_request({**asked, "model": model}) for model in (asked.get("model"), *others)]

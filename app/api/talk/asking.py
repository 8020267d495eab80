"""POST /talk/{mode}: what somebody asks on the chat page. It goes the way of their programs under /api/v1. Plain ASGI.

The page sends the conversation each time. Beside the answer it is told about once a second what that costs by now.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from fastapi import Request

from app.api.account.asker import Asker
from app.api.account.chat import ByAccount, Rewritten
from app.api.account.kept.keeping import Keeping
from app.api.account.modes import READERS, BySeveral, InTheirWords
from app.api.common.body import Receive
from app.api.common.caller import find_own, renew_own
from app.api.common.visitor import check_own_page, session_token_of
from app.api.playground.costs import CostEvents
from app.api.v1.answering import Way, serve
from app.api.v1.exchange import AsgiSend, Exchange, Scope
from app.domain.errors import NotSignedIn
from app.flows.callers.anew import Renew
from app.flows.callers.snapshot import Snapshot
from app.flows.people.sign_in import find_person


@dataclass(frozen=True, slots=True)
class Mode:
    """How a mode is asked: what puts its answer into the clients' words, and the way by which it comes in."""

    words: Callable[[Keeping], "Sends"]
    way: Callable[[Keeping, Asker], Way]


class Sends(Protocol):
    """Sends an answer's messages."""

    def send(self, message: MutableMapping[str, Any]) -> Awaitable[None]:
        """Sends a message."""
        ...


MODES: Mapping[str, Mode] = {
    "chat": Mode(Rewritten, ByAccount),
    **{path.rpartition("/")[2]: Mode(InTheirWords, partial(BySeveral, read=read)) for path, read in READERS.items()},
}
"""The modes of the page by their names."""
AGAIN = b"x-talk-again"
"""The header that names the request and the leg that an answer repeats: `req_…:1`."""
_PATH = re.compile(r"/talk/([a-z]+)")
_AGAIN = re.compile(r"(req_[0-9a-z]{1,40}):([0-9]{1,2})")


def way_of(path: str) -> str | None:
    """Returns in which mode a path asks, None for every other path."""
    found = _PATH.fullmatch(path)
    return found[1] if found is not None and found[1] in MODES else None


async def ask(scope: Scope, receive: Receive, send: AsgiSend, name: str) -> None:
    """Answers whoever is signed in, and keeps the answer where it names a conversation of theirs."""
    keeping = Keeping(send)
    costs = CostEvents(MODES[name].words(keeping).send)
    exchange = Exchange(scope, costs.send, scope["coinslot.request_id"], dict(scope["headers"]))
    keeping.again_of = again_of(exchange.text(AGAIN))
    costs.begin(exchange)
    try:
        await serve(exchange, receive, MODES[name].way(keeping, BY_SESSION))
    finally:
        costs.end()
        keeping.end()


def again_of(text: str | None) -> tuple[str, int] | None:
    """Returns the request and the leg that an answer repeats; None for what names none."""
    found = _AGAIN.fullmatch(text or "")
    return None if found is None else (found[1], int(found[2]))


class _BySession:
    """Whoever is signed in, by their session's cookie, from our own page."""

    async def find(self, exchange: Exchange) -> Snapshot:
        """Returns the operator's paywall as they see it. Raises Blocked for another site, NotSignedIn, NotFound."""
        request = Request(exchange.scope)
        check_own_page(request)
        person = await find_person(session_token_of(request))
        if person is None:
            raise NotSignedIn("Sign in to chat.")
        return await find_own(person.account_id)

    def renew(self, _exchange: Exchange) -> Renew:
        """Returns what reads that paywall anew."""
        return renew_own


BY_SESSION = _BySession()

"""POST /play/{slug}/chat: what a visitor asks, as one more way into the flow that answers apps. Plain ASGI, as theirs.

Nothing of what is said stays here: the page sends the conversation each time, and keeps it in its tab.
"""

import re
from functools import partial
from typing import Any

from fastapi import Request

from app import wiring
from app.api.common.body import BodyLimits, Receive, parse_as
from app.api.common.body_room import Share
from app.api.common.caller import renew_playground
from app.api.common.visitor import address_of, check_own_page
from app.api.playground.costs import CostEvents
from app.api.playground.visitors import Visitor, find_visitor
from app.api.v1.answering import Answering, serve
from app.api.v1.exchange import AsgiSend, Exchange, Scope
from app.domain.errors import BadField
from app.domain.usage.idempotency import Claim
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Call, Run
from app.flows.playground.bounds import Entry
from app.formats.openai_request import ChatRequest, read_chat_request

PATH = re.compile(r"/play/([^/]+)/chat")
BODY_BYTES_MAX = 262_144
"""How long a conversation may get: some 60,000 tokens."""
MESSAGES_MAX = 200
ROLES = ("user", "assistant")
"""Who speaks in it. What an app tells its models beside is the app's, and a playground has none."""


def slug_of(path: str) -> str | None:
    """Returns of which playground a path is the chat, None for every other path."""
    found = PATH.fullmatch(path)
    return None if found is None else found[1]


async def ask(scope: Scope, receive: Receive, send: AsgiSend, slug: str) -> None:
    """Answers a visitor, and tells about once a second what that costs by now."""
    costs, way = CostEvents(send), _ByPlayground(slug)
    exchange = Exchange(scope, costs.send, scope["coinslot.request_id"], dict(scope["headers"]))
    costs.begin(exchange)
    try:
        await serve(exchange, receive, way)
    finally:
        costs.end()
        way.leave(exchange)


class _ByPlayground:
    """How one visitor's request comes in: from our own page, within the bounds of playgrounds."""

    def __init__(self, slug: str) -> None:
        self._slug = slug
        self._visitor: Visitor | None = None
        self._entry: Entry | None = None

    async def find(self, exchange: Exchange) -> Snapshot:
        """Returns the playground's paywall. Raises Blocked for another site, NotFound, NotSignedIn, LimitReached."""
        request, wired = Request(exchange.scope), wiring.get()
        check_own_page(request)
        self._visitor = await find_visitor(request, self._slug)
        snapshot = self._visitor.snapshot
        assert snapshot.requests_per_hour is not None  # noqa: S101 - a playground's has a bound
        self._entry = await wired.playgrounds.enter(
            snapshot.paywall_id, snapshot.requests_per_hour, address_of(request), exchange.request_id, wired.keeper.keep
        )
        return snapshot

    def limits(self) -> BodyLimits:
        """Returns how large and slow a body may be."""
        chosen = wiring.get().settings
        bytes_max = min(BODY_BYTES_MAX, chosen.body_bytes_max)
        return BodyLimits(bytes_max, chosen.form_seconds_max, chosen.silence_seconds_max)

    async def understand(self, exchange: Exchange, snapshot: Snapshot, share: Share) -> tuple[Answering, Claim | None]:
        """Returns what is asked; a visitor has no key for a retry. Raises BadField."""
        assert self._visitor is not None  # noqa: S101 - it was found before
        raw, exchange.raw = exchange.raw, b""
        request = await parse_as(raw, _read)
        share.follow(request)
        call = Call(snapshot=snapshot, user=self._visitor.user, user_from=None, request=request,
                    request_id=exchange.request_id, return_url=self._visitor.page)  # fmt: skip
        return Answering(exchange, call, partial(renew_playground, slug=self._slug)), None

    def leave(self, exchange: Exchange) -> None:
        """Lets the visitor's next request in, whatever became of this one."""
        if self._entry is not None:
            wired = wiring.get()
            wired.keeper.keep(wired.playgrounds.leave(self._entry, is_answered=isinstance(exchange.begun, Run)))


def _read(body: Any) -> ChatRequest:
    """Returns a conversation as a streamed request: a model, who said what, and nothing else. Raises BadField."""
    if not isinstance(body, dict) or not body.keys() <= {"model", "messages"}:
        raise BadField(None, "The body must be an object with `model` and `messages`.")
    messages = body.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MESSAGES_MAX or not all(map(_is_said, messages)):
        raise BadField("messages", f"`messages` must be 1 to {MESSAGES_MAX} texts of `user` and `assistant`.")
    said = [{"role": message["role"], "content": message["content"]} for message in messages]
    options = {"stream": True, "stream_options": {"include_usage": True}}
    return read_chat_request({"model": body.get("model"), "messages": said, **options})


def _is_said(message: Any) -> bool:
    return (
        isinstance(message, dict) and message.keys() == {"role", "content"} and message["role"] in ROLES
        and isinstance(message["content"], str) and message["content"] != ""
    )  # fmt: skip

"""POST /v1/chat/completions as plain ASGI: the hot path. Nothing is decided here; it only speaks HTTP."""

from collections.abc import Awaitable
from functools import partial

from app.api.common.body import BodyLimits, Receive, chat_limits, parse_as
from app.api.common.body_room import Share
from app.api.common.caller import (
    NamedUser,
    check_simulated,
    find_payer,
    find_user,
    read_billing,
    read_labels,
    renew,
)
from app.api.v1.answering import Answering, serve
from app.api.v1.exchange import AsgiSend, Exchange, Scope
from app.domain.usage.idempotency import Claim, claim
from app.domain.wallets.wallets import RESERVED_WORDS
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Call
from app.formats.openai_request import read_chat_request

LABELS = (b"x-paywall-session", b"x-paywall-agent", b"x-paywall-order")
SAID = frozenset({*LABELS, b"idempotency-key", b"x-paywall-billing", b"x-paywall-return-url", b"x-paywall-state",
                  b"x-paywall-errors", b"x-paywall-simulate"})  # fmt: skip
"""Headers that say something about a call; most have none of them."""


def chat(scope: Scope, receive: Receive, send: AsgiSend) -> Awaitable[None]:
    """Answers one chat request; `scope["coinslot.request_id"]` is its id, `coinslot.headers` what tells it."""
    return serve(Exchange(scope, send, scope["coinslot.request_id"], dict(scope["headers"])), receive, _BY_KEY)


class _ByKey:
    """How an app's server calls, by its paywall's key; and a person's own programs, by their account's."""

    def find(self, exchange: Exchange) -> Awaitable[Snapshot]:
        """Returns the paywall of the key. Raises UnknownKey, WrongMode."""
        return find_payer(exchange.headers.get(b"authorization"))

    def limits(self) -> BodyLimits:
        """Returns how large and slow a body may be."""
        return chat_limits()

    async def understand(self, exchange: Exchange, snapshot: Snapshot, share: Share) -> tuple[Answering, Claim | None]:
        """Returns what a body asks for, and its claim of a key. Raises BadField for what cannot be asked for."""
        raw, exchange.raw = exchange.raw, b""
        request = await parse_as(raw, read_chat_request)
        share.follow(request)
        named = _named(exchange, snapshot, request.user)
        theirs = exchange.scope.get("coinslot.client_request_id")
        call = Call(snapshot=snapshot, user=named.id, user_from=named.place, request=request,
                    request_id=exchange.request_id, client_request_id=theirs)  # fmt: skip
        claimed = None if exchange.headers.keys().isdisjoint(SAID) else _hear(exchange, call, raw)
        return Answering(exchange, call, partial(renew, authorization=exchange.headers.get(b"authorization"))), claimed


_BY_KEY = _ByKey()


def _named(exchange: Exchange, snapshot: Snapshot, in_body: object) -> NamedUser:
    """Returns who pays: with an account's key that account, whomever a request names. Raises BadField."""
    if snapshot.account_id is not None:
        return NamedUser(snapshot.account_id, None)
    header, path = exchange.text(b"x-paywall-user"), _path_user(exchange.scope)
    return find_user(snapshot.configuration.user_from, body=in_body, header=header, path=path)


def _hear(exchange: Exchange, call: Call, raw: bytes) -> Claim | None:
    """Adds what the headers say to a call, and returns its claim of a key. Raises BadField."""
    text = exchange.text
    call.source = read_billing(text(b"x-paywall-billing"), call.snapshot.rules)
    check_simulated(call.snapshot.environment, text(b"x-paywall-simulate"))
    call.labels = read_labels(*map(text, LABELS))
    call.return_url, call.state = text(b"x-paywall-return-url"), text(b"x-paywall-state")
    call.wants_errors = text(b"x-paywall-errors") == "http"
    return claim(text(b"idempotency-key"), call.snapshot.paywall_id, "chat", call.user, raw)


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

"""Idempotency keys: the first answer that moved money is kept, and given again to a retry.

Scope: the paywall, the route and the user (`decisions.md` 7). The answer is written in the transaction
that moves the money, so there is never one without the other. A chat's key is claimed with its hold, so
that two of them never run; its answer is kept for a while, sealed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import AnswerForgotten, BadField, KeyReused
from app.domain.ids import derived_id
from app.domain.legs.legs import Source
from app.domain.rows import RowDelete, RowInsert, RowUpdate
from app.domain.usage.tables import IdempotentAnswer
from app.sql.columns import table_of

KEY_CHARACTERS_MAX = 255
CHAT_ANSWER_SECONDS = 15 * 60
"""How long a chat's answer is kept, and CHAT_KEY_SECONDS how long its key is known to have been used."""
CHAT_KEY_SECONDS = 24 * 60 * 60

_TABLE = table_of(IdempotentAnswer)


@dataclass(frozen=True, slots=True)
class Claim:
    """A key in its scope. `id` names it in the ledger too, so that the money itself moves once."""

    id: str
    body_hash: str


def claim(key: str | None, paywall_id: str, route: str, user: str, body: bytes) -> Claim | None:
    """Returns the claim of a request's Idempotency-Key, None without one. Raises BadField."""
    if key is None:
        return None
    if not 1 <= len(key) <= KEY_CHARACTERS_MAX or not key.isprintable():
        raise BadField("Idempotency-Key", "`Idempotency-Key` must have 1 to 255 printable characters.")
    return Claim(derived_id("idem", paywall_id, route, user, key), hashlib.sha256(body).hexdigest())


def read_answer(session: Session, claimed: Claim) -> Mapping[str, Any] | None:
    """Returns the answer that was given before. Raises KeyReused if it was to another body."""
    stored = session.get(IdempotentAnswer, claimed.id)
    if stored is None:
        return None
    if stored.body_hash != claimed.body_hash:
        raise KeyReused("This Idempotency-Key was used before with another body.")
    return dict(stored.answer)


def keep_answer(claimed: Claim, answer: Mapping[str, Any]) -> RowInsert:
    """Returns the row that keeps an answer."""
    values = {"id": claimed.id, "body_hash": claimed.body_hash, "answer": dict(answer), "created_at": clock.now()}
    return RowInsert(_TABLE, values)


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What is known of a chat's key: `sealed` is its answer, None while it still runs.

    `request_id` is the request whose receipt explains it, None for those that were kept before that was; `action` what
    its header told the user to do, and `billing` who paid the provider.
    """

    sealed: str | None
    is_stream: bool
    request_id: str | None = None
    action: str = "none"
    billing: str = Source.PLATFORM.value


def claim_chat(claimed: Claim) -> RowInsert:
    """Returns the row that claims a key for a chat; the hold's transaction fails if another has it."""
    values = {"id": claimed.id, "body_hash": claimed.body_hash, "answer": None, "created_at": clock.now()}
    return RowInsert(_TABLE, values)


def keep_chat(claim_id: str, answer: ChatAnswer) -> RowUpdate:
    """Returns the change that keeps a chat's answer, beside its settlement."""
    stored = {"sealed": answer.sealed, "is_stream": answer.is_stream, "request_id": answer.request_id,
              "action": answer.action, "billing": answer.billing}  # fmt: skip
    return RowUpdate(_TABLE, claim_id, {"answer": stored, "finished_at": clock.now()})


def give_up_chat(claim_id: str) -> RowDelete:
    """Returns the change that frees the key of a chat that moved no money, so that a retry runs."""
    return RowDelete(_TABLE, claim_id)


def read_chat(session: Session, claimed: Claim) -> ChatAnswer | None:
    """Returns what a key was answered with, None if it is free.

    Raises KeyReused if it was used for another body, AnswerForgotten if the answer is no longer kept.
    """
    stored = session.get(IdempotentAnswer, claimed.id)
    if stored is None:
        return None
    if stored.body_hash != claimed.body_hash:
        raise KeyReused("This Idempotency-Key was used before with another body.")
    if stored.finished_at is None:
        return ChatAnswer(None, False)
    if not (stored.answer or {}).get("sealed") or stored.finished_at + CHAT_ANSWER_SECONDS * clock.SECOND < clock.now():
        raise AnswerForgotten("The answer to this Idempotency-Key is no longer kept. It was charged; use a new key.")
    return ChatAnswer(**stored.answer)


def forget_chats(session: Session) -> int:
    """Empties old answers of chats, forgets their keys after a day, and returns how many it changed."""
    now, finished = clock.now(), _TABLE.c.finished_at
    is_old = finished < now - CHAT_ANSWER_SECONDS * clock.SECOND
    emptied = session.execute(update(_TABLE).where(is_old, _TABLE.c.answer.is_not(None)).values(answer=None))
    dropped = session.execute(delete(_TABLE).where(finished < now - CHAT_KEY_SECONDS * clock.SECOND))
    return int(emptied.rowcount + dropped.rowcount)  # type: ignore[attr-defined]

"""Idempotency keys: the first answer that moved money is kept, and given again to a retry.

Scope: the paywall, the route and the user (`decisions.md` 7). The answer is written in the transaction
that moves the money, so there is never one without the other.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField, KeyReused
from app.domain.ids import derived_id
from app.domain.rows import RowInsert
from app.domain.tables import table_of
from app.domain.usage.tables import IdempotentAnswer

KEY_CHARACTERS_MAX = 255


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
    table = table_of(IdempotentAnswer)
    values = {"id": claimed.id, "body_hash": claimed.body_hash, "answer": dict(answer), "created_at": clock.now()}
    return RowInsert(table, values)

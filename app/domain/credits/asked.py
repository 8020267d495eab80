"""What an account asked and its credits paid for, request by request, the newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, text
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.ids import as_id
from app.domain.usage.request_list import LOOKED_MAX
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import OWN_WALLETS, RequestKind, RequestMode

COUNTED_MAX = 10_000
"""How many are counted at most; there may be more."""
CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Found:
    """What a list is of; empty words leave nothing out. `search` is a part of a model's name, or an id.

    `manner` says how many models were asked, and to what end.
    """

    search: str = ""
    manner: str = ""


def read_page(
    session: Session, wallet_id: str, wanted: Found, limit: int, offset: int
) -> tuple[Sequence[Mapping[str, Any]], int]:
    """Returns the rows of a page, and how many there are in all, as far as they are counted."""
    which = _which(wallet_id, wanted)
    rows = session.execute(select(TABLE).where(*which).order_by(TABLE.c.id.desc()).limit(limit).offset(offset))
    counted = select(TABLE.c.id).where(*which).limit(COUNTED_MAX).subquery()
    total = session.scalar(select(func.count()).select_from(counted))
    return [dict(row) for row in rows.mappings()], int(total or 0)


def read_one(session: Session, wallet_id: str, request_id: str) -> Mapping[str, Any]:
    """Returns the row of one. Raises NotFound for everybody else's."""
    row = session.execute(select(TABLE).where(TABLE.c.id == as_id(request_id))).mappings().first()
    if row is None or row["wallet_id"] != wallet_id or row["kind"] != RequestKind.CHAT:
        raise NotFound(f"There is no request {request_id}.")
    return dict(row)


def _which(wallet_id: str, wanted: Found) -> list[ColumnElement[bool]]:
    """Returns what the rows must be. Words are looked for among the newest only: no index finds them."""
    which: list[ColumnElement[bool]] = [
        TABLE.c.wallet_id == wallet_id, text(OWN_WALLETS), TABLE.c.kind == RequestKind.CHAT,  # type: ignore[list-item]
    ]  # fmt: skip
    if wanted.search:
        word = as_id(wanted.search)
        newest = select(TABLE.c.id).where(*which).order_by(TABLE.c.id.desc()).offset(LOOKED_MAX - 1).limit(1)
        which.append(TABLE.c.id >= func.coalesce(newest.scalar_subquery(), ""))
        which.append(TABLE.c.model.contains(word, autoescape=True) | (TABLE.c.id == word) if word else false())
    if wanted.manner:
        modes = {CHAT: None, **{one.value: one for one in RequestMode}}
        which.append(TABLE.c.mode.is_not_distinct_from(modes[wanted.manner]) if wanted.manner in modes else false())
    return which

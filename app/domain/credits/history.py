"""The history of credits: what a request reserved, then what it differed from that in the end, as lines of their own.

They are derived from the request's row and stored nowhere: the ledger posts a charge once (`decisions.md` 19). What was
really held may have been more; the receipt says it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ids import least_id
from app.domain.ledger.accounts import Account
from app.domain.legs.legs import Source
from app.domain.money import NANOS
from app.domain.pricing.receipts import Receipt, explain
from app.domain.usage.activity import Movement, read_wallet_movements
from app.domain.usage.request_list import BEGUN_SECONDS_MAX, PREFIX
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import OWN_WALLETS, RequestKind, RequestMode, RequestStatus
from app.sql.in_lists import in_list

RESERVES: Mapping[str | None, int] = {
    None: NANOS,
    RequestMode.MESH: NANOS,
    RequestMode.COMPARE: 2 * NANOS,
    RequestMode.BLEND: 4 * NANOS,
    RequestMode.JUDGE: 5 * NANOS,
}
"""What a request reserves by its mode, at least; a chat one credit. What own keys pay for reserves nothing."""


class EntryKind(StrEnum):
    """What a line of a request is."""

    RESERVE = "reserve"
    """What was set aside before it ran."""
    SETTLE = "settle"
    """What its charge was more, or less, than that."""
    REFUND = "refund"
    """What was given back of a charge later."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the history: of a request, or a movement of the wallet that none made, whose kind is the ledger's.

    `nanos` are below zero for what went out, `at` is in microseconds. The newest line of a request has its `receipt`.
    """

    id: str
    kind: str
    nanos: int
    at: int
    model: str | None = None
    receipt: Receipt | None = None
    movement: Movement | None = None


def reserved_of(row: Mapping[Any, Any]) -> int:
    """Returns what the row of a request over credits reserved by its mode, in nanos, whatever was held for it."""
    is_own = row["billing_source"] == Source.OWN and not row["hold_nanos"]
    return 0 if is_own else RESERVES[row["mode"]]


def entries_of(row: Mapping[str, Any]) -> Sequence[Entry]:
    """Returns the lines of a request's row, the newest first; those of one that has ended come to its charge."""
    receipt, model = explain(row, row["external_id"]), row["model"]
    if row["kind"] == RequestKind.REFUND:
        return [Entry(row["id"], EntryKind.REFUND, row["charge_nanos"], row["created_at"], model, receipt)]
    reserved = reserved_of(row)
    difference = reserved - row["charge_nanos"]
    has_ended = row["status"] != RequestStatus.RUNNING and difference != 0
    reserve = Entry(f"{row['id']}:{EntryKind.RESERVE}", EntryKind.RESERVE, -reserved, row["created_at"], model,
                    None if has_ended else receipt)  # fmt: skip
    if not has_ended:
        return [reserve]
    at = row["finished_at"] or row["created_at"]
    return [Entry(f"{row['id']}:{EntryKind.SETTLE}", EntryKind.SETTLE, difference, at, model, receipt), reserve]


def read_history(
    session: Session, account: Account, limit: int, offset: int = 0, until: int | None = None
) -> Sequence[Entry]:
    """Returns up to `limit` lines of somebody's credits behind the newest `offset`, the newest first.

    With `until` (exclusive, microseconds) nothing newer counts: lines are only ever added at the front, so that pages
    which say the same lose none and double none while more come in.
    """
    most = limit + offset
    others = {
        one.id: one
        for one in read_wallet_movements(session, account, limit=most, but_requests=True, until=until)
    }  # fmt: skip
    lines = [(one.at, one.id, False) for one in others.values()]
    lines += _read_lines(session, account.owner, most, NEVER if until is None else until)
    # Of two lines of one request and instant the settlement is the newer.
    page = sorted(lines, reverse=True)[offset:most]
    rows = _read_rows(session, [id_ for _, id_, _ in page if id_ not in others])
    return [_entry(others[id_]) if id_ in others else entries_of(rows[id_])[0 if is_end else -1]
            for _, id_, is_end in page]  # fmt: skip


NEVER = 2**62
"""Later than every time."""
Line = tuple[int, str, bool]
"""When a line of a request is dated, whose it is, and whether it is the difference."""


def _entry(one: Movement) -> Entry:
    return Entry(one.id, one.kind, one.amount_nanos, one.at, movement=one)


def _read_rows(session: Session, request_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    if not request_ids:
        return {}  # of none at all SQLite looks through every request that there is
    found = session.execute(select(TABLE).where(TABLE.c.id.in_(in_list(request_ids)))).mappings()
    return {row["id"]: dict(row) for row in found}


def _read_lines(session: Session, wallet_id: str, most: int, until: int) -> list[Line]:
    """Returns when the lines of a wallet's requests are dated, the `most` newest of them and some more, in any order.

    The requests with the newest ids have that many lines between them: no older line than the oldest of theirs counts.
    """
    asked = {"wallet": wallet_id, "until": until, "most": most, "least": ""}
    newest = session.execute(_begun(), {**asked, "since": 0, "end": least_id(PREFIX, until + 1_000)}).all()
    since, begun = 0, list(newest)
    if len(newest) == most:
        since = min(row.at for row in newest)
        # Ids sort by when a request came in, its lines by when it was written, which may be this much later.
        least = least_id(PREFIX, since - BEGUN_SECONDS_MAX * clock.SECOND)
        older = {**asked, "since": since, "least": least, "end": newest[-1].id, "most": NEVER}
        begun += session.execute(_begun(), older).all()
    ended = session.execute(_ended(), {"wallet": wallet_id, "until": until, "since": since})
    return [(row.at, row.id, False) for row in begun] + [(row.at, row.id, True) for row in ended]


_MINE = (TABLE.c.wallet_id == bindparam("wallet"), text(OWN_WALLETS))


@cache
def _begun() -> Select[Any]:
    """Returns the question for the requests of a wallet with the newest ids, and when they were written."""
    at = TABLE.c.created_at
    return (
        select(TABLE.c.id, at.label("at"))
        .where(*_MINE, TABLE.c.id >= bindparam("least"), TABLE.c.id < bindparam("end"),
               at >= bindparam("since"), at < bindparam("until"))
        .order_by(TABLE.c.id.desc())
        .limit(bindparam("most"))
    )  # fmt: skip


@cache
def _ended() -> Select[Any]:
    """Returns the question for a wallet's requests that ended in a time and have a line of their difference."""
    at = TABLE.c.finished_at
    return select(TABLE.c.id, at.label("at")).where(
        *_MINE, at >= bindparam("since"), at < bindparam("until"), TABLE.c.kind != RequestKind.REFUND,
        TABLE.c.charge_nanos != _reserved(), TABLE.c.status != RequestStatus.RUNNING,
    )  # fmt: skip


def _reserved() -> ColumnElement[int]:
    """Returns what `reserved_of` does, for the database to say."""
    is_own = and_(TABLE.c.billing_source == Source.OWN.value, TABLE.c.hold_nanos == 0)
    modes = {one: RESERVES[one] for one in RequestMode}
    return case((is_own, 0), else_=case(modes, value=TABLE.c.mode, else_=RESERVES[None]))

"""The history of credits: what a request reserved, then what it differed from that in the end, as lines of their own.

They are derived from the request's row and stored nowhere: the ledger posts a charge once (`decisions.md` 19). What was
really held may have been more; the receipt says it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, case, func, select, text
from sqlalchemy.orm import Session

from app.domain.ids import least_id
from app.domain.ledger.accounts import Account
from app.domain.legs.legs import Source
from app.domain.money import NANOS
from app.domain.pricing.receipts import Receipt, explain
from app.domain.usage.activity import Movement, read_wallet_movements
from app.domain.usage.request_list import LOOKED_MAX, PREFIX
from app.domain.usage.requests import TABLE
from app.domain.usage.tables import OWN_WALLETS, RequestKind, RequestMode, RequestStatus

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
    which say the same lose none and double none while more come in. A request that ended behind more than `LOOKED_MAX`
    that began later is found only where they are.
    """
    most = limit + offset
    asked = {"wallet": account.owner, "most": most, "looked": most + LOOKED_MAX}
    if until is not None:
        asked |= {"until": until, "end": least_id(PREFIX, until + 1_000)}
    requests = session.execute(_read_requests(is_bounded=until is not None), asked).mappings()
    found = [(row["id"], entry) for row in requests for entry in entries_of(dict(row))]
    others = read_wallet_movements(session, account, limit=most, but_requests=True, until=until)
    found += [(one.id, Entry(one.id, one.kind, one.amount_nanos, one.at, movement=one)) for one in others]
    # Of two lines of one request and instant the settlement is the newer: it came first from its row.
    found.sort(key=lambda line: (line[1].at, line[0]), reverse=True)
    return [entry for _, entry in found if until is None or entry.at < until][offset:most]


@cache
def _read_requests(*, is_bounded: bool) -> Select[Any]:
    """Returns the question for the requests with the newest lines, until a time if it `is_bounded`: one that was long
    in ending has a newer line than others that began later."""
    until: BindParameter[int] = bindparam("until")
    begun = TABLE.c.created_at
    mine = select(TABLE.c.id).where(TABLE.c.wallet_id == bindparam("wallet"), text(OWN_WALLETS))
    mine = mine.where(TABLE.c.id < bindparam("end")) if is_bounded else mine
    looked = mine.order_by(TABLE.c.id.desc()).limit(bindparam("looked")).subquery()
    found = select(TABLE).join(looked, looked.c.id == TABLE.c.id)
    has_settled = and_(TABLE.c.kind != RequestKind.REFUND, TABLE.c.charge_nanos != _reserved(),
                       TABLE.c.status != RequestStatus.RUNNING)  # fmt: skip
    if is_bounded:
        found, has_settled = found.where(begun < until), and_(has_settled, TABLE.c.finished_at < until)
    newest = case((has_settled, func.coalesce(TABLE.c.finished_at, begun)), else_=begun)
    return found.order_by(newest.desc(), TABLE.c.id.desc()).limit(bindparam("most"))


def _reserved() -> ColumnElement[int]:
    """Returns what `reserved_of` does, for the database to say."""
    is_own = and_(TABLE.c.billing_source == Source.OWN.value, TABLE.c.hold_nanos == 0)
    modes = {one: RESERVES[one] for one in RequestMode}
    return case((is_own, 0), else_=case(modes, value=TABLE.c.mode, else_=RESERVES[None]))

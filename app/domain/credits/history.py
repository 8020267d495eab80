"""The history of credits: what a request reserved, then what it differed from that in the end, as lines of their own.

They are derived from the request's row and stored nowhere: the ledger posts a charge once (`decisions.md` 19). What was
really held may have been more; the receipt says it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Account
from app.domain.legs.legs import Source
from app.domain.money import NANOS
from app.domain.pricing.receipts import Receipt, explain
from app.domain.usage.activity import Movement, read_wallet_movements
from app.domain.usage.request_list import RequestFilter, look
from app.domain.usage.tables import RequestKind, RequestMode, RequestStatus

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
    session: Session, account: Account, paywall_id: str, person_id: str, limit: int, offset: int = 0
) -> Sequence[Entry]:
    """Returns up to `limit` lines of somebody's credits behind the newest `offset`, the newest first.

    Of the paywall's requests so many are looked at as a list of them looks at.
    """
    most = limit + offset
    requests = look(session, paywall_id, RequestFilter(user=person_id), None, most).rows
    others = read_wallet_movements(session, account, limit=most, but_requests=True)
    entries = [entry for row in requests for entry in entries_of(row)]
    entries += [Entry(one.id, one.kind, one.amount_nanos, one.at, movement=one) for one in others]
    # Of two of one instant the settlement is the newer: its line came first from its row.
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[offset:most]

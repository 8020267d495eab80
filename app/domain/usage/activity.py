"""Activity: every movement of a wallet, newest first, with the receipt behind each charge."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, func, select, union_all
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Account
from app.domain.ledger.tables import LedgerTransfer
from app.domain.pricing.receipts import Receipt, explain
from app.domain.usage.requests import TABLE as REQUESTS
from app.domain.usage.tables import RequestKind
from app.sql.columns import table_of

LINES_MAX = 6
"""Into how many transfers a charge may be split: provider, fee and earnings, of trial money and wallet."""
LOOKED_MAX = 10_000
"""How many transfers of each purse are looked at for those of one app: a person may have few there, or none."""

_TRANSFERS = table_of(LedgerTransfer)
_TOPUP, _TAKEBACK = "topup:", "takeback:"
_PAYOUTS = ("payout", "payout_returned")


class Side(StrEnum):
    """Which movements of a wallet are wanted."""

    ALL = "all"
    """Each of them."""
    OUT = "out"
    """What went out: charges, and payments that were taken back."""
    IN = "in"
    """What came in."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the statement. `amount_nanos` is positive for money in.

    `kind` is `charge`, `manual_charge`, `topup`, `deposit`, `grant`, `refund`, `chargeback`, `withdrawal` or
    `withdrawal_returned`; `at` is in microseconds; `receipt` explains a charge, and is None for other kinds; `cursor`
    continues after it.
    """

    id: str
    cursor: str
    kind: str
    amount_nanos: int
    at: int
    model: str | None
    tokens: int | None
    receipt: Receipt | None
    paywall_id: str | None = None

    @property
    def topup_id(self) -> str | None:
        """The top-up that came in with it, None for every other movement."""
        return self.id.removeprefix(_TOPUP) if self.id.startswith(_TOPUP) else None

    @property
    def payout_id(self) -> str | None:
        """The withdrawal that went out or came back with it, None for every other movement."""
        kind, _, rest = self.id.partition(":")
        return rest if kind in _PAYOUTS else None

    @property
    def is_of_payment(self) -> bool:
        """Whether a payment went back with it, or came back after all."""
        return self.id.startswith(_TAKEBACK)


def read_wallet_movements(
    session: Session,
    account: Account,
    *,
    after: str | None = None,
    limit: int = 20,
    side: Side = Side.ALL,
    paywall_id: str | None = None,
    but_requests: bool = False,
    until: int | None = None,
) -> Sequence[Movement]:
    """Returns up to `limit` movements, newest first, after the movement whose `cursor` is given.

    A movement is what one posting changed in the wallet and its trial money together, however many parts the
    charge was split into. `side` leaves out what came in or went out, `but_requests` what any request moved;
    `paywall_id` what other apps charged, and what is older than `looked_until`; `until` (exclusive, microseconds) what
    is newer.
    """
    ids = (account.id, account.promo.id)
    wanted: list[ColumnElement[bool]] = [_TRANSFERS.c.request_id.is_(None)] if but_requests else []
    if until is not None:
        wanted.append(_TRANSFERS.c.created_at < until)
    if paywall_id is not None:
        is_it = REQUESTS.c.id == _TRANSFERS.c.request_id
        wanted.append(exists().where(is_it, REQUESTS.c.paywall_id == paywall_id))
        if (end := _end_of_look(session, ids)) is not None:
            wanted.append(_TRANSFERS.c.id >= end[0])
    postings = _newest_postings(session, ids, _cursor(after), limit, side, wanted)
    lines = _read_lines(session, ids, postings)
    requests = _read_requests(session, [line.request_id for found in lines.values() for line in found[:1]])
    return [_movement(lines[posting], ids, requests.get(lines[posting][0].request_id)) for posting in postings]


def looked_until(session: Session, account: Account) -> int | None:
    """Returns back to when movements of one app are looked for (microseconds), None where all are looked at."""
    end = _end_of_look(session, (account.id, account.promo.id))
    return None if end is None else end[1]


def _end_of_look(session: Session, ids: tuple[str, str]) -> tuple[int, int] | None:
    """Returns the oldest transfer that is looked at and its time, None where that is all of them."""
    ends: list[tuple[int, int]] = []
    for column in (_TRANSFERS.c.debit_account_id, _TRANSFERS.c.credit_account_id):
        for account_id in ids:
            newest = select(_TRANSFERS.c.id, _TRANSFERS.c.created_at).where(column == account_id)
            end = session.execute(newest.order_by(_TRANSFERS.c.id.desc()).offset(LOOKED_MAX - 1).limit(1)).first()
            ends += [] if end is None else [(end.id, end.created_at)]
    return max(ends, default=None)


def _cursor(after: str | None) -> int | None:
    """Returns the transfer to continue after; what is no cursor of ours begins at the newest."""
    return int(after) if after and re.fullmatch(r"[0-9]{1,18}", after) else None


def _newest_postings(
    session: Session, ids: tuple[str, str], before: int | None, limit: int, side: Side,
    wanted: Sequence[ColumnElement[bool]],
) -> list[str]:  # fmt: skip
    """Returns the newest postings that moved the wallet's money, each side read through its own index.

    What moves within the wallet is left out there: left out any later it would use up the limit, and pages
    would have gaps.
    """
    debit, credit = _TRANSFERS.c.debit_account_id, _TRANSFERS.c.credit_account_id
    columns = {
        Side.OUT: ((debit, credit),), Side.IN: ((credit, debit),), Side.ALL: ((debit, credit), (credit, debit)),
    }[side]  # fmt: skip
    sides = []
    for column, other in columns:
        for account_id in ids:
            found = select(_TRANSFERS.c.id, _TRANSFERS.c.posting_id).where(column == account_id, other.not_in(ids))
            if before is not None:
                found = found.where(_TRANSFERS.c.id < before)
            newest = found.where(*wanted).order_by(_TRANSFERS.c.id.desc()).limit(limit * LINES_MAX)
            sides.append(select(newest.subquery()))
    union = union_all(*sides).subquery()
    statement = select(union.c.posting_id).group_by(union.c.posting_id).order_by(func.max(union.c.id).desc())
    return list(session.scalars(statement.limit(limit)))


def _read_lines(session: Session, ids: tuple[str, str], postings: Sequence[str]) -> Mapping[str, list[Row[Any]]]:
    """Returns, of each posting, every transfer that moved the wallet's money.

    Which did is told apart here: asked for it, SQLite reads all that ever moved in the wallet, not these postings.
    """
    if not postings:
        return {}  # of none at all SQLite looks through every transfer that there is
    statement = select(_TRANSFERS).where(_TRANSFERS.c.posting_id.in_(postings)).order_by(_TRANSFERS.c.id)
    lines: dict[str, list[Row[Any]]] = {}
    for row in session.execute(statement):
        if (row.debit_account_id in ids) is not (row.credit_account_id in ids):
            lines.setdefault(row.posting_id, []).append(row)
    return lines


def _read_requests(session: Session, request_ids: Sequence[str | None]) -> Mapping[str | None, Mapping[str, Any]]:
    known = [request_id for request_id in request_ids if request_id]
    if not known:
        return {}
    rows = session.execute(select(REQUESTS).where(REQUESTS.c.id.in_(known))).mappings()
    return {row["id"]: dict(row) for row in rows}


def _movement(lines: Sequence[Row[Any]], ids: tuple[str, str], request: Mapping[str, Any] | None) -> Movement:
    first = lines[0]
    kind = "manual_charge" if request is not None and request["kind"] == RequestKind.MANUAL else first.type
    return Movement(
        id=first.request_id or first.posting_id,
        cursor=str(first.id),
        kind=kind,
        amount_nanos=sum(line.amount if line.credit_account_id in ids else -line.amount for line in lines),
        at=first.created_at,
        model=request["model"] if request is not None else None,
        tokens=request["tokens"] if request is not None else None,
        receipt=explain(request, request["external_id"]) if request is not None else None,
        paywall_id=request["paywall_id"] if request is not None else None,
    )

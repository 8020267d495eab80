"""Activity: every movement of a wallet, newest first, with the receipt behind each charge."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, union_all
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Account
from app.domain.ledger.tables import LedgerTransfer
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import read_current
from app.domain.pricing.receipts import Receipt, explain
from app.domain.tables import table_of
from app.domain.usage.requests import TABLE as REQUESTS
from app.domain.wallets.wallets import app_wallet

_TRANSFERS = table_of(LedgerTransfer)


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the statement. `amount_nanos` is positive for money in.

    `kind` is `charge`, `manual_charge`, `topup`, `deposit`, `grant`, `refund` or `chargeback`; `at` is in
    microseconds; `receipt` explains a charge, and is None for other kinds; `cursor` continues after it.
    """

    id: str
    cursor: str
    kind: str
    amount_nanos: int
    at: int
    model: str | None
    tokens: int | None
    receipt: Receipt | None


def read_movements(
    session: Session, paywall_id: str, user: str, *, after: str | None = None, limit: int = 20
) -> Sequence[Movement]:
    """Returns up to `limit` movements, newest first, after the movement whose `cursor` is given.

    A charge paid from trial money and wallet together is two movements of one receipt. Raises NotFound
    for no such paywall.
    """
    paywall, _ = read_current(session, paywall_id)
    wallet = app_wallet(paywall_id, user, Environment(paywall.environment), Unit(paywall.unit))
    rows = _read_transfers(session, wallet.account, _cursor(after), limit)
    requests = _read_requests(session, [row.request_id for row in rows if row.request_id])
    return [_movement(row, wallet.account, requests.get(row.request_id)) for row in rows]


def _cursor(after: str | None) -> int | None:
    """Returns the transfer to continue after; what is no cursor of ours begins at the newest."""
    return int(after) if after and re.fullmatch(r"[0-9]{1,18}", after) else None


def _read_transfers(session: Session, account: Account, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Reads each side through its own index, newest first; what moves within the wallet is left out there.

    Left out any later it would use up the limit, and pages would have gaps.
    """
    ids = (account.id, account.promo.id)
    debit, credit = _TRANSFERS.c.debit_account_id, _TRANSFERS.c.credit_account_id
    sides = []
    for column, other in ((debit, credit), (credit, debit)):
        for account_id in ids:
            side = select(_TRANSFERS.c.id).where(column == account_id, other.not_in(ids))
            side = side if before is None else side.where(_TRANSFERS.c.id < before)
            sides.append(select(side.order_by(_TRANSFERS.c.id.desc()).limit(limit).subquery()))
    newest = union_all(*sides).subquery()
    statement = select(_TRANSFERS).where(_TRANSFERS.c.id.in_(select(newest.c.id)))
    return session.execute(statement.order_by(_TRANSFERS.c.id.desc()).limit(limit)).all()


def _read_requests(session: Session, request_ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    if not request_ids:
        return {}
    rows = session.execute(select(REQUESTS).where(REQUESTS.c.id.in_(request_ids))).mappings()
    return {row["id"]: dict(row) for row in rows}


def _movement(row: Row[Any], account: Account, request: Mapping[str, Any] | None) -> Movement:
    is_in = row.credit_account_id in (account.id, account.promo.id)
    kind = "manual_charge" if request is not None and request["kind"] == "manual" else row.type
    return Movement(
        id=row.request_id or row.posting_id,
        cursor=str(row.id),
        kind=kind,
        amount_nanos=row.amount if is_in else -row.amount,
        at=row.created_at,
        model=request["model"] if request is not None else None,
        tokens=request["tokens"] if request is not None else None,
        receipt=explain(request, request["external_id"]) if request is not None else None,
    )

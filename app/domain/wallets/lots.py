"""Lots: which money of a shared wallet is still there, and whose earnings the rest became (`decisions.md` 13).

They are brought up to date from the wallet's transfers, in their order, only when a refund, a dispute, a withdrawal or
a page asks; never on the way of a request. Who asks holds the wallet's lots row, and so nobody else does meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row, func, or_, select, text
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.ledger.folding import lock_balance
from app.domain.ledger.tables import LedgerTransfer
from app.domain.wallets.purse import LotState, Purse, shares
from app.domain.wallets.tables import Lot, LotEarning, LotMethod, LotUse, WalletLots
from app.sql.columns import table_of

TRANSFERS_MAX = 2_000
"""How many transfers one step reads; a wallet that was never asked about may have very many."""
_TRANSFERS, _LOTS = table_of(LedgerTransfer), table_of(Lot)
_USES, _EARNINGS = table_of(LotUse), table_of(LotEarning)
_OPEN = text(
    "INSERT INTO wallet_lots (wallet_id, transfer_id, debt_nanos, written_off_nanos, postings)"
    " VALUES (:id, 0, 0, 0, 0) ON CONFLICT DO NOTHING"
)
_TOPUP, _TAKEBACK, _REFUND, _WRITE_OFF = "topup:", "takeback:", "charge_refund:", "write_off:"
_DEPOSIT = "deposit"
_WITHDRAWN, _RETURNED = ("payout:", "outgoing:"), "payout_returned:"


@dataclass(frozen=True, slots=True)
class Paid:
    """What a lot paid of an earning: of which account's, in nanos; `earned_at` in microseconds."""

    earning_id: int
    account_id: str
    amount_nanos: int
    earned_at: int


def lock(session: Session, wallet_id: str) -> WalletLots:
    """Returns a wallet's lots row, made if need be; nobody else has it until the transaction ends."""
    session.execute(_OPEN, {"id": wallet_id})
    return session.get_one(WalletLots, wallet_id, with_for_update=True, populate_existing=True)


def catch_up(session: Session, account: Account) -> bool:
    """Brings the lots of a wallet a step nearer to now; tells whether more steps are needed.

    For who has much to catch up with, in a transaction for each step, before the one that decides.
    """
    return _step(session, account, lock(session, account.owner))


def bring_up(session: Session, account: Account, row: WalletLots) -> Purse:
    """Brings the lots of a wallet up to now, and returns them; its row must be locked.

    No charge moves the wallet's money until the transaction ends, so that what is read stays true.
    """
    lock_balance(session, account)
    while _step(session, account, row):
        pass
    return read_purse(session, row.wallet_id, row.debt_nanos)


def read_purse(session: Session, wallet_id: str, debt_nanos: int = 0) -> Purse:
    """Returns the lots of a wallet as they were brought up last."""
    rows = session.execute(select(_LOTS).where(_LOTS.c.wallet_id == wallet_id).order_by(_LOTS.c.transfer_id))
    return Purse({row.id: _state(row) for row in rows}, debt_nanos)


def list_paid(session: Session, lot_id: str) -> list[Paid]:
    """Returns what a lot paid of earnings, less what refunds of those charges took back; the newest first."""
    amount = func.sum(_EARNINGS.c.amount_nanos)
    found = (
        select(_EARNINGS.c.earning_id, _TRANSFERS.c.credit_account_id, amount, _TRANSFERS.c.created_at)
        .join(_TRANSFERS, _TRANSFERS.c.id == _EARNINGS.c.earning_id)
        .where(_EARNINGS.c.lot_id == lot_id)
        .group_by(_EARNINGS.c.earning_id, _TRANSFERS.c.credit_account_id, _TRANSFERS.c.created_at)
        .having(amount > 0)
        .order_by(_EARNINGS.c.earning_id.desc())
    )
    return [Paid(earning, account, int(nanos), at) for earning, account, nanos, at in session.execute(found)]


def _state(row: Row[Any]) -> LotState:
    return LotState(row.id, row.method, row.transfer_id, row.amount_nanos, row.spent_nanos, row.back_nanos,
                    row.covered_nanos)  # fmt: skip


def _step(session: Session, account: Account, row: WalletLots) -> bool:
    side = or_(_TRANSFERS.c.debit_account_id == account.id, _TRANSFERS.c.credit_account_id == account.id)
    statement = select(_TRANSFERS).where(side, _TRANSFERS.c.id > row.transfer_id).order_by(_TRANSFERS.c.id)
    found = session.execute(statement.limit(TRANSFERS_MAX + 1)).all()
    has_more = len(found) > TRANSFERS_MAX
    postings = [list(lines) for _, lines in groupby(found, key=lambda line: line.posting_id)]
    if has_more:
        postings.pop()  # some of its lines may not have been read
    if not postings:
        return False
    book = _Book(session, account, read_purse(session, row.wallet_id, row.debt_nanos))
    for lines in postings:
        book.enter(lines)
    book.write()
    row.transfer_id, row.debt_nanos = postings[-1][-1].id, book.purse.debt
    session.flush()
    return has_more


class _Book:
    """Enters postings into a purse, and remembers the rows that say who paid what."""

    def __init__(self, session: Session, account: Account, purse: Purse) -> None:
        self.session, self.account, self.purse = session, account, purse
        self.known = self._rows()
        self.uses: list[dict[str, Any]] = []
        self.earnings: list[dict[str, Any]] = []

    def enter(self, lines: Sequence[Row[Any]]) -> None:
        """Enters one posting: all its transfers that touch the wallet."""
        first = lines[0]
        net = sum(line.amount if line.credit_account_id == self.account.id else -line.amount for line in lines)
        kind, rest = _split(first.posting_id)
        if kind == _TAKEBACK:
            lot_id = rest.rsplit(":", 1)[0]
            self.purse.give_back(lot_id, net) if net > 0 else self.purse.take_back(lot_id, -net)
        elif kind == _WRITE_OFF:
            self.purse.pay_debt(net)
        elif kind == _REFUND:
            self._refund(lines, net)
        elif kind in _WITHDRAWN:
            self.purse.withdraw(-net)
        elif kind == _RETURNED:
            self.purse.return_withdrawn(net)
        elif net > 0:
            self._pay_in(first, kind, rest, net)
        elif net < 0:
            self._charge(lines, -net)

    def _pay_in(self, first: Row[Any], kind: str, rest: str, amount: int) -> None:
        method = LotMethod.CARD if kind == _TOPUP else LotMethod.USDC if first.type == _DEPOSIT else LotMethod.OTHER
        lot_id = rest if kind == _TOPUP else first.posting_id
        self.purse.pay_in(LotState(lot_id, method, first.id, amount))

    def _charge(self, lines: Sequence[Row[Any]], amount: int) -> None:
        paid = list(self.purse.spend(amount).items())
        first = lines[0]
        self.uses += [_row(first, lot_id, part) for lot_id, part in paid]
        nobodys = [("", amount - sum(part for _, part in paid))]
        by = nobodys + paid if nobodys[0][1] else paid
        for line in lines:
            if line.debit_account_id == self.account.id and parse(line.credit_account_id).kind is Kind.EARNINGS_PENDING:
                self.earnings += [_row(line, lot_id, part) | {"earning_id": line.id}
                                  for lot_id, part in shares(line.amount, by) if part and lot_id]  # fmt: skip

    def _refund(self, lines: Sequence[Row[Any]], amount: int) -> None:
        """Gives back to the lots what they paid of a charge, and takes their part of its earnings from them."""
        self.write()
        first = lines[0]
        request_id = (first.details or {}).get("refund_of")
        used = self._sums(_USES.c.lot_id, _USES, request_id)
        known = min(amount, sum(used.values()))
        parts = [(lot_id, part) for lot_id, part in shares(known, list(used.items())) if part] if used else []
        for (lot_id, earning_id), earned in self._sums((_EARNINGS.c.lot_id, _EARNINGS.c.earning_id), _EARNINGS,
                                                       request_id).items():  # fmt: skip
            given = dict(parts).get(lot_id, 0)
            if gone := earned * given // used.get(lot_id, earned):
                self.earnings.append(_row(first, lot_id, -gone, request_id) | {"earning_id": earning_id})
        self.uses += [_row(first, lot_id, -part, request_id) for lot_id, part in parts]
        self.purse.restore(parts)
        if amount > known:
            self.purse.pay_in(LotState(first.posting_id, LotMethod.OTHER, first.id, amount - known))

    def _sums(self, keys: Any, table: Any, request_id: str | None) -> dict[Any, int]:
        """Returns what lots paid of a request and have not got back, in the order in which they paid."""
        columns = keys if isinstance(keys, tuple) else (keys,)
        amount = func.sum(table.c.amount_nanos)
        found = (
            select(*columns, amount)
            .join(_LOTS, _LOTS.c.id == table.c.lot_id)
            .where(table.c.request_id == request_id, _LOTS.c.wallet_id == self.account.owner)
            .group_by(*columns)
            .having(amount > 0)
            .order_by(*columns)
        )
        rows = self.session.execute(found).all()
        return {(tuple(row[:-1]) if len(columns) > 1 else row[0]): int(row[-1]) for row in rows}

    def write(self) -> None:
        """Writes the lots that changed as they stand, and the rows so far."""
        rows = self._rows()
        self._insert(_LOTS, [row for id_, row in rows.items() if id_ not in self.known])
        for id_, row in rows.items():
            if row != self.known.get(id_, row):
                self.session.execute(_LOTS.update().where(_LOTS.c.id == id_).values(row))
        self.known = rows
        self._insert(_USES, self.uses)
        self._insert(_EARNINGS, self.earnings)
        self.uses, self.earnings = [], []

    def _rows(self) -> dict[str, dict[str, Any]]:
        return {lot.id: _lot_row(self.account.owner, lot) for lot in self.purse.lots.values()}

    def _insert(self, table: Any, rows: Iterable[dict[str, Any]]) -> None:
        values = list(rows)
        if values:
            self.session.execute(table.insert(), values)


def _split(posting_id: str) -> tuple[str, str]:
    kind, _, rest = posting_id.partition(":")
    return f"{kind}:", rest


def _row(line: Row[Any], lot_id: str, amount: int, request_id: str | None = None) -> dict[str, Any]:
    return {"transfer_id": line.id, "lot_id": lot_id, "amount_nanos": amount,
            "request_id": request_id or line.request_id}  # fmt: skip


def _lot_row(wallet_id: str, lot: LotState) -> dict[str, Any]:
    return {"id": lot.id, "wallet_id": wallet_id, "method": lot.method, "transfer_id": lot.number,
            "amount_nanos": lot.amount, "spent_nanos": lot.spent, "back_nanos": lot.back,
            "covered_nanos": lot.covered}  # fmt: skip

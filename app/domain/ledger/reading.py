"""Opens the book of a batch: finds the rows that its operations touch, reads and locks them once.

Locks are taken in one order everywhere, holds, accounts, budgets, epochs, each by id, so that processes
on one PostgreSQL wait for each other and do not deadlock. They leave the key alone (`FOR NO KEY UPDATE`),
because a row that refers to a locked account must not wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from app.domain.ledger.accounts import AMOUNT_NANOS_MAX, CHARGED, NEVER_BELOW_ZERO, Account, Kind, parse
from app.domain.ledger.book import AccountRow, Book, BudgetRow, HoldRow
from app.domain.ledger.opening import open_accounts, open_budgets, open_epochs
from app.domain.ledger.operations import BumpEpoch, Charge, Extend, Hold, Operation, Post, Release, SetCap, Settle
from app.domain.ledger.sql import Read

_HOLDS = Read(
    "SELECT id, inputs_hash, account_id, owner, request_id, status, amount, from_promo, bound, metered, asked, charged,"
    " created_at, closed_at, budgets FROM ledger_hold WHERE id IN ? ORDER BY id FOR NO KEY UPDATE"
)
_LINKS = Read("SELECT hold_id, budget_id FROM ledger_hold_budget WHERE hold_id IN ? ORDER BY hold_id, budget_id")
_ACCOUNTS = Read("SELECT id, posted, held, floor FROM ledger_account WHERE id IN ? ORDER BY id FOR NO KEY UPDATE")
_POSTINGS = Read("SELECT id, inputs_hash FROM ledger_posting WHERE id IN ?")
_DELTAS = Read("SELECT id, account_id, amount FROM ledger_delta WHERE account_id IN ?")
_BUDGETS = Read(
    "SELECT id, environment, unit, cap, spent, held, overrun FROM ledger_budget WHERE id IN ?"
    " ORDER BY id FOR NO KEY UPDATE"
)
_EPOCHS = Read("SELECT subject, epoch FROM ledger_epoch WHERE subject IN ?")
_EPOCHS_TO_BUMP = Read("SELECT subject, epoch FROM ledger_epoch WHERE subject IN ? ORDER BY subject FOR NO KEY UPDATE")


@dataclass(slots=True)
class _Touched:
    """Ids of what the operations touch; accounts in `must_exist` are opened if they are not there."""

    holds: set[str] = field(default_factory=set)
    postings: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    must_exist: set[Account] = field(default_factory=set)
    to_fold: set[str] = field(default_factory=set)
    budgets: set[str] = field(default_factory=set)
    caps: dict[str, Account] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    bumped: set[str] = field(default_factory=set)


def open_book(connection: Connection, operations: Sequence[Operation], now: int) -> Book:
    """Reads and locks every row that the operations touch."""
    touched = _Touched()
    for operation in operations:
        _collect(operation, touched)
    book = Book(now)
    _read_holds(connection, book, touched)
    _read_accounts(connection, book, touched)
    # After the locks: a posting by another process that we waited for is seen and not posted again.
    book.postings.update(tuple(row) for row in _POSTINGS.rows(connection, touched.postings))
    _fold(connection, book, touched.to_fold)
    _read_budgets(connection, book, touched)
    _read_epochs(connection, book, touched)
    return book


def _collect(operation: Operation, touched: _Touched) -> None:
    match operation:
        case Post():
            touched.postings.add(operation.key)
            for transfer in operation.transfers:
                _collect_owned(transfer.debit, touched)
                _collect_owned(transfer.credit, touched)
                if transfer.debit.is_shared_by_all and transfer.debit.kind in NEVER_BELOW_ZERO:
                    touched.to_fold.add(transfer.debit.id)
                    touched.accounts.add(transfer.debit.id)
                    touched.must_exist.add(transfer.debit)
        case Hold() | Charge():
            touched.holds.add(operation.id)
            wallet, promo = operation.wallet.purse
            touched.accounts.add(wallet.id)
            touched.accounts.add(promo.id)
            touched.budgets.update(operation.budgets)
            touched.subjects.update([epoch.subject for epoch in operation.epochs])
            if isinstance(operation, Hold) and operation.least == 0 and operation.wallet.kind is Kind.WALLET:
                touched.must_exist.add(operation.wallet)
        case Extend() | Settle() | Release():
            touched.holds.add(operation.hold_id)
        case SetCap():
            touched.budgets.add(operation.budget_id)
            if 0 <= operation.cap <= AMOUNT_NANOS_MAX:
                touched.caps.setdefault(operation.budget_id, operation.wallet)
        case BumpEpoch():
            touched.bumped.add(operation.subject)


def _collect_owned(account: Account, touched: _Touched) -> None:
    """An account of one owner is locked; trial money has its wallet beside it, for holds to refer to."""
    if account.is_shared_by_all:
        return
    touched.must_exist.add(account)
    touched.accounts.add(account.id)
    if account.kind in CHARGED:
        touched.must_exist.add(account.purse[0])
        touched.accounts.update(part.id for part in account.purse)


def _read_holds(connection: Connection, book: Book, touched: _Touched) -> None:
    """Reads the holds, and adds the accounts and budgets behind them to what must be locked."""
    with_budgets = []
    for row in _HOLDS.rows(connection, touched.holds):
        hold = HoldRow(*row)
        if hold.budgets:
            with_budgets.append(hold.id)
        hold.budgets = ()
        book.holds[hold.id] = hold
        wallet, promo = parse(hold.account_id).purse
        touched.accounts.add(wallet.id)
        touched.accounts.add(promo.id)
    for hold_id, budget_id in _LINKS.rows(connection, with_budgets):
        book.holds[hold_id].budgets += (budget_id,)
        touched.budgets.add(budget_id)


def _read_accounts(connection: Connection, book: Book, touched: _Touched) -> None:
    for row in _ACCOUNTS.rows(connection, touched.accounts):
        book.accounts[row[0]] = AccountRow(*row)
    missing = {account for account in touched.must_exist if account.id not in book.accounts}
    if missing:
        open_accounts(connection, missing, book.now)
        for row in _ACCOUNTS.rows(connection, (account.id for account in missing)):
            book.accounts[row[0]] = AccountRow(*row)


def _fold(connection: Connection, book: Book, account_ids: set[str]) -> None:
    """Adds the deltas of accounts that money is about to leave; exactly those read are deleted later."""
    for delta_id, account_id, amount in _DELTAS.rows(connection, account_ids):
        account = book.accounts[account_id]
        account.posted += amount
        account.is_changed = True
        book.folded.append(delta_id)


def _read_budgets(connection: Connection, book: Book, touched: _Touched) -> None:
    for row in _BUDGETS.rows(connection, touched.budgets):
        book.budgets[row[0]] = BudgetRow(*row)
    missing = {key: wallet for key, wallet in touched.caps.items() if key not in book.budgets}
    if missing:
        open_budgets(connection, missing, book.now)
        for row in _BUDGETS.rows(connection, missing):
            book.opened_budgets[row[0]] = BudgetRow(*row)


def _read_epochs(connection: Connection, book: Book, touched: _Touched) -> None:
    book.epochs.update(tuple(row) for row in _EPOCHS.rows(connection, touched.subjects - touched.bumped))
    if touched.bumped:
        open_epochs(connection, touched.bumped, book.now)
        book.epochs.update(tuple(row) for row in _EPOCHS_TO_BUMP.rows(connection, touched.bumped))

"""Opens the book of a batch: finds the rows that its operations touch, reads and locks them once.

Locks are taken in one order everywhere, holds, accounts, budgets, epochs, each by id, so that processes
on one PostgreSQL wait for each other and do not deadlock. They leave the key alone (`FOR NO KEY UPDATE`),
because a row that refers to a locked account must not wait for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.ledger.accounts import AMOUNT_NANOS_MAX, CHARGED, NEVER_BELOW_ZERO, Account, Kind, parse
from app.domain.ledger.book import AccountRow, Book, BudgetRow, HoldRow, budget_set_id
from app.domain.ledger.opening import open_accounts, open_budgets, open_epochs
from app.domain.ledger.operations import BumpEpoch, Charge, Extend, Hold, Operation, Post, Release, SetCap, Settle
from app.domain.ledger.tables import HoldStatus
from app.sql.statements import Link, Read

_HOLDS = Read(
    "SELECT id, inputs_hash, account_id, owner, request_id, status, amount, from_promo, bound, metered, asked, charged,"
    " created_at, closed_at, budget_set FROM ledger_hold WHERE id IN ? ORDER BY id FOR NO KEY UPDATE"
)
_SETS = Read("SELECT set_id, budget_id FROM ledger_budget_set_member WHERE set_id IN ? ORDER BY set_id, budget_id")
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
    """Ids of what the operations touch; accounts in `must_exist` are opened if they are not there.

    `has_unknown_holds` says that an operation names a hold and not whose it is; `known_sets` are the sets of budgets
    that the operations name.
    """

    holds: set[str] = field(default_factory=set)
    has_unknown_holds: bool = False
    known_sets: dict[str | None, tuple[str, ...]] = field(default_factory=lambda: {None: ()})
    postings: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    must_exist: set[Account] = field(default_factory=set)
    to_fold: set[str] = field(default_factory=set)
    budgets: set[str] = field(default_factory=set)
    caps: dict[str, Account] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    bumped: set[str] = field(default_factory=set)


def open_book(connection: Link, operations: Sequence[Operation], now: int) -> Book:
    """Reads and locks every row that the operations touch."""
    touched = _Touched()
    for operation in operations:
        _collect(operation, touched)
    book = Book(now)
    if touched.has_unknown_holds:
        # Whose they are must be known before accounts are locked in order.
        _read_holds(book, touched, _HOLDS.rows(connection, touched.holds))
        _read_sets(connection, book, touched)
    # Asked together, in the order of the locks, and then waited for once.
    holds = _HOLDS.ask(connection, () if touched.has_unknown_holds else touched.holds)
    accounts = _ACCOUNTS.ask(connection, touched.accounts)
    asked = _Touched(accounts=set(touched.accounts), budgets=set(touched.budgets))
    # After the locks: a posting by another process that we waited for is seen and not posted again.
    postings = _POSTINGS.ask(connection, touched.postings)
    deltas = _DELTAS.ask(connection, touched.to_fold)
    budgets = _BUDGETS.ask(connection, touched.budgets)
    epochs = _EPOCHS.ask(connection, touched.subjects - touched.bumped)
    _read_holds(book, touched, holds())
    book.accounts.update((row[0], AccountRow(*row)) for row in accounts())
    book.postings.update(tuple(row) for row in postings())
    folded = deltas()
    book.budgets.update((row[0], BudgetRow(*row)) for row in budgets())
    book.epochs.update(tuple(row) for row in epochs())
    if not touched.has_unknown_holds:
        _read_unsaid(connection, book, touched, asked)
    _open_missing(connection, book, touched)
    _fold(book, folded)
    return book


def _read_unsaid(connection: Link, book: Book, touched: _Touched, asked: _Touched) -> None:
    """Reads what an operation that knew its hold's wallet or budgets wrongly did not say; as a rule, nothing."""
    _read_sets(connection, book, touched)
    more = _ACCOUNTS.rows(connection, touched.accounts - asked.accounts)
    book.accounts.update((row[0], AccountRow(*row)) for row in more)
    budgets = _BUDGETS.rows(connection, touched.budgets - asked.budgets)
    book.budgets.update((row[0], BudgetRow(*row)) for row in budgets)


def _open_missing(connection: Link, book: Book, touched: _Touched) -> None:
    """Opens what must exist and does not."""
    missing = {account for account in touched.must_exist if account.id not in book.accounts}
    if missing:
        open_accounts(connection, missing, book.now)
        more = _ACCOUNTS.rows(connection, [account.id for account in missing])
        book.accounts.update((row[0], AccountRow(*row)) for row in more)
    caps = {key: wallet for key, wallet in touched.caps.items() if key not in book.budgets}
    if caps:
        open_budgets(connection, caps, book.now)
        book.opened_budgets.update((row[0], BudgetRow(*row)) for row in _BUDGETS.rows(connection, caps))
    if touched.bumped:
        open_epochs(connection, touched.bumped, book.now)
        book.epochs.update(tuple(row) for row in _EPOCHS_TO_BUMP.rows(connection, touched.bumped))


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
            _collect_budgets(operation.budgets, touched)
            touched.subjects.update([epoch.subject for epoch in operation.epochs])
            if isinstance(operation, Hold) and operation.least == 0 and operation.wallet.kind is Kind.WALLET:
                touched.must_exist.add(operation.wallet)
        case Settle() | Release() if operation.wallet is not None:
            touched.holds.add(operation.hold_id)
            touched.accounts.update([part.id for part in operation.wallet.purse])
            _collect_budgets(operation.budgets, touched)
        case Extend() | Settle() | Release():
            touched.holds.add(operation.hold_id)
            touched.has_unknown_holds = True
        case SetCap():
            touched.budgets.add(operation.budget_id)
            if 0 <= operation.cap <= AMOUNT_NANOS_MAX:
                touched.caps.setdefault(operation.budget_id, operation.wallet)
        case BumpEpoch():
            touched.bumped.add(operation.subject)


def _collect_budgets(budgets: tuple[str, ...], touched: _Touched) -> None:
    if budgets:
        touched.known_sets[budget_set_id(budgets)] = budgets
        touched.budgets.update(budgets)


def _collect_owned(account: Account, touched: _Touched) -> None:
    """An account of one owner is locked; trial money has its wallet beside it, for holds to refer to."""
    if account.is_shared_by_all:
        return
    touched.must_exist.add(account)
    touched.accounts.add(account.id)
    if account.kind in CHARGED:
        touched.must_exist.add(account.purse[0])
        touched.accounts.update(part.id for part in account.purse)


def _read_holds(book: Book, touched: _Touched, rows: Sequence[Any]) -> None:
    """Takes up holds, and adds the accounts behind them to what must be locked."""
    for row in rows:
        hold = HoldRow(*row)
        hold.status = HoldStatus(hold.status)  # these rows come from the driver, with its text
        book.holds[hold.id] = hold
        wallet, promo = parse(hold.account_id).purse
        touched.accounts.add(wallet.id)
        touched.accounts.add(promo.id)


def _read_sets(connection: Link, book: Book, touched: _Touched) -> None:
    """Says of each hold which budgets it counts against, and adds those to what must be locked."""
    held_against = [(hold, hold.budget_set) for hold in book.holds.values() if hold.budget_set is not None]
    unknown = {set_id for _, set_id in held_against if set_id not in touched.known_sets}
    for set_id, budget_id in _SETS.rows(connection, unknown):
        touched.known_sets[set_id] = (*touched.known_sets.get(set_id, ()), budget_id)
    for hold, set_id in held_against:
        hold.budgets = touched.known_sets[set_id]
        touched.budgets.update(hold.budgets)


def _fold(book: Book, deltas: Sequence[Any]) -> None:
    """Adds the deltas of accounts that money is about to leave; exactly those read are deleted later."""
    for delta_id, account_id, amount in deltas:
        account = book.accounts[account_id]
        account.posted += amount
        account.is_changed = True
        book.folded.append(delta_id)

"""Applies a batch of operations on one session: rows read once, decided in order, written per kind.

The only writer of the ledger. Nothing is committed here; the caller's transaction does that.
"""

from collections.abc import Sequence
from operator import attrgetter

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import LedgerRefused
from app.domain.ledger.book import TRANSFER_COLUMNS, Book, BudgetRow, budget_set_id
from app.domain.ledger.decide import decide
from app.domain.ledger.opening import open_budget_sets, open_shared_accounts
from app.domain.ledger.operations import Applied, Operation
from app.domain.ledger.reading import open_book
from app.domain.ledger.tables import (
    LedgerAccount,
    LedgerBudget,
    LedgerDelta,
    LedgerEpoch,
    LedgerHold,
    LedgerPosting,
    LedgerTransfer,
)
from app.sql.columns import table_of
from app.sql.statements import Link, Values, delete, insert, session_link, update

Outcome = Applied | LedgerRefused

_ACCOUNTS = table_of(LedgerAccount)
_HOLDS = table_of(LedgerHold)
_BUDGETS = table_of(LedgerBudget)
_TRANSFERS = table_of(LedgerTransfer)
_DELTAS = table_of(LedgerDelta)

_HOLD_CHANGES = ("status", "amount", "from_promo", "metered", "asked", "charged", "closed_at")
_HOLD_COLUMNS = ("id", "inputs_hash", "account_id", "owner", "request_id", "bound", "created_at", *_HOLD_CHANGES)

_SAVE_ACCOUNT = update(_ACCOUNTS, ("posted", "held", "floor"))
_SAVE_BUDGET = update(_BUDGETS, ("cap", "spent", "held", "overrun"))
_SAVE_HOLD = update(_HOLDS, _HOLD_CHANGES)
_SAVE_EPOCH = update(table_of(LedgerEpoch), ("epoch", "changed_at"), key="subject")
_ADD_HOLD = insert(_HOLDS, (*_HOLD_COLUMNS, "budget_set"))
_ADD_POSTING = insert(
    table_of(LedgerPosting),
    ("id", "inputs_hash", "is_chargeback", "created_at"),
)
_ADD_TRANSFER = insert(_TRANSFERS, TRANSFER_COLUMNS)
_ADD_DELTA = insert(_DELTAS, ("account_id", "amount"))
_DROP_DELTA = delete(_DELTAS)

_hold_changes = attrgetter(*_HOLD_CHANGES, "id")
_hold_columns = attrgetter(*_HOLD_COLUMNS)


def apply(session: Session | Link, operations: Sequence[Operation]) -> list[Outcome]:
    """Applies operations in order and returns for each what it did, or why it was refused: a value, never raised.

    A refused operation changes nothing and does not stop the others. Database errors are raised and
    leave the whole transaction to be rolled back.
    """
    link = session if isinstance(session, Link) else session_link(session)
    book = open_book(link, operations, clock.now())
    outcomes: list[Outcome] = []
    for operation in operations:
        try:
            outcomes.append(decide(book, operation))
        except LedgerRefused as refusal:
            outcomes.append(refusal.unraised())
    _write(link, book)
    return outcomes


def apply_one(session: Session, operation: Operation) -> Applied:
    """Applies one operation. Raises LedgerRefused if the ledger will not."""
    outcome = apply(session, (operation,))[0]
    if isinstance(outcome, LedgerRefused):
        raise outcome.unraised()
    return outcome


def apply_all(session: Session, operations: Sequence[Operation]) -> None:
    """Applies operations in one call, all of them. Raises the first LedgerRefused, for the caller to roll back."""
    for outcome in apply(session, operations) if operations else ():
        if isinstance(outcome, LedgerRefused):
            raise outcome.unraised()


def _write(connection: Link, book: Book) -> None:
    """Writes what the book says, one statement for each kind of row."""
    new_holds = [hold for hold in book.holds.values() if hold.is_new]
    # Also those whose deltas cancelled out: a transfer refers to them.
    open_shared_accounts(connection, book.deltas, book.now)
    _SAVE_ACCOUNT.run(connection, [
        (row.posted, row.held, row.tight_floor, row.id) for row in book.accounts.values() if row.is_changed
    ])  # fmt: skip
    _SAVE_BUDGET.run(connection, [_budget_values(row) for row in book.budgets.values() if row.is_changed])
    open_budget_sets(connection, {hold.budgets for hold in new_holds if hold.budgets})
    _ADD_HOLD.run(connection, [(*_hold_columns(hold), budget_set_id(hold.budgets)) for hold in new_holds])
    _SAVE_HOLD.run(connection, [
        _hold_changes(hold) for hold in book.holds.values() if hold.is_changed and not hold.is_new
    ])  # fmt: skip
    _ADD_POSTING.run(connection, [
        (key, new.inputs_hash, int(new.is_chargeback), book.now) for key, new in book.new_postings.items()
    ])  # fmt: skip
    _ADD_TRANSFER.run(connection, book.transfers)
    _DROP_DELTA.run(connection, [(delta_id,) for delta_id in book.folded])
    _ADD_DELTA.run(connection, [(account.id, amount) for account, amount in book.deltas.items() if amount])
    _SAVE_EPOCH.run(connection, [(book.epochs[subject], book.now, subject) for subject in sorted(book.bumped)])


def _budget_values(row: BudgetRow) -> Values:
    """Returns a budget's columns; an overrun shrinks as what stood above a lowered cap is given back."""
    return row.cap, row.spent, row.held, min(row.overrun, row.above_cap), row.id

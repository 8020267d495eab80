"""Decides one operation after another on an open book. Each checks everything before it changes anything."""

from app.domain.ledger import holding, posting
from app.domain.ledger.book import Book
from app.domain.ledger.operations import (
    Applied,
    BumpEpoch,
    Charge,
    Extend,
    Hold,
    Operation,
    Post,
    Release,
    SetCap,
    Settle,
)


def decide(book: Book, operation: Operation) -> Applied:
    """Applies one operation to the book. Raises LedgerRefused and leaves the book as it was."""
    match operation:
        case Hold():
            return holding.hold(book, operation)
        case Settle():
            return holding.settle(book, operation)
        case Release():
            return holding.release(book, operation)
        case Extend():
            return holding.extend(book, operation)
        case Charge():
            return holding.charge(book, operation)
        case Post():
            return posting.post(book, operation)
        case SetCap():
            return posting.set_cap(book, operation)
        case BumpEpoch():
            epoch = book.epochs[operation.subject] + 1
            book.epochs[operation.subject] = epoch
            book.bumped.add(operation.subject)
            return Applied(amount=epoch)

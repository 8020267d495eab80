"""A paywall's books as its developer reads them: users' wallets, or one of the paywall's own accounts, entry by entry.

Of shared wallets that is what this paywall did, never what others did on them (`decisions.md` 26).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, not_, or_, select
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Account, Kind, account_of, kind_and_owner
from app.domain.ledger.history import end_of_look, ids_within, list_of_account
from app.domain.paywalls.paywall import Paywall
from app.domain.usage.requests import TABLE as REQUESTS
from app.domain.wallets.wallets import app_wallet
from app.flows.wallets.statement import Entry, LedgerFilter, LedgerPage, Position, read_ledger
from app.sql.in_lists import in_list


class Book(StrEnum):
    """Which account's entries are read."""

    WALLETS = "wallets"
    """Those of the users: what was charged to them, and what they got."""
    REVENUE = "revenue"
    """What the paywall has charged, in default mode."""
    PENDING = "earnings_pending"
    """What it has earned and cannot have yet, in shared mode."""
    EARNINGS = "earnings"
    """What of that it can have now."""
    SHORTFALL = "shortfall"
    """What its requests cost and nobody paid."""
    GRANTS = "grants"
    """What it gave away, in default mode."""


_KINDS = {
    Book.REVENUE: Kind.REVENUE, Book.PENDING: Kind.EARNINGS_PENDING, Book.EARNINGS: Kind.EARNINGS,
    Book.SHORTFALL: Kind.SHORTFALL, Book.GRANTS: Kind.GRANTS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BookFilter:
    """Which entries: of which account, of which user, since (inclusive) and until (exclusive), in microseconds."""

    book: Book = Book.WALLETS
    user: str | None = None
    since: int | None = None
    until: int | None = None


def books_of(paywall: Paywall) -> tuple[Book, ...]:
    """Returns the books that a paywall of its mode has."""
    if paywall.rules.is_split:
        return Book.WALLETS, Book.PENDING, Book.EARNINGS, Book.SHORTFALL
    return Book.WALLETS, Book.REVENUE, Book.GRANTS, Book.SHORTFALL


def read_book(
    session: Session, paywall: Paywall, wanted: BookFilter, position: Position, limit: int, most: int | None = None
) -> LedgerPage:
    """Returns up to `limit` entries of a book, the newest first. With `most` a page looks at so many at the most."""
    if wanted.book is Book.WALLETS:
        asked = LedgerFilter(wanted.user, None, wanted.since, wanted.until)
        return read_ledger(session, paywall, asked, position, limit, most)
    return _read_account(session, paywall, wanted, position, limit, most)


def _read_account(
    session: Session, paywall: Paywall, wanted: BookFilter, position: Position, limit: int, most: int | None
) -> LedgerPage:
    """Reads an account's transfers from a place on, some at a time, until a page is full or enough were looked at."""
    account = account_of(paywall.environment, paywall.unit, _KINDS[wanted.book], paywall.id)
    entries: list[Entry] = []
    first, before = ids_within(session, wanted.since, wanted.until)
    before = before if position.transfer is None else position.transfer
    # A page of everybody's is found at once, however many there are.
    end = None if most is None or wanted.user is None else end_of_look(session, account, before, most)
    if end is not None and end[0] <= first:
        end = None  # nothing asked for lies behind it
    counts = None if wanted.user is None else partial(_is_of, paywall, wanted.user)
    while True:
        rows = list_of_account(session, account, before, limit + 1, first if end is None else end[0], counts)
        requests = _requests_of(session, rows)
        for row in rows:
            before = row.id
            entry = _entry(row, account, requests.get(row.request_id or "", {}))
            if _fits(entry, wanted):
                entries.append(entry)
            if len(entries) == limit:
                return LedgerPage(entries, Position(transfer=before))
        if len(rows) <= limit:
            return LedgerPage(entries, None) if end is None else LedgerPage(entries, Position(transfer=end[0]), end[1])


def _is_of(
    paywall: Paywall, user: str, request_id: ColumnElement[Any], other: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Says whether a request is a user's; where it moved another user's app wallet, without looking at it.

    For an id between itself and itself SQLite reads an index that holds no more than that; for an equal one, the row.
    """
    is_it = REQUESTS.c.id.between(request_id, request_id)
    is_theirs = exists().where(REQUESTS.c.paywall_id == paywall.id, is_it, REQUESTS.c.external_id == user)
    if not paywall.rules.has_app_wallets:
        return is_theirs
    purse = app_wallet(paywall.id, user, paywall.environment, paywall.unit).account.purse
    wallets = [other.startswith(one.beside(one.kind, "").id, autoescape=True) for one in purse]
    return and_(or_(other.in_([one.id for one in purse]), not_(or_(*wallets))), is_theirs)


def _fits(entry: Entry, wanted: BookFilter) -> bool:
    is_within = (wanted.since or 0) <= entry.at and (wanted.until is None or entry.at < wanted.until)
    return is_within and wanted.user in (None, entry.user)


def _requests_of(session: Session, rows: Sequence[Row[Any]]) -> Mapping[str, Mapping[str, Any]]:
    ids = {row.request_id for row in rows if row.request_id}
    if not ids:
        return {}
    columns = (REQUESTS.c.id, REQUESTS.c.external_id, REQUESTS.c.model, REQUESTS.c.tokens)
    found = session.execute(select(*columns).where(REQUESTS.c.id.in_(in_list(ids)))).mappings()
    return {row["id"]: dict(row) for row in found}


def _entry(row: Row[Any], account: Account, request: Mapping[str, Any]) -> Entry:
    is_in = row.credit_account_id == account.id
    kind, _ = kind_and_owner(row.debit_account_id if is_in else row.credit_account_id)
    # Whose shared wallet it was, other apps' business too, is not said: the request says which user it was for.
    details = {**(row.details or {}), "account": kind.value}
    user = request.get("external_id") or details.pop("user", None)
    return Entry(
        id=row.posting_id if row.line == 0 else f"{row.posting_id}:{row.line}",
        type=row.type,
        at=row.created_at,
        user=user,
        amount_nanos=row.amount if is_in else -row.amount,
        model=request.get("model"),
        tokens=request.get("tokens"),
        request_id=row.request_id,
        details=details,
    )

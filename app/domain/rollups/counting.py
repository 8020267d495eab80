"""Counts requests that have ended and what revenue bore of payments that went back: once, in bounded batches.

A batch locks the paywalls that it adds to, adds what is not counted yet, and marks it as counted, in one transaction.
So two who count at once share the work, and one that is cut has done nothing.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.disputes.tables import Takeback
from app.domain.funnel.rounds import Used, note_used
from app.domain.ledger.accounts import Kind, parse
from app.domain.paywalls.modes import RULES
from app.domain.rollups.books import Additions, Book, lock_books
from app.domain.rollups.parts import Part, Row
from app.domain.rollups.rows import lock_due, read_parts
from app.domain.rollups.sums import Sums
from app.domain.rollups.tables import PaywallRollup
from app.domain.usage.requests import TABLE as REQUESTS
from app.domain.usage.tables import is_due
from app.domain.wallets.wallets import open_users
from app.sql.columns import table_of
from app.sql.statements import Read
from app.sql.statements import update as update_rows

PLATFORM = "platform"
"""The source of what is no request's: money that went back of a payment."""

_BOOKS, _TAKEBACKS = table_of(PaywallRollup), table_of(Takeback)
# By the order that it is asked for, SQLite is led to the index of what is due, instead of looking through all there is.
_IS_DUE = text(f"SELECT 1 FROM request WHERE {is_due()} ORDER BY finished_at LIMIT 1")  # noqa: S608 - ours
_DUE_OF = text(f"SELECT DISTINCT paywall_id FROM request WHERE {is_due()}")  # noqa: S608 - ours
_IS_TAKEBACK_DUE = text("SELECT 1 FROM takeback WHERE counted_at IS NULL ORDER BY created_at LIMIT 1")
_MARK = update_rows(REQUESTS, ("counted_nanos", "counted_late"))
_BORNE = Read(
    "SELECT posting_id, debit_account_id, credit_account_id, amount, created_at FROM ledger_transfer"
    " WHERE posting_id IN ?"
)


def has_due(session: Session) -> bool:
    """Tells whether anything is to be counted."""
    return any(session.execute(statement).first() is not None for statement in (_IS_DUE, _IS_TAKEBACK_DUE))


def list_due(session: Session) -> list[str]:
    """Returns the paywalls of which requests are to be counted."""
    return list(session.scalars(_DUE_OF))


def count_requests(session: Session, limit: int, paywall_id: str | None = None) -> int:
    """Counts up to `limit` requests that are due, of one paywall if given, and returns how many it looked at."""
    rows = lock_due(session, limit, paywall_id)
    if not rows:
        return 0
    books = lock_books(session, {row.paywall_id for row in rows})
    additions = _Several(books.values())
    used = []
    for row, parts in read_parts(session, rows):
        for part in parts:
            if not part.is_counted:
                additions.add(row, part)
                if part.sums.gross_nanos > 0:
                    used.append(Used(row.paywall_id, row.external_id, part.at))
    additions.write(session)
    note_used(session, used)
    # Nobody else makes the row of a user who never paid anything: without it their developer's list lacks them.
    open_users(session, ((row.paywall_id, row.external_id) for row in rows if _is_free(row)))
    connection = session.connection()
    _MARK.run(connection, [(row.charge_nanos, 1 if row.is_late else None, row.id) for row in rows])
    return len(rows)


def _is_free(row: Row) -> bool:
    return row.charge_nanos == 0 and RULES[row.mode].has_app_wallets


class _Several:
    """What is to be added to the builds of several paywalls: the one that is read, and the next where it has come so
    far."""

    def __init__(self, books: Iterable[Book]) -> None:
        self._books = {book.paywall_id: book for book in books}
        self._current = {one.paywall_id: Additions(one.paywall_id, one.build, one.zone) for one in books}
        self._next = {
            one.paywall_id: Additions(one.paywall_id, one.next_build, one.next_zone)
            for one in books
            if one.next_build is not None and one.next_zone is not None
        }

    def add(self, row: Row, part: Part) -> None:
        self._current[row.paywall_id].add(row, part)
        after = self._books[row.paywall_id].next_after
        if after is not None and row.id <= after:
            self._next[row.paywall_id].add(row, part)

    def write(self, session: Session) -> None:
        for additions in (*self._current.values(), *self._next.values()):
            additions.write(session)
        now = clock.now()
        session.execute(update(_BOOKS).where(_BOOKS.c.paywall_id.in_(self._books)).values(counted_at=now))


def count_takebacks(session: Session, limit: int) -> int:
    """Counts what revenue bore of up to `limit` payments that went back, and returns how many it looked at."""
    statement = select(Takeback).where(_TAKEBACKS.c.counted_at.is_(None)).order_by(_TAKEBACKS.c.created_at).limit(limit)
    rows = session.scalars(statement.with_for_update(key_share=True, skip_locked=True)).all()
    found = read_borne(session, rows)
    books = lock_books(session, {paywall_id for paywall_id, *_ in found})
    for paywall_id, user, at, sums in found:
        book = books[paywall_id]
        additions = Additions(paywall_id, book.build, book.zone)
        additions.add_sums(at, ("", "", PLATFORM), user, sums)
        additions.write(session)
    now = clock.now()
    if found:
        session.execute(update(_BOOKS).where(_BOOKS.c.paywall_id.in_(books)).values(counted_at=now))
    for row in rows:
        row.counted_at = now
    session.flush()
    return len(rows)


def read_borne(session: Session, rows: Sequence[Takeback]) -> list[tuple[str, str | None, int, Sums]]:
    """Returns what a paywall's revenue bore of each: the paywall, the user, the time of the posting, and the sums.

    Where a refund failed, revenue had it back.
    """
    named = {f"takeback:{row.topup_id}:{row.n}": row for row in rows}
    found = []
    for posting, debit, credit, nanos, at in _BORNE.rows(session.connection(), named):
        for account, sign in ((parse(debit), 1), (parse(credit), -1)):
            if account.kind is Kind.REVENUE:
                found.append((account.owner, named[posting].external_id, at, Sums(refunds_nanos=sign * nanos)))
    return found

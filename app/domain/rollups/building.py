"""Builds a paywall's sums anew beside those that are read, in the days of a zone, and then puts them in their place.

A build looks through the paywall's requests in the order of their ids and adds what is counted of each; what is counted
later of those it has passed is added to both (`counting.py`). Each batch holds the paywall's lock.
"""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.disputes.tables import Takeback
from app.domain.errors import LimitReached
from app.domain.ids import least_id
from app.domain.rollups.books import Additions, Book, lock_books
from app.domain.rollups.counting import PLATFORM, read_borne
from app.domain.rollups.rows import read_parts, read_rows
from app.domain.rollups.tables import PaywallRollup
from app.domain.rollups.zones import check_zone
from app.domain.usage.requests import TABLE as REQUESTS
from app.sql.columns import table_of

_BOOKS, _TAKEBACKS = table_of(PaywallRollup), table_of(Takeback)


def choose_zone(session: Session, paywall_id: str, zone: str) -> bool:
    """Begins to build a paywall's sums in the days of a zone; tells whether that changes anything.

    Raises BadField for no zone, LimitReached for a second choice within a day. What is read stays in the days of
    the old zone until the build is done.
    """
    book = lock_books(session, [paywall_id])[paywall_id]
    if check_zone(zone) == (book.next_zone or book.zone):
        return False
    now = clock.now()
    asked_at = session.scalar(select(_BOOKS.c.asked_at).where(_BOOKS.c.paywall_id == paywall_id))
    if asked_at is not None and now - asked_at < clock.DAY:
        again = asked_at + clock.DAY
        message = (
            f"The zone of a paywall can be changed once a day; that of {paywall_id} again at {clock.to_iso(again)}."
        )
        raise LimitReached(message, "zone_changed_today", (again - now) // clock.SECOND + 1)
    _begin(session, book, zone)
    session.execute(update(_BOOKS).where(_BOOKS.c.paywall_id == paywall_id).values(asked_at=now))
    return True


def begin_build(session: Session, paywall_id: str) -> None:
    """Begins to build a paywall's sums anew, from its first request on, whatever build is under way."""
    book = lock_books(session, [paywall_id])[paywall_id]
    _begin(session, book, book.next_zone or book.zone)


def _begin(session: Session, book: Book, zone: str) -> None:
    following = max(book.build, book.next_build or 0) + 1
    _set(session, book, next_zone=zone, next_build=following, next_after="")


def _set(session: Session, book: Book, **values: str | int | None) -> None:
    session.execute(update(_BOOKS).where(_BOOKS.c.paywall_id == book.paywall_id).values(**values))


def list_counted(session: Session) -> Sequence[str]:
    """Returns the paywalls of which anything was ever counted."""
    return list(session.scalars(select(_BOOKS.c.paywall_id).order_by(_BOOKS.c.paywall_id)))


def list_builds(session: Session) -> Sequence[str]:
    """Returns the paywalls that are being built."""
    return list(session.scalars(select(_BOOKS.c.paywall_id).where(_BOOKS.c.next_build.is_not(None))))


def build_next(session: Session, paywall_id: str, limit: int) -> bool:
    """Looks through the next `limit` requests of a paywall that is being built, and puts the build in the place of what
    is read after the last; tells whether there is more to do."""
    book = lock_books(session, [paywall_id])[paywall_id]
    if book.next_build is None or book.next_zone is None or book.next_after is None:
        return False
    additions = Additions(paywall_id, book.next_build, book.next_zone)
    rows, last = read_rows(session, paywall_id, book.next_after, limit)
    for row, parts in read_parts(session, rows):
        for part in parts:
            if part.is_counted:
                additions.add(row, part)
    if last is None:
        _add_takebacks(session, additions, paywall_id)
    additions.write(session)
    if last is not None:
        _set(session, book, next_after=last)
        return True
    _set(session, book, zone=book.next_zone, build=book.next_build, next_zone=None, next_build=None, next_after=None,
         counted_at=clock.now(), listed_at=None)  # fmt: skip
    return False


def _add_takebacks(session: Session, additions: Additions, paywall_id: str) -> None:
    of_paywall = (_TAKEBACKS.c.paywall_id == paywall_id, _TAKEBACKS.c.counted_at.is_not(None))
    rows = session.scalars(select(Takeback).where(*of_paywall)).all()
    for owner, user, at, sums in read_borne(session, rows):
        if owner == paywall_id:
            additions.add_sums(at, ("", "", PLATFORM), user, sums)


def share_built(session: Session, paywall_id: str) -> float:
    """Returns about how much of a paywall's requests its build has passed, 0 to 1: by the times in their ids."""
    after = session.scalar(select(_BOOKS.c.next_after).where(_BOOKS.c.paywall_id == paywall_id))
    if after is None:
        return 1.0
    begun = select(func.min(REQUESTS.c.id), func.max(REQUESTS.c.id)).where(REQUESTS.c.paywall_id == paywall_id)
    first, last = session.execute(begun).one()
    if not after or first is None or first == last:
        return 0.0
    low, at, high = (_number(id_) for id_ in (first, after, last))
    return min(max((at - low) / max(high - low, 1), 0.0), 1.0)


def _number(id_: str) -> int:
    """Returns the part of an id that says when it was made."""
    made = id_.partition("_")[2][: len(least_id("", 0)) - 1]
    return int(made, 36) if made.isalnum() and made.isascii() else 0

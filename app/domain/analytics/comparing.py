"""A range of days against the equally long one before it; the day that runs is in neither, since it is not over."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.domain.rollups.reading import read_books, read_sums
from app.domain.rollups.sums import Sums
from app.domain.rollups.zones import date_of

ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Compared:
    """What so many whole `days` came to, and as many before them."""

    days: int
    now: Sums
    before: Sums


def compare(session: Session, paywall_ids: Collection[str], first: date, last: date) -> Compared | None:
    """Compares the days of a range that are over for all of some paywalls with as many before them.

    None where none is over, or there is no such paywall. The paywalls must have one unit and environment.
    """
    books = read_books(session, paywall_ids)
    if not books:
        return None
    over = min(last, date_of(min(book.today for book in books)) - ONE)
    days = (over - first).days + 1
    if days < 1:
        return None
    before = read_sums(session, paywall_ids, first - days * ONE, first - ONE)
    return Compared(days, read_sums(session, paywall_ids, first, over), before)

"""Several paywalls of one unit and environment together, day by day: a date is the same date in each one's own zone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.analytics.groups import Asked, By, read_groups
from app.domain.rollups.reading import DayNumbers, Users, count_users, read_books
from app.domain.rollups.sums import NOTHING, Sums, plus
from app.domain.rollups.zones import UTC_NAME, date_of, day_number, day_of


@dataclass(frozen=True, slots=True)
class Together:
    """What paywalls came to together, in nanos of their unit; `zones` are those of their days.

    `users` are each app's own: who uses two apps is counted in both. `counted_at` is when the least recently counted
    was counted last, None where nothing ever was; a day runs while it does for any of them.
    """

    zones: Sequence[str]
    sums: Sums
    users: Users
    days: Sequence[DayNumbers]
    counted_at: int | None


def last_day(session: Session, paywall_ids: Collection[str]) -> date:
    """Returns the last day that has begun for any of some paywalls; without any, that of UTC."""
    days = [book.today for book in read_books(session, paywall_ids)]
    return date_of(max(days, default=day_of(UTC_NAME, clock.now())))


def read_together(session: Session, paywall_ids: Sequence[str], first: date, last: date) -> Together:
    """Returns what paywalls came to from one day to another, both included, and each of these days."""
    books = read_books(session, paywall_ids)
    asked = Asked(tuple(paywall_ids), first, last, By.DAY)
    found = {one.day: one for one in read_groups(session, asked, 0, (last - first).days + 1).rows}
    running = min((book.today for book in books), default=0)
    days, total = [], NOTHING
    for number in range((last - first).days + 1):
        day = first + timedelta(number)
        one = found.get(day)
        sums, users = (NOTHING, 0) if one is None else (one.sums, one.users or 0)
        total = plus(total, sums)
        days.append(DayNumbers(day, sums, users, is_running=day_number(day) >= running))
    return Together(
        zones=sorted({book.zone for book in books}) or [UTC_NAME],
        sums=total,
        users=count_users(session, books, first, last),
        days=days,
        counted_at=min((book.counted_at for book in books if book.counted_at is not None), default=None),
    )

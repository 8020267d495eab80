"""A range of days against the equally long one before it; the day that runs is in neither, since it is not over."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.domain.rollups.reading import read_sums, today
from app.domain.rollups.sums import Sums

ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Compared:
    """What so many whole `days` came to, and as many before them."""

    days: int
    now: Sums
    before: Sums


def compare(session: Session, paywall_id: str, first: date, last: date) -> Compared | None:
    """Compares the days of a range that are over with as many before them; None where none is over."""
    over = min(last, today(session, paywall_id) - ONE)
    days = (over - first).days + 1
    if days < 1:
        return None
    before = read_sums(session, paywall_id, first - days * ONE, first - ONE)
    return Compared(days, read_sums(session, paywall_id, first, over), before)

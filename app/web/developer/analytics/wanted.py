"""What the address of a page of analytics asks for: which days, by which one or two things they are told apart, and how
far behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.domain.analytics.groups import By
from app.domain.rollups.reading import SPANS

DAYS, DAYS_MAX = 30, 366
"""How many days are shown unless it says otherwise, and at most."""
OFFSET_MAX = 100_000


@dataclass(frozen=True)
class Wanted:
    """The parameters as they stand in the address; empty for one that says nothing. `by` is one of `By`, and so is
    `also`, the address's `and`, unless it is empty."""

    days: str = ""
    first: str = ""
    last: str = ""
    by: str = By.MODEL.value
    also: str = ""
    behind: str = ""
    of: str = ""

    @property
    def group(self) -> By:
        """By what sums are told apart."""
        return By(self.by)

    @property
    def and_group(self) -> By | None:
        """By what else they are told apart."""
        return By(self.also) if self.also else None

    @property
    def chosen(self) -> dict[str, str]:
        """The parameters of what is told apart."""
        return {"by": self.by, "and": self.also}

    @property
    def offset(self) -> int:
        """How many rows stand on the pages before."""
        return min(int(self.behind), OFFSET_MAX) if self.behind.isascii() and self.behind.isdecimal() else 0

    @property
    def kept_range(self) -> dict[str, str]:
        """The parameters of the range, for links that change something else."""
        return {"days": self.days} if not self.first else {"first": self.first, "last": self.last}


def wanted_of(asked: Mapping[str, str], groups: Sequence[By]) -> Wanted:
    """Returns what the parameters of an address say; whatever they say else is nobody's.

    Sums are told apart by one of these, the first unless it says otherwise, and by days or another one if it says so.
    """
    names = ("days", "first", "last", "behind", "of")
    by = next((one for one in groups if one.value == asked.get("by")), groups[0])
    also = next((one for one in (By.DAY, *groups) if one.value == asked.get("and") and one is not by), None)
    said = {name: asked.get(name, "").strip()[:20] for name in names}
    return Wanted(by=by.value, also="" if also is None else also.value, **said)


def range_of(wanted: Wanted, today: date) -> tuple[date, date]:
    """Returns the first and last day that are asked for: never more than a year, nor a day that has not begun."""
    first, last = _date(wanted.first), _date(wanted.last)
    if first is not None and last is not None and first <= last:
        last = min(last, today)
        first = min(first, last)
        return max(first, last - timedelta(DAYS_MAX - 1)), last
    days = int(wanted.days) if wanted.days in [str(span) for span in SPANS] else DAYS
    return today - timedelta(days - 1), today


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(2000, 1, 1) <= found <= date(9000, 1, 1) else None

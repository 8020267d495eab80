"""Days of a zone. Pure: a time becomes the quarter of an hour that it is in, and that the day of a zone.

Every zone's clock is off UTC by whole quarters of an hour (Kathmandu by 5:45), so that a quarter lies in one day.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from app.domain import clock
from app.domain.errors import BadField

QUARTER = 15 * 60 * clock.SECOND
"""Microseconds in a quarter of an hour."""
UTC_NAME = "UTC"

_FIRST = date(1970, 1, 1)


def check_zone(name: str) -> str:
    """Returns the name of a zone of the IANA database. Raises BadField for any other."""
    if name not in available_timezones():
        raise BadField("zone", f"`zone` must be the name of a time zone, such as Asia/Kolkata, not {name[:80]!r}.")
    return name


def quarter_of(at: int) -> int:
    """Returns the begin of the quarter of an hour that a time is in."""
    return at - at % QUARTER


@lru_cache(maxsize=65_536)
def day_of_quarter(zone: str, start: int) -> int:
    """Returns the day of a zone that a quarter of an hour lies in, counted from 1970-01-01."""
    return day_number(clock.to_datetime(start).astimezone(_zone(zone)).date())


def day_of(zone: str, at: int) -> int:
    """Returns the day of a zone that a time is in, counted from 1970-01-01."""
    return day_of_quarter(zone, quarter_of(at))


def day_number(day: date) -> int:
    """Returns a date as a number: 1970-01-01 is 0."""
    return (day - _FIRST).days


def date_of(day: int) -> date:
    """Returns the date of a number."""
    return _FIRST + timedelta(days=day)


def day_start(zone: str, day: int) -> int:
    """Returns the first microsecond of a day of a zone."""
    midnight = datetime.combine(date_of(day), datetime.min.time(), _zone(zone))
    return int(midnight.astimezone(UTC).timestamp()) * clock.SECOND


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)

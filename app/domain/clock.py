"""The time. Nothing else in the app reads it; it is UTC, in whole microseconds since 1970."""

import time
from datetime import UTC, datetime

SECOND = 1_000_000
"""Microseconds in a second."""
DAY = 86_400 * SECOND
"""Microseconds in a day."""


def now() -> int:
    """Returns the time in microseconds since 1970-01-01T00:00:00Z."""
    return time.time_ns() // 1_000


def monotonic_seconds() -> float:
    """Returns a clock for measuring durations; it never goes back."""
    return time.monotonic()


def to_datetime(at: int) -> datetime:
    """Returns a stored time as an aware UTC datetime."""
    return datetime.fromtimestamp(at / SECOND, UTC)


def to_iso(at: int) -> str:
    """Writes a stored time as ISO 8601 with milliseconds: `2026-11-20T22:07:00.123Z`."""
    return to_datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")

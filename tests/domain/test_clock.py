"""Time is UTC, in microseconds."""

from datetime import UTC, datetime, timedelta

from app.domain import clock


def test_now_is_now() -> None:
    assert abs(clock.to_datetime(clock.now()) - datetime.now(UTC)) < timedelta(seconds=5)
    first = clock.monotonic_seconds()
    assert clock.monotonic_seconds() >= first


def test_times_are_written_in_utc_with_milliseconds() -> None:
    assert clock.to_iso(1_763_676_000_123_456) == "2025-11-20T22:00:00.123Z"
    assert clock.to_datetime(0).tzinfo is UTC

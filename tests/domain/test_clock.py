"""Time is UTC, in microseconds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import clock

CENTURY_ENDS_AT = 4_102_444_800 * clock.SECOND  # 2100-01-01


def test_now_is_now() -> None:
    assert abs(clock.to_datetime(clock.now()) - datetime.now(UTC)) < timedelta(seconds=5)
    first = clock.monotonic_seconds()
    assert clock.monotonic_seconds() >= first


@given(st.integers(0, CENTURY_ENDS_AT))
def test_no_microsecond_is_lost_on_the_way_to_a_datetime(at: int) -> None:
    assert (clock.to_datetime(at) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) == at


@given(st.integers(0, CENTURY_ENDS_AT))
def test_a_written_time_is_the_time_cut_to_milliseconds(at: int) -> None:
    written = clock.to_iso(at)
    assert written.endswith("Z") and len(written) == len("2026-11-20T22:07:00.123Z")
    assert datetime.fromisoformat(written) == clock.to_datetime(at // 1_000 * 1_000)


def test_durations_do_not_follow_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    before = clock.monotonic_seconds()
    monkeypatch.setattr("time.time_ns", lambda: 1_999)
    assert clock.now() == 1
    assert clock.monotonic_seconds() >= before


def test_times_are_written_in_utc_with_milliseconds() -> None:
    assert clock.to_iso(1_763_676_000_123_456) == "2025-11-20T22:00:00.123Z"
    assert clock.to_datetime(0).tzinfo is UTC

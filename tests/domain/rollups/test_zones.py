"""Days of a zone, also where clocks change: `research/dashboard_modes.md` (d) 2."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from app.domain import clock
from app.domain.errors import BadField
from app.domain.rollups.zones import QUARTER, check_zone, date_of, day_number, day_of, day_start, quarter_of


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * clock.SECOND


def test_a_day_of_kolkata_ends_at_half_past_six_in_the_evening_of_utc() -> None:
    last, first = at("2026-03-28T18:29:59"), at("2026-03-28T18:30:00")
    assert (date_of(day_of("Asia/Kolkata", last)), date_of(day_of("Asia/Kolkata", first))) == (
        date(2026, 3, 28), date(2026, 3, 29),
    )  # fmt: skip
    assert day_of("UTC", last) == day_of("UTC", first)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York"])
def test_the_days_of_a_month_are_its_quarters_each_once(zone: str) -> None:
    first, end = day_start(zone, day_number(date(2026, 3, 1))), day_start(zone, day_number(date(2026, 4, 1)))
    days = [day_of(zone, start) for start in range(first, end, QUARTER)]
    assert days == sorted(days) and set(days) == set(range(day_number(date(2026, 3, 1)), day_number(date(2026, 4, 1))))
    assert day_of(zone, first - 1) == days[0] - 1 and day_of(zone, end) == days[-1] + 1


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 3, 9), 24)])
def test_a_day_on_which_clocks_change_is_shorter_or_longer(day: date, hours: int) -> None:
    zone, number = "America/New_York", day_number(day)
    assert (day_start(zone, number + 1) - day_start(zone, number)) // (3_600 * clock.SECOND) == hours


def test_a_quarter_begins_at_its_first_microsecond() -> None:
    start = at("2026-03-28T18:30:00")
    assert [quarter_of(start - 1), quarter_of(start), quarter_of(start + QUARTER - 1)] == [
        start - QUARTER,
        start,
        start,
    ]


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "utc+1"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    assert check_zone("Asia/Kathmandu") == "Asia/Kathmandu"
    with pytest.raises(BadField, match="time zone"):
        check_zone(name)


@pytest.mark.unhurried
def test_zones_are_known_where_the_system_has_no_files_of_them() -> None:
    asked = "from app.domain.rollups.zones import check_zone; print(check_zone('Asia/Kathmandu'))"
    done = subprocess.run([sys.executable, "-c", asked], env={**os.environ, "PYTHONTZPATH": ""},
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr

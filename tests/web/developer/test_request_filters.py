"""Whatever an address asks of the list of requests reaches it, and opens the part of the form that it stands in."""

from datetime import UTC, datetime

import pytest

from app.domain.usage.request_list import RequestFilter
from app.web.developer.requests.rows import ASKED, Wanted

FIELDS = {"user": "user", "model": "model", "status": "status", "key": "key_id", "session": "session",
          "agent": "agent", "order": "order_id", "id": "named"}  # fmt: skip
MIDNIGHT = 1_000_000 * int(datetime(2026, 3, 29, tzinfo=UTC).timestamp())


@pytest.mark.parametrize("name", FIELDS)
def test_each_word_asks_for_its_own_field_alone(name: str) -> None:
    wanted = Wanted(**{name: "settled"})
    assert wanted.filter() == RequestFilter(**{FIELDS[name]: "settled"})  # type: ignore[arg-type]
    assert wanted.has_more is (name not in ("user", "model", "status"))


def test_days_are_whole_and_there_is_nothing_else_to_ask_for() -> None:
    day, days = Wanted(day="2026-03-29").filter(), Wanted(day="2026-03-29", until="2026-03-30").filter()
    assert (day.since, days.since) == (MIDNIGHT, MIDNIGHT) and (days.until or 0) - (day.until or 0) == 86_400_000_000
    assert set(ASKED) == {*FIELDS, "day", "until"}

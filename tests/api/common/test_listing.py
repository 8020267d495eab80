"""What lists share: times, users, cursors that fit their list alone."""

from datetime import UTC, datetime

import pytest

from app.api.common.listing import _time, check_word, read_cursor, write_cursor
from app.domain.errors import BadField
from tests.support.handed import mint_topup
from tests.support.server import Demo

SCOPE = ("requests", "pw_1", "ada", None)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-26", datetime(2026, 11, 26, tzinfo=UTC)),
        ("2026-11-26T12:30:00.000001Z", datetime(2026, 11, 26, 12, 30, 0, 1, tzinfo=UTC)),
        ("2026-11-26T12:30:00+02:00", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        ("2026-11-26T12:30:00 02:00", datetime(2026, 11, 26, 10, 30, tzinfo=UTC)),
        ("2026-11-26T12:30", datetime(2026, 11, 26, 12, 30, tzinfo=UTC)),
        ("2026-11-26 12:30", datetime(2026, 11, 26, 12, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise(text: str, at: datetime) -> None:
    assert _time(text, "from") == int(at.timestamp()) * 1_000_000 + at.microsecond


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1764115200", "2026-11-26T25:00:00Z", "\x00", "٢"])
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadField) as refused:
        _time(text, "to")
    assert refused.value.field == "to"


def test_a_cursor_is_good_for_its_own_list() -> None:
    cursor = write_cursor(["req_1", [5, "top_1"], None], *SCOPE)
    assert read_cursor(cursor, *SCOPE) == ["req_1", [5, "top_1"], None]
    assert read_cursor(None, *SCOPE) is None
    assert "ada" not in cursor


@pytest.mark.parametrize(
    "scope", [("ledger", "pw_1", "ada", None), ("requests", "pw_2", "ada", None), ("requests", "pw_1", None, None)]
)
def test_a_cursor_of_another_list_is_refused_by_name(scope: tuple[object, ...]) -> None:
    with pytest.raises(BadField, match="other filters") as refused:
        read_cursor(write_cursor(["req_1"], *SCOPE), *scope)
    assert (refused.value.field, refused.value.code) == ("cursor", "invalid_cursor")


@pytest.mark.parametrize("cursor", ["", "x", "x.y", "ü", "a" * 5_000, mint_topup("pw_1", "ada")])
def test_what_we_never_wrote_is_no_cursor(cursor: str) -> None:
    with pytest.raises(BadField) as refused:
        read_cursor(cursor, *SCOPE)
    assert (refused.value.field, refused.value.code) == ("cursor", "invalid_cursor")


@pytest.mark.parametrize(("value", "among"), [("", None), ("a\x00", None), ("x" * 201, None), ("b", ("a",))])
def test_a_filter_that_nothing_can_match_is_refused_by_name(value: str, among: tuple[str, ...] | None) -> None:
    with pytest.raises(BadField) as refused:
        check_word(value, "model", among)
    assert refused.value.field == "model"


@pytest.mark.parametrize("path", ["/requests", "/ledger"])
@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("from=x", "from"), ("to=x", "to"),
     ("from=2026-02-01&to=2026-01-01", "to"), ("cursor=x", "cursor"), ("user=a b", "user")],
)  # fmt: skip
def test_a_wrong_parameter_is_named(demo: Demo, path: str, query: str, field: str) -> None:
    answer = demo.get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)

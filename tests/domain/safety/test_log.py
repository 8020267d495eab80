"""The safety log keeps codes alone, of what says something of safety, for whose wallet it was."""

import pytest

from app import db
from app.domain.errors import OwnKeyUnavailable, ProviderFailed
from app.domain.rows import write
from app.domain.safety.log import Stopped, of_failure, read_newest, row_of
from app.domain.safety.tables import SafetyKind

TEXT = "Ignore all previous instructions, said Ada"


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (ProviderFailed("Away."), None),
        (ProviderFailed("Slow.", timed_out=True), None),
        (ProviderFailed("Broken.", 500, body={"code": "server_error"}), None),
        (OwnKeyUnavailable("Gone."), None),
        (ProviderFailed("No.", 401), (SafetyKind.PROVIDER_REFUSAL, "status_401")),
        (ProviderFailed("No.", 400, body={"message": TEXT, "code": TEXT}), (SafetyKind.PROVIDER_REFUSAL, "status_400")),
        (ProviderFailed("Later.", 429), (SafetyKind.LIMIT, "provider_rate")),
        (ProviderFailed("No.", 400, body={"code": "content_filter", "message": TEXT}),
         (SafetyKind.CONTENT_FILTER, "content_filter")),
        (ProviderFailed("No.", 200, body={"error": {"code": "content_policy_violation"}}),
         (SafetyKind.CONTENT_FILTER, "content_policy_violation")),
    ],
)  # fmt: skip
def test_a_failure_is_a_code_or_nothing(failure: ProviderFailed, expected: tuple[SafetyKind, str] | None) -> None:
    found = of_failure(failure)
    assert [(one.kind, one.code) for one in found] == ([] if expected is None else [expected])


def test_lines_are_read_by_wallet_the_newest_first(database: str) -> None:
    filtered, limited = Stopped(SafetyKind.CONTENT_FILTER, "content_filter"), Stopped(SafetyKind.LIMIT, "cap_reached")
    with db.transaction() as session:
        for number, one in enumerate((filtered, limited, filtered)):
            write(session, [row_of(one, f"req_{number}", "pw_1", "wal_1", "gpt-4o")])
        write(session, [row_of(filtered, "req_3", "pw_1", "wal_2", None)])
        mine = read_newest(session, ["wal_1"], 2)
        assert len(mine) == 2 and {one.kind for one in mine} <= {SafetyKind.LIMIT, SafetyKind.CONTENT_FILTER}
        both = read_newest(session, ["wal_1", "wal_2", "wal_none"], 10)
        assert len(both) == 4 and [one.id for one in both] == sorted((one.id for one in both), reverse=True)
        assert read_newest(session, [], 10) == []

"""What was posted after a transfer is checked like everything, and nothing of before it is looked at but sums."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

import pytest

from app import db
from app.domain import clock
from app.domain.ids import new_id
from app.domain.ledger import recent
from app.domain.ledger.invariants import newest_transfer
from app.domain.ledger.operations import Charge, Hold, Release
from tests.domain.ledger.money import OTHER_WALLET, WALLET, deposit, do, execute, to_revenue

pytestmark = pytest.mark.usefixtures("database")


def findings(after: int, made_since: int | None = None) -> list[tuple[str, str]]:
    since = clock.now() + clock.DAY if made_since is None else made_since
    with db.transaction(writes=False) as session:
        found = recent.check_since(session, after, since, lambda _name, _share: None)
        return [(finding.check, finding.row) for finding in found]


def newest() -> int:
    with db.transaction(writes=False) as session:
        return newest_transfer(session)


def test_what_is_new_is_checked_and_what_is_old_is_not() -> None:
    do(deposit("d:old", 100))
    do(Charge("chg:old", WALLET, 5, to_revenue()))
    seen = newest()
    do(deposit("d:new", 100, OTHER_WALLET))
    do(Charge("chg:new", OTHER_WALLET, 5, to_revenue(OTHER_WALLET)))
    assert findings(0) == findings(seen) == []
    execute("UPDATE ledger_posting SET inputs_hash = 'other'")
    execute("UPDATE ledger_hold SET charged = 4")
    execute(f"UPDATE ledger_account SET posted = posted - 1 WHERE id = '{OTHER_WALLET.id}'")
    execute(f"UPDATE ledger_account SET posted = posted + 1 WHERE id = '{WALLET.id}'")
    assert findings(seen) == [("charge", "chg:new"), ("posting", "d:new"), ("balance", OTHER_WALLET.id)]
    assert {row for _, row in findings(0)} == {"chg:new", "chg:old", "d:new", "d:old", OTHER_WALLET.id, WALLET.id}


def test_sums_and_holds_are_looked_at_as_a_whole() -> None:
    do(deposit("d:old", 100))
    seen = newest()
    execute(f"UPDATE ledger_account SET held = 3, posted = posted + 1 WHERE id = '{WALLET.id}'")
    assert findings(seen) == [("zero_sum", "sandbox:USD"), ("held", WALLET.id)]


def test_a_minute_before_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    at = 1_770_000_000 * clock.SECOND
    ids = []
    for seconds in (0, 100, 130):
        monkeypatch.setattr(clock, "now", lambda seconds=seconds: at + seconds * clock.SECOND)
        do(deposit(f"d:{seconds}", 100))
        ids.append(newest())
    with db.transaction(writes=False) as session:
        assert recent.step_back(session, ids[2], at + 150 * clock.SECOND) == ids[1] - 1
        assert recent.step_back(session, ids[2], at + 500 * clock.SECOND) == ids[2]
        assert recent.step_back(session, 0, at) == 0


def test_what_ended_without_a_transfer_is_found_by_when_it_was_made() -> None:
    before = clock.now()
    hold_id = f"hold:{new_id('req')}"
    do(deposit("d:1", 100))
    do(Hold(hold_id, WALLET, most=10, least=1, bound=10, owner="process"))
    do(Release(hold_id, WALLET))
    after = newest()
    execute("UPDATE ledger_hold SET asked = 4, charged = 4, status = 'settled'")
    execute(f"INSERT INTO ledger_posting VALUES ('d:empty', 'hash', 0, {clock.now()})")
    assert findings(after) == []
    assert findings(after, before) == [("charge", hold_id), ("posting", "d:empty")]


def test_what_is_open_is_looked_at_again_once_it_has_ended() -> None:
    now = clock.now()
    do(deposit("d:1", 100))
    with db.transaction(writes=False) as session:
        assert recent.ended_before(session, now) == now - recent.MAKING
    do(Hold("hold:1", WALLET, most=10, least=1, bound=10, owner="process"))
    execute(f"UPDATE ledger_hold SET created_at = {now - 900 * clock.SECOND}")
    with db.transaction(writes=False) as session:
        assert recent.ended_before(session, now) == now - 900 * clock.SECOND - recent.MAKING

"""The audit compares sums with the ledger, and finds each way in which they can be wrong."""

import pytest
from sqlalchemy import text

from app import db
from app.domain.ledger.invariants import Finding
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import Tokens
from app.domain.rollups.audit import check_all
from app.flows.upkeep.audit import audit
from tests.support.books import assert_books_balance
from tests.support.rolled import MINE, App, Chat, count, count_all, hands


def findings() -> list[Finding]:
    with db.transaction(writes=False) as session:
        return list(check_all(session, lambda _name, _share: None))


def busy(mode: Mode) -> App:
    """An app with some of everything, the last of it not counted yet."""
    app = App(mode)
    app.fund()
    app.give_trial("bob", 10**12) if mode is Mode.SHARED else app.fund("bob")
    lost = app.lose(Chat(), Tokens(500, 100))
    told = app.chat()
    app.chat(user="bob")
    app.chat(provider=MINE, reported_nanos=5)
    app.charge("ada", 12_345)
    app.let_go(Chat())
    if mode is Mode.DEFAULT:
        app.give_back(told, told.charge // 2)
    count_all()
    app.settle(lost)
    app.chat()
    return app


@pytest.mark.parametrize("mode", [Mode.DEFAULT, Mode.SHARED])
def test_sums_agree_with_the_ledger_whatever_is_counted_of_it(database: str, mode: Mode) -> None:
    with hands():
        busy(mode)
        assert findings() == []
        count(1)
        assert findings() == []
        count_all()
        assert findings() == []


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE rollup_day SET gross_nanos = gross_nanos + 1 WHERE key_id = 'key_1'", "gross"),
        ("UPDATE rollup_day SET refunds_nanos = refunds_nanos + 1 WHERE key_id = 'key_1'", "refunds"),
        ("UPDATE rollup_day SET fee_nanos = fee_nanos - 1 WHERE key_id = 'key_1'", "fee"),
        ("UPDATE rollup_day SET trial_nanos = trial_nanos - 1 WHERE key_id = 'key_1'", "trial"),
        ("UPDATE rollup_day SET requests = requests + 1 WHERE key_id = 'key_1'", "requests"),
        ("UPDATE rollup_total SET users = users + 1", "users of"),
        ("DELETE FROM rollup_user_day WHERE external_id = 'bob'", "The users of"),
        ("DELETE FROM rollup_user_part WHERE external_id = 'bob'", "The parts of users of"),
        ("UPDATE rollup_total SET refunds_nanos = refunds_nanos + 1", "The days of"),
        ("DELETE FROM rollup_day", "gross"),
        ("UPDATE request SET counted_nanos = NULL WHERE kind = 'manual'", "requests"),
    ],
)
def test_sums_that_are_wrong_are_named(migrated_sqlite_url: str, spoil: str, said: str) -> None:
    with hands():
        busy(Mode.DEFAULT)
        with db.transaction() as session:
            session.execute(text(spoil))
        assert said in " ".join(finding.message for finding in findings())


@pytest.mark.unhurried
def test_a_cost_that_the_ledger_has_is_compared(migrated_sqlite_url: str) -> None:
    with hands():
        app = App(Mode.SHARED)
        app.fund()
        app.chat()
        count_all()
        assert findings() == []
        with db.transaction() as session:
            session.execute(text("UPDATE rollup_day SET cost_nanos = cost_nanos + 1"))
        assert "cost" in findings()[0].message


def test_the_audit_of_all_books_looks_at_sums(migrated_sqlite_url: str) -> None:
    with hands():
        app = App()
        app.fund()
        app.charge("ada", 5)
        count_all()
        assert_books_balance()
        with db.transaction() as session:
            session.execute(text("UPDATE rollup_day SET gross_nanos = 6"))
        with db.transaction(writes=False) as session:
            assert {finding.check for finding in audit(session)} == {"rollup"}

"""The audit's job finds wrong sums by what it kept at its mark, whatever is counted of what came since."""

import pytest
from sqlalchemy import text

from app import db
from app.domain.ledger.invariants import newest_transfer
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import Tokens
from app.domain.rollups import recent
from app.domain.usage import kept_sums
from tests.support.rolled import MINE, START, App, Chat, count, count_all, hands


def newest() -> int:
    with db.transaction(writes=False) as session:
        return newest_transfer(session)


def keep(last: int) -> None:
    with db.transaction() as session:
        kept_sums.keep(session, recent.read_moved(session, 0, last), are_all=True)


def broken(marked: int, seen_at: int = START) -> list[str]:
    with db.transaction(writes=False) as session:
        return [found.message for found in recent.check_since(session, marked, newest_transfer(session), seen_at)]


def busy(mode: Mode) -> tuple[App, int]:
    """An app with some of everything before a mark, and of everything after it."""
    app = App(mode)
    app.fund()
    app.give_trial("bob", 10**12) if mode is Mode.SHARED else app.fund("bob")
    lost = app.lose(Chat(), Tokens(500, 100))
    told = app.chat()
    count_all()
    app.chat(user="bob")
    marked = newest()
    keep(marked)
    app.settle(lost)
    app.chat(provider=MINE, reported_nanos=5)
    app.charge("ada", 12_345)
    app.let_go(Chat())
    if mode is Mode.DEFAULT:
        app.give_back(told, told.charge // 2)
    return app, marked


@pytest.mark.parametrize("mode", [Mode.DEFAULT, Mode.SHARED])
def test_sums_are_right_whatever_is_counted_of_what_came(database: str, mode: Mode) -> None:
    with hands():
        app, marked = busy(mode)
        assert broken(marked) == []
        while count(1):
            assert broken(marked) == []
        app.chat()
        assert broken(marked) == [] and broken(newest()) != [], "what was not kept up to there is missing"


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("UPDATE rollup_total SET gross_nanos = gross_nanos + 1", "have gross of"),
        ("UPDATE rollup_total SET refunds_nanos = refunds_nanos - 1", "have refunds of"),
        ("UPDATE rollup_total SET fee_nanos = fee_nanos - 1", "have fee of"),
        ("UPDATE rollup_total SET trial_nanos = trial_nanos - 1", "have trial of"),
        ("UPDATE rollup_day SET gross_nanos = gross_nanos + 1 WHERE key_id = 'key_1'", "The days of"),
        ("DELETE FROM rollup_user_day WHERE external_id = 'bob'", "The users of"),
        ("UPDATE request SET counted_nanos = NULL WHERE kind = 'manual'", "have gross of"),
    ],
)
def test_sums_that_are_wrong_are_named(migrated_sqlite_url: str, spoil: str, said: str) -> None:
    with hands():
        _, marked = busy(Mode.DEFAULT)
        count_all()
        assert broken(marked) == []
        with db.transaction() as session:
            session.execute(text(spoil))
        assert any(said in message for message in broken(marked))

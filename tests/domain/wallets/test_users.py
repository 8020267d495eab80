"""A paywall's users: listed, searched and counted, however many there are."""

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from app import db
from app.domain.errors import NotFound
from app.domain.money import Environment, Unit
from app.domain.wallets import users
from app.domain.wallets.freezes import freeze
from app.domain.wallets.tables import FreezeReason
from app.domain.wallets.users import Barred, count_users, find_user, list_users, page_statement
from app.domain.wallets.wallets import app_wallet, block_user, open_user, open_wallet
from tests.support.books import make_paywall


def add(session: db.Session, paywall_id: str, *names: str) -> None:
    """Opens users, the last of whom is the newest."""
    for name in names:
        assert open_user(session, paywall_id, name)


def names_of(page: users.UserPage) -> list[str]:
    return [user.id for user in page.users]


def test_users_come_newest_first_in_pages_that_miss_nobody(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        add(session, paywall_id, *(f"u{number}" for number in range(7)))
        add(session, other, "stranger")
        assert not open_user(session, paywall_id, "u3")
        found, before = [], None
        for _ in range(3):
            page = list_users(session, paywall_id, before=before, limit=3)
            found += names_of(page)
            before = page.following
        assert found == [f"u{number}" for number in range(6, -1, -1)] and before is None
        assert (count_users(session, paywall_id), count_users(session, other)) == (7, 1)


def test_a_search_finds_a_part_of_an_id_whatever_its_case_and_takes_signs_for_what_they_are(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        add(session, paywall_id, "acme:Ada", "acme:bob", "100%", "a_b", "other:ada", "axb")
        assert names_of(list_users(session, paywall_id, "ADA")) == ["other:ada", "acme:Ada"]
        assert names_of(list_users(session, paywall_id, "%")) == ["100%"]
        assert names_of(list_users(session, paywall_id, "a_b")) == ["a_b"]
        assert names_of(list_users(session, paywall_id, "'; DROP")) == []


def test_a_search_says_how_far_it_looked_and_goes_on_from_there(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "LOOKED_MAX", 3)
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        add(session, paywall_id, "old:ada", "x1", "x2", "x3", "new:ada", "x4")
        first = list_users(session, paywall_id, "ada")
        assert names_of(first) == ["new:ada"]
        assert first.looked_until == find_user(session, paywall_id, "x3").since and first.following is not None
        second = list_users(session, paywall_id, "ada", before=first.following)
        assert names_of(second) == ["old:ada"]
        assert names_of(list_users(session, paywall_id, "old:ada")) == ["old:ada"]  # the very id, however old


def test_blocked_and_frozen_users_are_lists_of_their_own(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        wallets = {name: app_wallet(paywall_id, name, Environment.SANDBOX, Unit.USD) for name in ("ada", "bob", "eve")}
        for wallet in wallets.values():
            open_wallet(session, wallet)
        block_user(session, wallets["ada"])
        freeze(session, wallets["bob"].id, FreezeReason.DISPUTE, "dp_1")
        assert names_of(list_users(session, paywall_id, barred=Barred.BLOCKED)) == ["ada"]
        assert names_of(list_users(session, paywall_id, barred=Barred.FROZEN)) == ["bob"]
        assert names_of(list_users(session, paywall_id, "b", barred=Barred.BLOCKED)) == []
        assert find_user(session, paywall_id, "ada").is_blocked and not find_user(session, paywall_id, "eve").is_blocked


def test_nobody_finds_another_paywalls_user_or_what_can_be_no_id(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        add(session, other, "ada")
        for name in ("ada", "", "a b", "\x00", "é"):
            with pytest.raises(NotFound):
                find_user(session, paywall_id, name)


def test_no_count_goes_beyond_its_bound(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "COUNTED_MAX", 2)
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        add(session, paywall_id, "a", "b", "c", "d")
        assert count_users(session, paywall_id) == 3


@pytest.mark.parametrize(("search", "barred", "index"), [
    ("", Barred.ANY, "newest"), ("ada", Barred.ANY, "newest"), ("", Barred.BLOCKED, "blocked"),
])  # fmt: skip
def test_no_page_scans_the_table(database: str, search: str, barred: Barred, index: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        if not db.is_sqlite():
            session.execute(text("SET enable_seqscan = off"))  # of a table without rows nothing is cheaper
        statement = page_statement(paywall_id, search, barred, (9, "usr_z"), (1, "usr_a"), 51)
        dialect = sqlite.dialect() if db.is_sqlite() else postgresql.dialect()  # type: ignore[no-untyped-call]
        written = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if db.is_sqlite() else "EXPLAIN "
        plan = "\n".join(str(row[-1]) for row in session.execute(text(explain + written.replace(":", r"\:"))))
    assert f"ix_end_user_{index}" in plan, plan
    assert "SCAN end_user" not in plan and "Seq Scan" not in plan, plan
    if index == "newest":
        assert "SORT" not in plan.upper() and "TEMP B-TREE" not in plan.upper(), plan

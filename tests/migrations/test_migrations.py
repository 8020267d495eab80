"""Migrations: from nothing to the newest on both databases, and then no drift from the tables in the code."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from app import db, settings
from app.domain.all_tables import METADATA
from app.domain.ledger.book import budget_set_id
from app.domain.money import Unit
from app.domain.pricing.price_book import prices_at, read_offers
from app.domain.usage.request_list import RequestFilter, list_receipts
from app.domain.usage.requests import read_receipt
from tests.domain.ledger.money import WALLET, deposit, do, execute, findings


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, data_dir: Path) -> Any:
    """An empty database as this process's own."""
    settings.configure(data=data_dir, database_url=request.getfixturevalue(f"{request.param}_url"))
    yield
    db.dispose()


def describe(engine: Engine) -> dict[str, Any]:
    """Returns everything about every table, constraint texts and partial indexes included, but not their order."""
    inspector = inspect(engine)
    tables = [name for name in inspector.get_table_names() if name != "alembic_version"]
    described: dict[str, Any] = {}
    for name in tables:
        described[name] = {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(name)},
            "key": inspector.get_pk_constraint(name),
            # Without their names, which SQLAlchemy does not see on a column that was added to a table of SQLite.
            "foreign": sorted(repr({**key, "name": None}) for key in inspector.get_foreign_keys(name)),
            "unique": sorted(map(repr, inspector.get_unique_constraints(name))),
            "checks": {c["name"]: c["sqltext"] for c in inspector.get_check_constraints(name)},
            "indexes": sorted(repr({**i, "dialect_options": _words(i)}) for i in inspector.get_indexes(name)),
            "strict": "STRICT" in _sqlite_text(engine, name),
        }
    return described


def _words(index: Any) -> dict[str, str]:
    """Returns an index's options, such as its WHERE, as text."""
    return {name: str(value) for name, value in index.get("dialect_options", {}).items()}


def _sqlite_text(engine: Engine, table: str) -> str:
    if engine.dialect.name != "sqlite":
        return ""
    with engine.connect() as connection:
        statement = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
        return str(connection.execute(statement, {"name": table}).scalar_one())


@pytest.mark.unhurried
@pytest.mark.usefixtures("empty")
def test_an_empty_database_becomes_the_newest() -> None:
    assert not db.is_migrated()
    db.migrate()
    assert db.is_migrated()
    db.migrate()
    do(deposit("d:1", 5))
    assert findings() == []


@pytest.mark.unhurried
@pytest.mark.usefixtures("empty")
def test_migrations_and_tables_do_not_drift() -> None:
    db.migrate()
    migrated = describe(db.engine())
    with db.engine().begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF") if db.is_sqlite() else None
        for table in reversed(METADATA.sorted_tables):
            connection.exec_driver_sql(f"DROP TABLE {table.name}")
        METADATA.create_all(connection)
    assert migrated == describe(db.engine())
    assert all(table["strict"] for table in migrated.values()) or not db.is_sqlite()


@pytest.mark.unhurried
@pytest.mark.usefixtures("empty")
def test_holds_that_were_linked_to_budgets_one_by_one_name_a_set_of_them() -> None:
    with db._migrating() as connection:
        command.upgrade(db._alembic(connection), "2026_11_26_ledger_api")
    wallet = f"'{WALLET.id}', 'sandbox', 'USD', 'wallet', '{WALLET.owner}', 0, 0, 0, 1"
    execute(f"INSERT INTO ledger_account VALUES ({wallet})")
    for budget_id in ("cap:1", "cap:2"):
        execute(f"INSERT INTO ledger_budget VALUES ('{budget_id}', 'sandbox', 'USD', 50, 0, 0, 0, 1)")
    for hold_id, budgets in (("hold:1", ("cap:2", "cap:1")), ("hold:2", ()), ("hold:3", ("cap:1", "cap:2"))):
        execute(
            "INSERT INTO ledger_hold (id, inputs_hash, account_id, owner, status, amount, from_promo, bound, metered,"
            f" charged, budgets, created_at)"
            f" VALUES ('{hold_id}', 'x', '{WALLET.id}', 'process', 'open', 0, 0, 10, 0, 0, {len(budgets)}, 1)"
        )
        for budget_id in budgets:
            execute(f"INSERT INTO ledger_hold_budget VALUES ('{hold_id}', '{budget_id}')")
    db.migrate()
    both = budget_set_id(("cap:1", "cap:2"))
    with db.transaction(writes=False) as session:
        holds = session.execute(text("SELECT id, budget_set FROM ledger_hold ORDER BY id")).all()
        members = session.execute(text("SELECT * FROM ledger_budget_set_member ORDER BY budget_id")).all()
    assert [tuple(row) for row in holds] == [("hold:1", both), ("hold:2", None), ("hold:3", both)]
    assert [tuple(row) for row in members] == [(both, "cap:1"), (both, "cap:2")]
    assert findings() == []


@pytest.mark.unhurried
@pytest.mark.usefixtures("empty")
def test_requests_from_before_say_nothing_of_key_version_session_and_agent() -> None:
    with db._migrating() as connection:
        command.upgrade(db._alembic(connection), "2026_11_28_0440_known_browsers")
    execute(
        "INSERT INTO request (id, paywall_id, wallet_id, external_id, kind, status, billing_source, streamed, unit,"
        " hold_nanos, charge_nanos, receipt, created_at)"
        " VALUES ('req_1', 'pw_1', 'wal_1', 'ada', 'chat', 'released', 'platform', 0, 'USD', 9, 0, NULL, 1)"
    )
    db.migrate()
    with db.transaction(writes=False) as session:
        found = read_receipt(session, "pw_1", "req_1")
        assert list_receipts(session, "pw_1", RequestFilter(), None, 10) == [found]
        for wanted in (RequestFilter(key_id="key_1"), RequestFilter(session="s"), RequestFilter(agent="a")):
            assert list_receipts(session, "pw_1", wanted, None, 10) == []
        columns = "key_id, paywall_version, order_id, session, agent, counted_nanos, refund_of"
        assert set(session.execute(text(f"SELECT {columns} FROM request")).one()) == {None}
    assert (found.status, found.hold) == ("released", "0.000000009")
    assert (found.key_id, found.paywall_version, found.session, found.agent) == (None,) * 4
    assert findings() == []


@pytest.mark.unhurried
@pytest.mark.usefixtures("empty")
def test_prices_from_before_count_from_the_version_that_was_the_newest_then() -> None:
    with db._migrating() as connection:
        command.upgrade(db._alembic(connection), "2026_11_28_0950_request_origin")
    for paywall_id, times in (("pw_1", (10, 20, 30)), ("pw_2", (5,))):
        execute(f"INSERT INTO paywall VALUES ('{paywall_id}', 'default', 'sandbox', 'USD', {len(times)}, 1)")
        for version, time in enumerate(times, 1):
            execute(f"INSERT INTO paywall_version VALUES ('{paywall_id}', {version}, '{{}}', {time})")
    columns = (
        "id, paywall_id, model, version, display_name, description, input_nanos, cached_input_nanos, output_nanos,"
        " request_nanos, minimum_nanos, markup_basis_points, created_at, retired_at"
    )
    rows = (
        ("pw_1", "m", 1, 10, "NULL"), ("pw_1", "m", 2, 19, 25), ("pw_1", "m", 3, 31, "NULL"),
        ("pw_1", "early", 1, 3, "NULL"), ("pw_1", "n", 1, 20, 20), ("pw_2", "m", 1, 25, "NULL"),
    )  # fmt: skip
    for paywall_id, model, version, created_at, retired_at in rows:
        execute(
            f"INSERT INTO model_price ({columns}) VALUES ('{paywall_id}{model}{version}', '{paywall_id}', '{model}',"
            f" {version}, '', '', 1, 1, 1, 0, 0, 0, {created_at}, {retired_at})"
        )
    db.migrate()
    with db.transaction(writes=False) as session:
        found = {
            number: {model: row.version for model, row in prices_at(session, "pw_1", number).items()}
            for number in (1, 2, 3)
        }
        assert found == {1: {"m": 2, "early": 1}, 2: {"early": 1}, 3: {"m": 3, "early": 1}}
        assert set(prices_at(session, "pw_2", 1)) == {"m"}
        assert set(read_offers(session, "pw_1", Unit.USD).priced) == set(found[3])
        assert session.execute(text("SELECT DISTINCT made_by FROM paywall_version")).scalars().all() == [None]
        assert session.execute(text("SELECT count(*) FROM paywall_member")).scalar_one() == 0
    assert findings() == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_transfer SET amount = 6",
        "UPDATE ledger_transfer SET type = 'x' WHERE posting_id = 'd:1'",
        "DELETE FROM ledger_transfer",
        "DELETE FROM ledger_transfer WHERE posting_id = 'd:1'",
    ],
)
def test_transfers_are_append_only(statement: str) -> None:
    do(deposit("d:1", 5))
    with pytest.raises(DBAPIError, match="append-only"):
        execute(statement)
    assert findings() == []


@pytest.mark.postgres
def test_transfers_are_not_emptied_either(migrated_postgres_url: str, data_dir: Path) -> None:
    settings.configure(data=data_dir, database_url=migrated_postgres_url)
    do(deposit("d:1", 5))
    with pytest.raises(DBAPIError, match="append-only"):
        execute("TRUNCATE ledger_transfer")
    db.dispose()


@pytest.mark.usefixtures("database")
def test_every_amount_and_time_has_64_bits() -> None:
    large = 2**62
    execute(f"INSERT INTO ledger_epoch (subject, epoch, changed_at) VALUES ('x', {large}, {large})")
    with db.transaction(writes=False) as session:
        assert session.execute(text("SELECT epoch FROM ledger_epoch")).scalar_one() == large
    with pytest.raises(DBAPIError):
        execute("INSERT INTO ledger_epoch (subject, epoch, changed_at) VALUES ('y', 'many', 1)")

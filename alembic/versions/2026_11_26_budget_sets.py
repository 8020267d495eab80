"""A hold names the set of budgets that it counts against, once for all holds that count against the same ones.

A row for each hold and budget was most of what a request with limits of spending wrote.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_budget_sets"
down_revision: str | None = "2026_11_26_ledger_api"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

HOLDS = 5_000
"""Of how many holds what they count against is in memory at once."""


def upgrade() -> None:
    _create_tables()
    # In words of our own: Alembic gives no column of SQLite's a foreign key.
    refers = "CONSTRAINT fk_ledger_hold_budget_set_ledger_budget_set REFERENCES ledger_budget_set (id)"
    op.execute(f"ALTER TABLE ledger_hold ADD COLUMN budget_set TEXT {refers}")
    _fill()
    op.execute("ALTER TABLE ledger_hold DROP COLUMN budgets")
    op.drop_table("ledger_hold_budget")


def _create_tables() -> None:
    op.create_table(
        "ledger_budget_set",
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_budget_set")),
        sqlite_strict=True,
    )
    table = "ledger_budget_set_member"
    op.create_table(
        table,
        sa.Column("set_id", sa.Text(), nullable=False),
        sa.Column("budget_id", sa.Text(), nullable=False),
        _refers(table, "set_id", "ledger_budget_set"),
        _refers(table, "budget_id", "ledger_budget"),
        sa.PrimaryKeyConstraint("set_id", "budget_id", name=op.f(f"pk_{table}")),
        sqlite_strict=True,
    )
    op.create_index(f"ix_{table}_budget", table, ["budget_id"])


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _fill() -> None:
    known: set[str] = set()
    after = ""
    while found := list(_sets_of_holds(after)):
        new = {set_id: budgets for _, set_id, budgets in found if set_id not in known}
        known.update(new)
        _execute("INSERT INTO ledger_budget_set (id) VALUES (:id)", [{"id": set_id} for set_id in new])
        _execute(
            "INSERT INTO ledger_budget_set_member (set_id, budget_id) VALUES (:id, :budget)",
            [{"id": set_id, "budget": budget} for set_id, budgets in new.items() for budget in budgets],
        )
        _execute(
            "UPDATE ledger_hold SET budget_set = :set WHERE id = :id",
            [{"id": id_, "set": set_id} for id_, set_id, _ in found],
        )
        after = found[-1][0]


def _sets_of_holds(after: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yields holds in the order of their ids, each with its set and the budgets in that."""
    statement = sa.text(
        "SELECT hold_id, budget_id FROM ledger_hold_budget WHERE hold_id IN (SELECT DISTINCT hold_id FROM"
        " ledger_hold_budget WHERE hold_id > :after ORDER BY hold_id LIMIT :limit) ORDER BY hold_id"
    )
    rows = op.get_bind().execute(statement, {"after": after, "limit": HOLDS}).all()
    for hold_id, links in groupby(rows, key=lambda row: row[0]):
        budgets = sorted(row[1] for row in links)
        yield hold_id, hashlib.sha256(json.dumps(budgets).encode()).hexdigest()[:32], budgets


def _execute(statement: str, rows: Sequence[dict[str, str]]) -> None:
    if rows:
        op.get_bind().execute(sa.text(statement), rows)

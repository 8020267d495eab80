"""Connections, the instance's id, and what belongs to a connection: inbox events and top-ups; refunds of ours.

What came in so far came by the sandbox's checkout, so that old rows belong to its connection, and `world:sandbox` stays
its account in the ledger. An event's id counts within its connection; a top-up says what is paid and what is credited;
one whose card was declined may still be paid. Both tables are written anew: SQLite cannot change a key or a check.
"""

import secrets
import time
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1230_connections"
down_revision: str | None = "2026_11_28_1220_versions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _instance()
    _connections()
    _inbox()
    _topups()
    _refunds()


def _whole(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    return sa.Column(name, sa.Integer() if is_sqlite else sa.BigInteger(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _create(table: str, key: Sequence[str], *parts: "sa.schema.SchemaItem") -> None:
    op.create_table(table, *parts, sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")), sqlite_strict=True)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _index_where(name: str, table: str, columns: Sequence[str], rule: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(rule), postgresql_where=sa.text(rule))


def _set_aside(table: str, *indices: str) -> None:
    """Renames a table that is written anew; on PostgreSQL names of indices and keys are one for all tables."""
    for index in indices:
        op.drop_index(index, table)
    op.rename_table(table, f"{table}_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table}_before RENAME CONSTRAINT pk_{table} TO pk_{table}_before")


def _instance() -> None:
    _create("instance", ["number"], _whole("number"), _text("id"), _check("instance", "only_one", "number = 1"))
    op.get_bind().execute(sa.text("INSERT INTO instance (number, id) VALUES (1, :id)"), {"id": secrets.token_hex(16)})


def _connections() -> None:
    _create("connection", ["id"], _text("id"), _text("rail"), _text("environment"), _text("paywall_id", nullable=True),
            _text("account", nullable=True), _whole("created_at"),
            _check("connection", "known_environment", "environment IN ('sandbox', 'live')"),
            _refers("connection", "paywall_id", "paywall"))  # fmt: skip
    op.create_index("ix_connection_paywall", "connection", ["paywall_id"])
    op.get_bind().execute(
        sa.text(
            "INSERT INTO connection (id, rail, environment, created_at) VALUES ('sandbox', 'sandbox', 'sandbox', :now)"
        ),
        {"now": time.time_ns() // 1_000},
    )


def _inbox() -> None:
    _set_aside("inbox_event", "ix_inbox_event_open")
    _create("inbox_event", ["connection_id", "id"], _text("connection_id"), _text("id"), _text("object_id"),
            _whole("received_at"), _whole("next_at"), _whole("handled_at", nullable=True), _whole("attempts"),
            _text("last_error", nullable=True), _refers("inbox_event", "connection_id", "connection"))  # fmt: skip
    op.execute(
        "INSERT INTO inbox_event (connection_id, id, object_id, received_at, next_at, handled_at, attempts, last_error)"
        " SELECT 'sandbox', id, payment_id, received_at, received_at, handled_at, attempts, last_error"
        " FROM inbox_event_before"
    )
    op.drop_table("inbox_event_before")
    _index_where("ix_inbox_event_open", "inbox_event", ["connection_id", "next_at"], "handled_at IS NULL")
    _index_where("ix_inbox_event_refused", "inbox_event", ["connection_id", "handled_at"],
                 "handled_at IS NOT NULL AND last_error IS NOT NULL")  # fmt: skip


def _topups() -> None:
    _set_aside("topup", "ix_topup_wallet", "ix_topup_paywall")
    _create("topup", ["id"], _text("id"), _text("paywall_id", nullable=True), _text("wallet_id"), _text("account_id"),
            _text("external_id", nullable=True), _text("connection_id"), _text("checkout_id", nullable=True),
            _text("currency"), _whole("paid_cents"), _whole("credited_nanos"), _text("status"),
            _text("payment_id", nullable=True), _whole("created_at"), _whole("expires_at", nullable=True),
            _whole("finished_at", nullable=True),
            _check("topup", "known_status", "status IN ('created', 'paid', 'expired')"),
            _check("topup", "amounts_positive", "paid_cents > 0 AND credited_nanos > 0"),
            _check("topup", "paid_by_a_payment", "status <> 'paid' OR payment_id IS NOT NULL"),
            _refers("topup", "paywall_id", "paywall"),
            _refers("topup", "connection_id", "connection"))  # fmt: skip
    is_paid = "CASE status WHEN 'paid' THEN"
    op.execute(
        "INSERT INTO topup (id, paywall_id, wallet_id, account_id, external_id, connection_id, currency, paid_cents,"  # noqa: S608 - words of ours
        " credited_nanos, status, payment_id, created_at, finished_at)"
        " SELECT id, paywall_id, wallet_id, account_id, external_id, 'sandbox', currency, amount_nanos / 10000000,"
        f" amount_nanos, {is_paid} 'paid' ELSE 'created' END, {is_paid} payment_id END, created_at,"
        f" {is_paid} finished_at END FROM topup_before"
    )
    op.drop_table("topup_before")
    op.create_index("ix_topup_wallet", "topup", ["wallet_id", "created_at"])
    op.create_index("ix_topup_paywall", "topup", ["paywall_id", "finished_at", "id"])
    _index_where("ix_topup_open", "topup", ["expires_at"], "status = 'created'")


def _refunds() -> None:
    table = "refund"
    _create(table, ["id"], _text("id"), _text("topup_id"), _text("connection_id"), _text("payment_id"),
            _text("account_id", nullable=True), _whole("paid_cents"), _text("currency"), _text("reason"),
            _text("status"), _whole("attempts"), _text("last_error", nullable=True), _whole("created_at"),
            _whole("next_at"), _whole("told_at", nullable=True), _whole("finished_at", nullable=True),
            _check(table, "known_status", "status IN ('asked', 'pending', 'succeeded', 'failed')"),
            _check(table, "known_reason", "reason IN ('mismatch', 'second')"),
            _check(table, "paid_cents_positive", "paid_cents > 0"),
            _check(table, "finished_once", "(finished_at IS NULL) = (status IN ('asked', 'pending'))"),
            _refers(table, "topup_id", "topup"), _refers(table, "connection_id", "connection"))  # fmt: skip
    op.create_index("ix_refund_topup", table, ["topup_id"])
    _index_where("ix_refund_open", table, ["next_at"], "finished_at IS NULL OR told_at IS NULL")

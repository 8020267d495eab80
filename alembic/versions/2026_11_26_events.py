"""Webhooks: who is told, of what, and how that went; the request row becomes the outbox of its events.

Its new column is indexed only where something is due, so that paywalls without webhooks pay nothing for it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_26_events"
down_revision: str | None = "2026_11_26_catalogue_prices"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _whole(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    return sa.Column(name, sa.Integer() if is_sqlite else sa.BigInteger(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _create(table: str, *parts: "sa.schema.SchemaItem") -> None:
    op.create_table(table, *parts, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")), sqlite_strict=True)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _index_where(name: str, table: str, columns: list[str], rule: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(rule), postgresql_where=sa.text(rule))


def upgrade() -> None:
    op.add_column("request", _whole("events_due", nullable=True))
    _index_where("ix_request_events_due", "request", ["created_at"], "events_due > 0")
    _subscriptions()
    _create("paywall_event", _text("id"), _text("paywall_id"), _text("type"), _text("version"), _text("data"),
            _whole("created_at"), _whole("fanned_out_at", nullable=True))  # fmt: skip
    _index_where("ix_paywall_event_due", "paywall_event", ["created_at"], "fanned_out_at IS NULL")
    op.create_index("ix_paywall_event_created", "paywall_event", ["created_at"])
    _deliveries()


def _subscriptions() -> None:
    table = "webhook_subscription"
    _create(table, _text("id"), _text("paywall_id"), _text("url"), _text("events"), _text("description", nullable=True),
            _text("headers_sealed", nullable=True), _text("header_names"), _text("secret_sealed"),
            _text("secret_suffix"), _text("previous_sealed", nullable=True), _whole("previous_until", nullable=True),
            _whole("is_active"), _text("ended_by", nullable=True), _whole("consecutive_failures"),
            _whole("failing_since", nullable=True), _whole("last_delivered_at", nullable=True),
            _text("created_by", nullable=True), _whole("created_at"), _whole("updated_at"),
            _check(table, "active_or_not", "is_active IN (0, 1)"),
            _check(table, "known_end", "ended_by IN ('developer', 'failures', 'gone')"),
            _refers(table, "paywall_id", "paywall"))  # fmt: skip
    op.create_index(f"ix_{table}_paywall", table, ["paywall_id", "is_active"])


def _deliveries() -> None:
    table = "webhook_delivery"
    _create(table, _text("id"), _text("paywall_id"), _text("subscription_id"), _text("event_id"), _text("event_type"),
            _text("status"), _whole("attempts"), _whole("next_attempt_at", nullable=True),
            _whole("claimed_until", nullable=True), _whole("last_attempt_at", nullable=True),
            _whole("response_code", nullable=True), _whole("response_latency_ms", nullable=True),
            _text("error", nullable=True), _text("replay_of", nullable=True), _whole("created_at"),
            _whole("updated_at"), _check(table, "known_status", "status IN ('pending', 'success', 'error')"),
            _refers(table, "subscription_id", "webhook_subscription"),
            _refers(table, "event_id", "paywall_event"))  # fmt: skip
    _index_where(f"ix_{table}_due", table, ["subscription_id", "next_attempt_at"], "status = 'pending'")
    op.create_index(f"ix_{table}_paywall", table, ["paywall_id", "created_at"])
    op.create_index(f"ix_{table}_event", table, ["event_id"])

"""Saved cards, automatic top-ups, and what kind of top-up one is; all that there were came by a checkout.

One charge of a card is in flight for a wallet at a time, and a wallet's automatic ones are counted within their month:
indices say so, so that no crash, no second worker and no retry can charge twice.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_1740_cards"
down_revision: str | None = "2026_11_28_1735_declines"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("topup", sa.Column("kind", sa.Text(), nullable=False, server_default="checkout"))
    op.add_column("topup", _text("month", nullable=True))
    op.add_column("topup", _whole("n", nullable=True))
    op.create_index("ix_topup_month", "topup", ["wallet_id", "month", "n"], unique=True)
    _index_where("ix_topup_in_flight", "topup", ["wallet_id"], "status = 'created' AND kind <> 'checkout'", unique=True)
    _customers_and_cards()
    _auto_topups()
    _charges()
    _notices()


_REASONS = "off_reason IN ('by_owner', 'card_removed', 'frozen', 'refund_asked', 'declines', 'hard_decline')"


def _whole(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _create(table: str, key: str, *parts: "sa.schema.SchemaItem") -> None:
    op.create_table(table, *parts, sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")), sqlite_strict=True)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _index_where(name: str, table: str, columns: Sequence[str], rule: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(rule), postgresql_where=sa.text(rule))


def _customers_and_cards() -> None:
    table = "card_customer"
    _create(table, "id", _text("id"), _text("connection_id"), _text("person_id"), _text("ref", nullable=True),
            _text("default_card_id", nullable=True), _whole("created_at"),
            _refers(table, "connection_id", "connection"), _refers(table, "person_id", "account"))  # fmt: skip
    op.create_index("ix_card_customer_person", table, ["connection_id", "person_id"], unique=True)
    op.create_index("ix_card_customer_ref", table, ["connection_id", "ref"], unique=True)
    _create("card", "id", _text("id"), _text("customer_id"), _text("ref"), _text("fingerprint"), _text("brand"),
            _text("last_four"), _whole("expiry_month"), _whole("expiry_year"), _text("country"), _whole("attempts"),
            _whole("attempts_since", nullable=True), _whole("created_at"), _whole("removed_at", nullable=True),
            _refers("card", "customer_id", "card_customer"))  # fmt: skip
    op.create_index("ix_card_ref", "card", ["customer_id", "ref"], unique=True)
    op.create_index("ix_card_fingerprint", "card", ["fingerprint"])


def _auto_topups() -> None:
    table = "auto_topup"
    _create(table, "wallet_id", _text("wallet_id"), _text("account_id"), _text("person_id"), _text("card_id"),
            _whole("threshold_nanos"), _whole("amount_cents"), _whole("cap_cents"), _text("switch"),
            _text("off_reason", nullable=True), _whole("next_at", nullable=True), _whole("declined_at", nullable=True),
            _whole("clicked_at", nullable=True), _text("consent_text"), _whole("consent_version"),
            _whole("consented_at"), _text("consent_address"), _whole("changed_at"),
            _check(table, "known_switch", "switch IN ('on', 'paused', 'click', 'off')"),
            _check(table, "known_off_reason", _REASONS),
            _check(table, "off_for_a_reason", "(switch = 'off') = (off_reason IS NOT NULL)"),
            _check(table, "paused_until", "(switch = 'paused') = (next_at IS NOT NULL)"),
            _check(table, "amounts", "threshold_nanos > 0 AND amount_cents > 0 AND amount_cents <= cap_cents"),
            _refers(table, "person_id", "account"), _refers(table, "card_id", "card"))  # fmt: skip
    _index_where("ix_auto_topup_due", table, ["next_at"], "next_at IS NOT NULL")
    op.create_index("ix_auto_topup_card", table, ["card_id"])


def _charges() -> None:
    table = "card_charge"
    outcomes = "outcome IN ('open', 'waits', 'paid', 'declined', 'cancelled', 'void')"
    _create(table, "id", _text("id"), _text("card_id"), _text("customer_ref"), _text("card_ref"), _text("description"),
            _text("outcome"), _text("payment_ref", nullable=True), _whole("calls"), _whole("asked_at", nullable=True),
            _whole("next_at"), _whole("waits_since", nullable=True), _whole("unwanted_at", nullable=True),
            _text("decline_code", nullable=True), _text("last_error", nullable=True),
            _text("paywall_id", nullable=True), _text("external_id", nullable=True), _whole("ended_at", nullable=True),
            _check(table, "known_outcome", outcomes),
            _check(table, "ended_once", "(ended_at IS NULL) = (outcome IN ('open', 'waits'))"),
            _refers(table, "id", "topup"), _refers(table, "card_id", "card"))  # fmt: skip
    _index_where("ix_card_charge_due", table, ["next_at"], "ended_at IS NULL")


def _notices() -> None:
    table = "card_notice"
    kinds = (
        "kind IN ('switched_on', 'charged', 'charged_twice', 'first_decline', 'needs_you', 'waits_for_click',"
        " 'cap_reached', 'switched_off', 'card_replaced', 'card_expires')"
    )
    _create(table, "id", _text("id"), _text("wallet_id"), _text("person_id"), _text("kind"),
            _text("topup_id", nullable=True), _text("card_id", nullable=True), _text("off_reason", nullable=True),
            _whole("created_at"), _whole("next_at"), _whole("told_at", nullable=True),
            _check(table, "known_kind", kinds), _check(table, "known_off_reason", _REASONS),
            _refers(table, "person_id", "account"))  # fmt: skip
    _index_where("ix_card_notice_due", table, ["next_at"], "told_at IS NULL")

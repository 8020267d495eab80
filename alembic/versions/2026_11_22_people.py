"""People who sign in, what they authorize, their shared wallets, trial money, and earnings that mature.

A top-up may now be of a shared wallet, which no paywall owns.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_22_people"
down_revision: str | None = "2026_11_21_proxy"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _whole(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    return sa.Column(name, sa.Integer() if is_sqlite else sa.BigInteger(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _create(table: str, key: str, *parts: "sa.schema.SchemaItem") -> None:
    op.create_table(table, *parts, sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")), sqlite_strict=True)


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _unique(table: str, column: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(column, name=op.f(f"uq_{table}_{column}"))


def upgrade() -> None:
    _people()
    _sign_in()
    _authorizations()
    _shared_wallets()
    _create("earnings_maturity", "account_id", _text("account_id"), _whole("until"), _whole("transfer_id"),
            _whole("changed_at"))  # fmt: skip
    _topups()


def _people() -> None:
    _create("account", "id", _text("id"), _text("name"), _text("email", nullable=True),
            _whole("default_cap_nanos", nullable=True), _whole("created_at"),
            _check("account", "default_cap_nanos_positive", "default_cap_nanos > 0"))  # fmt: skip
    _create("identity", "id", _text("id"), _text("account_id"), _text("issuer"), _text("subject"), _text("label"),
            _whole("created_at"), _refers("identity", "account_id", "account"))  # fmt: skip
    op.create_index("ix_identity_account", "identity", ["account_id"])
    _create("account_key", "id", _text("id"), _text("account_id"), _text("hash"), _text("last_four"),
            _whole("created_at"), _whole("revoked_at", nullable=True), _refers("account_key", "account_id", "account"),
            _unique("account_key", "hash"))  # fmt: skip
    op.create_index("ix_account_key_account", "account_key", ["account_id"])


def _sign_in() -> None:
    _create("sign_in_code", "id", _text("id"), _text("email"), _text("code_hash"), _text("browser_hash"),
            _text("address"), _whole("tries"), _text("issuer", nullable=True), _text("subject", nullable=True),
            _text("label", nullable=True), _text("account_id", nullable=True), _whole("created_at"),
            _whole("used_at", nullable=True))  # fmt: skip
    op.create_index("ix_sign_in_code_email", "sign_in_code", ["email", "created_at"])
    op.create_index("ix_sign_in_code_address", "sign_in_code", ["address", "created_at"])
    op.create_index("ix_sign_in_code_created", "sign_in_code", ["created_at"])
    _create("sign_in_session", "id", _text("id"), _text("account_id"), _text("token_hash"), _text("method"),
            _text("proven_email", nullable=True), _text("browser"), _text("address"), _whole("created_at"),
            _whole("seen_at"), _whole("expires_at"), _whole("revoked_at", nullable=True),
            _refers("sign_in_session", "account_id", "account"), _unique("sign_in_session", "token_hash"))  # fmt: skip
    op.create_index("ix_sign_in_session_account", "sign_in_session", ["account_id"])


def _authorizations() -> None:
    table = "paywall_authorization"
    _create(table, "id", _text("id"), _text("paywall_id"), _text("external_id"), _text("account_id"), _text("status"),
            _text("code_hash", nullable=True), _text("link_hash", nullable=True), _whole("created_at"),
            _whole("confirmed_at", nullable=True),
            _whole("ended_at", nullable=True), _text("ended_by", nullable=True),
            _check(table, "known_status", "status IN ('pending', 'active', 'ended')"),
            _check(table, "ended_once", "(status = 'ended') = (ended_at IS NOT NULL)"),
            _refers(table, "paywall_id", "paywall"), _refers(table, "account_id", "account"),
            _unique(table, "link_hash"))  # fmt: skip
    is_active = sa.text("status = 'active'")
    op.create_index(f"ix_{table}_active", table, ["paywall_id", "external_id"], unique=True, sqlite_where=is_active,
                    postgresql_where=is_active)  # fmt: skip
    op.create_index(f"ix_{table}_account", table, ["account_id"])
    op.create_index(f"ix_{table}_pending", table, ["paywall_id", "external_id", "status"])
    _create("spending_cap", "id", _text("id"), _text("account_id"), _text("paywall_id"), _whole("cap_nanos"),
            _whole("changed_at"), _check("spending_cap", "cap_nanos_positive", "cap_nanos > 0"),
            _refers("spending_cap", "account_id", "account"),
            _refers("spending_cap", "paywall_id", "paywall"))  # fmt: skip


def _shared_wallets() -> None:
    _create("shared_wallet", "id", _text("id"), _text("person_id"), _text("environment"), _text("account_id"),
            _whole("created_at"), _whole("frozen_at", nullable=True),
            _check("shared_wallet", "known_environment", "environment IN ('sandbox', 'live')"),
            _refers("shared_wallet", "person_id", "account"), _unique("shared_wallet", "account_id"))  # fmt: skip
    op.create_index("ix_shared_wallet_person", "shared_wallet", ["person_id", "environment"], unique=True)
    _create("trial_grant", "id", _text("id"), _text("person_id"), _text("environment"), _text("address"),
            _whole("amount_nanos"), _whole("created_at"), _refers("trial_grant", "person_id", "account"))  # fmt: skip
    op.create_index("ix_trial_grant_address", "trial_grant", ["address", "created_at"])
    op.create_index("ix_trial_grant_person", "trial_grant", ["person_id", "environment"])


def _topups() -> None:
    """Lets a top-up be of a wallet that no paywall owns. SQLite cannot change a table so; its rows are copied."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("fk_topup_wallet_id_wallet", "topup", type_="foreignkey")
        op.alter_column("topup", "paywall_id", existing_type=sa.Text(), nullable=True)
        return
    op.drop_index("ix_topup_wallet", "topup")
    op.rename_table("topup", "topup_before")
    _create("topup", "id", _text("id"), _text("paywall_id", nullable=True), _text("wallet_id"), _text("account_id"),
            _text("rail"), _text("currency"), _whole("amount_nanos"), _text("status"),
            _text("payment_id", nullable=True), _whole("created_at"), _whole("finished_at", nullable=True),
            _check("topup", "known_status", "status IN ('created', 'paid', 'failed')"),
            _check("topup", "amount_positive", "amount_nanos > 0"),
            _refers("topup", "paywall_id", "paywall"))  # fmt: skip
    columns = ("id, paywall_id, wallet_id, account_id, rail, currency, amount_nanos, status, payment_id, created_at,"
               " finished_at")  # fmt: skip
    op.execute(f"INSERT INTO topup ({columns}) SELECT {columns} FROM topup_before")  # noqa: S608 - names of ours
    op.drop_table("topup_before")
    op.create_index("ix_topup_wallet", "topup", ["wallet_id", "created_at"])

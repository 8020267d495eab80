"""The first tables: paywalls and keys, prices, wallets, requests, top-ups, inbox, leases, and the ledger.

The ledger's transfers are append-only by trigger: what was posted can be explained, never changed.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_20_first_tables"
down_revision = None


def words(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def whole(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _idempotent_answer() -> None:
    op.create_table(
        "idempotent_answer",
        words("id"),
        words("body_hash"),
        words("answer"),
        whole("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotent_answer")),
        sqlite_strict=True,
    )
    op.create_index("ix_idempotent_answer_created", "idempotent_answer", ["created_at"])


def _inbox_event() -> None:
    op.create_table(
        "inbox_event",
        words("id"),
        words("rail"),
        words("payment_id"),
        whole("received_at"),
        whole("handled_at", nullable=True),
        whole("attempts"),
        words("last_error", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_event")),
        sqlite_strict=True,
    )
    op.create_index("ix_inbox_event_open", "inbox_event", ["handled_at", "received_at"])


def _lease() -> None:
    op.create_table(
        "lease",
        words("name"),
        words("owner"),
        whole("expires_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
        sqlite_strict=True,
    )


def _ledger_account() -> None:
    op.create_table(
        "ledger_account",
        words("id"),
        words("environment"),
        words("unit"),
        words("kind"),
        words("owner"),
        whole("posted"),
        whole("held"),
        whole("floor", nullable=True),
        whole("created_at"),
        sa.CheckConstraint(
            "id = environment || ':' || unit || ':' || kind || ':' || owner",
            name=op.f("ck_ledger_account_id_is_address"),
        ),
        sa.CheckConstraint("held >= 0", name=op.f("ck_ledger_account_held_not_negative")),
        sa.CheckConstraint(
            "held = 0 OR kind IN ('wallet', 'promo')", name=op.f("ck_ledger_account_held_where_charged")
        ),
        sa.CheckConstraint("floor IS NULL OR posted - held >= floor", name=op.f("ck_ledger_account_above_floor")),
        sa.CheckConstraint(
            "floor IS NULL OR floor = 0 OR (floor < 0 AND kind = 'wallet')",
            name=op.f("ck_ledger_account_floor_of_kind"),
        ),
        sa.CheckConstraint(
            "floor IS NOT NULL OR kind NOT IN ('wallet', 'promo', 'earnings_pending', 'earnings', 'payout_transit')",
            name=op.f("ck_ledger_account_floor_where_needed"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sqlite_strict=True,
    )


def _ledger_budget() -> None:
    op.create_table(
        "ledger_budget",
        words("id"),
        words("environment"),
        words("unit"),
        whole("cap"),
        whole("spent"),
        whole("held"),
        whole("overrun"),
        whole("created_at"),
        sa.CheckConstraint(
            "cap >= 0 AND spent >= 0 AND held >= 0 AND overrun >= 0", name=op.f("ck_ledger_budget_not_negative")
        ),
        sa.CheckConstraint("spent + held <= cap + overrun", name=op.f("ck_ledger_budget_below_cap")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_budget")),
        sqlite_strict=True,
    )


def _ledger_epoch() -> None:
    op.create_table(
        "ledger_epoch",
        words("subject"),
        whole("epoch"),
        whole("changed_at"),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_ledger_epoch")),
        sqlite_strict=True,
    )


def _ledger_posting() -> None:
    op.create_table(
        "ledger_posting",
        words("id"),
        words("inputs_hash"),
        whole("is_chargeback"),
        whole("created_at"),
        sa.CheckConstraint("is_chargeback IN (0, 1)", name=op.f("ck_ledger_posting_yes_or_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_posting")),
        sqlite_strict=True,
    )


def _paywall() -> None:
    op.create_table(
        "paywall",
        words("id"),
        words("mode"),
        words("environment"),
        words("unit"),
        whole("version"),
        whole("created_at"),
        sa.CheckConstraint("environment IN ('sandbox', 'live')", name=op.f("ck_paywall_known_environment")),
        sa.CheckConstraint("mode IN ('default', 'shared', 'credits')", name=op.f("ck_paywall_known_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paywall")),
        sqlite_strict=True,
    )


def _request() -> None:
    op.create_table(
        "request",
        words("id"),
        words("client_request_id", nullable=True),
        words("paywall_id"),
        words("wallet_id"),
        words("external_id"),
        words("kind"),
        words("status"),
        words("model", nullable=True),
        words("provider", nullable=True),
        words("billing_source"),
        whole("streamed"),
        words("unit"),
        words("price_id", nullable=True),
        whole("price_version", nullable=True),
        whole("hold_nanos"),
        whole("charge_nanos"),
        whole("tokens", nullable=True),
        words("receipt", nullable=True),
        whole("created_at"),
        whole("finished_at", nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'settled', 'released', 'interrupted')", name=op.f("ck_request_known_status")
        ),
        sa.CheckConstraint("charge_nanos >= 0 AND hold_nanos >= 0", name=op.f("ck_request_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        sqlite_strict=True,
    )
    op.create_index("ix_request_wallet", "request", ["wallet_id", "created_at"])


def _end_user() -> None:
    op.create_table(
        "end_user",
        words("id"),
        words("paywall_id"),
        words("external_id"),
        whole("created_at"),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_end_user_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_end_user")),
        sqlite_strict=True,
    )
    op.create_index("ix_end_user_external", "end_user", ["paywall_id", "external_id"], unique=True)


def _ledger_delta() -> None:
    op.create_table(
        "ledger_delta",
        whole("id"),
        words("account_id"),
        whole("amount"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_delta_account_id_ledger_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_delta")),
        sqlite_strict=True,
    )
    op.create_index("ix_ledger_delta_account", "ledger_delta", ["account_id"])


def _ledger_hold() -> None:
    op.create_table(
        "ledger_hold",
        words("id"),
        words("inputs_hash"),
        words("account_id"),
        words("owner"),
        words("request_id", nullable=True),
        words("status"),
        whole("amount"),
        whole("from_promo"),
        whole("bound"),
        whole("metered"),
        whole("asked", nullable=True),
        whole("charged"),
        whole("budgets"),
        whole("created_at"),
        whole("closed_at", nullable=True),
        sa.CheckConstraint(
            "from_promo >= 0 AND from_promo <= amount AND amount <= bound",
            name=op.f("ck_ledger_hold_amount_within_bound"),
        ),
        sa.CheckConstraint("metered >= 0 AND metered <= bound", name=op.f("ck_ledger_hold_metered_within_bound")),
        sa.CheckConstraint("charged >= 0 AND charged <= bound", name=op.f("ck_ledger_hold_charged_within_bound")),
        sa.CheckConstraint(
            "status IN ('open', 'settled', 'released', 'expired')", name=op.f("ck_ledger_hold_known_status")
        ),
        sa.CheckConstraint("(status = 'open') = (closed_at IS NULL)", name=op.f("ck_ledger_hold_closed_once")),
        sa.CheckConstraint(
            "(status IN ('settled', 'expired')) = (asked IS NOT NULL)", name=op.f("ck_ledger_hold_asked_when_settled")
        ),
        sa.CheckConstraint("asked IS NOT NULL OR charged = 0", name=op.f("ck_ledger_hold_charged_when_settled")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_hold_account_id_ledger_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_hold")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_ledger_hold_open",
        "ledger_hold",
        ["owner"],
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_ledger_hold_request",
        "ledger_hold",
        ["request_id"],
        sqlite_where=sa.text("request_id IS NOT NULL"),
        postgresql_where=sa.text("request_id IS NOT NULL"),
    )


def _ledger_transfer() -> None:
    prefixes = [f"{environment}:{unit}:" for environment in ("sandbox", "live") for unit in ("USD", "USDC", "CREDIT")]
    one_unit = " OR ".join(
        f"(substr(debit_account_id, 1, {len(prefix)}) = '{prefix}'"
        f" AND substr(credit_account_id, 1, {len(prefix)}) = '{prefix}')"
        for prefix in prefixes
    )
    op.create_table(
        "ledger_transfer",
        whole("id"),
        words("posting_id"),
        whole("line"),
        words("debit_account_id"),
        words("credit_account_id"),
        whole("amount"),
        words("type"),
        words("request_id", nullable=True),
        words("details", nullable=True),
        whole("created_at"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_transfer_amount_positive")),
        sa.CheckConstraint("debit_account_id <> credit_account_id", name=op.f("ck_ledger_transfer_two_accounts")),
        sa.CheckConstraint(one_unit, name=op.f("ck_ledger_transfer_one_unit")),
        sa.ForeignKeyConstraint(
            ["credit_account_id"],
            ["ledger_account.id"],
            name=op.f("fk_ledger_transfer_credit_account_id_ledger_account"),
        ),
        sa.ForeignKeyConstraint(
            ["debit_account_id"], ["ledger_account.id"], name=op.f("fk_ledger_transfer_debit_account_id_ledger_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transfer")),
        sqlite_strict=True,
    )
    op.create_index("ix_ledger_transfer_credit", "ledger_transfer", ["credit_account_id", "id"])
    op.create_index("ix_ledger_transfer_debit", "ledger_transfer", ["debit_account_id", "id"])
    op.create_index("ix_ledger_transfer_posting", "ledger_transfer", ["posting_id", "line"], unique=True)


def _model_price() -> None:
    op.create_table(
        "model_price",
        words("id"),
        words("paywall_id"),
        words("model"),
        whole("version"),
        words("display_name"),
        words("description"),
        whole("input_nanos"),
        whole("cached_input_nanos"),
        whole("output_nanos"),
        whole("request_nanos"),
        whole("minimum_nanos"),
        whole("markup_basis_points"),
        whole("context_tokens_max", nullable=True),
        whole("output_tokens_max", nullable=True),
        whole("part_tokens_max", nullable=True),
        whole("created_at"),
        whole("retired_at", nullable=True),
        sa.CheckConstraint(
            "input_nanos >= 0 AND cached_input_nanos >= 0 AND output_nanos >= 0 AND request_nanos >= 0"
            " AND minimum_nanos >= 0 AND markup_basis_points >= 0",
            name=op.f("ck_model_price_not_negative"),
        ),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_model_price_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_price")),
        sqlite_strict=True,
    )
    op.create_index("ix_model_price_version", "model_price", ["paywall_id", "model", "version"], unique=True)


def _paywall_key() -> None:
    op.create_table(
        "paywall_key",
        words("id"),
        words("paywall_id"),
        words("hash"),
        words("last_four"),
        whole("created_at"),
        whole("revoked_at", nullable=True),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_paywall_key_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paywall_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_paywall_key_hash")),
        sqlite_strict=True,
    )
    op.create_index("ix_paywall_key_paywall", "paywall_key", ["paywall_id"])


def _paywall_version() -> None:
    op.create_table(
        "paywall_version",
        words("paywall_id"),
        whole("version"),
        words("config"),
        whole("created_at"),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_paywall_version_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("paywall_id", "version", name=op.f("pk_paywall_version")),
        sqlite_strict=True,
    )


def _ledger_hold_budget() -> None:
    op.create_table(
        "ledger_hold_budget",
        words("hold_id"),
        words("budget_id"),
        sa.ForeignKeyConstraint(
            ["budget_id"], ["ledger_budget.id"], name=op.f("fk_ledger_hold_budget_budget_id_ledger_budget")
        ),
        sa.ForeignKeyConstraint(
            ["hold_id"], ["ledger_hold.id"], name=op.f("fk_ledger_hold_budget_hold_id_ledger_hold")
        ),
        sa.PrimaryKeyConstraint("hold_id", "budget_id", name=op.f("pk_ledger_hold_budget")),
        sqlite_strict=True,
    )
    op.create_index("ix_ledger_hold_budget_budget", "ledger_hold_budget", ["budget_id"])


def _wallet() -> None:
    op.create_table(
        "wallet",
        words("id"),
        words("paywall_id"),
        words("end_user_id"),
        words("account_id"),
        whole("created_at"),
        sa.ForeignKeyConstraint(["end_user_id"], ["end_user.id"], name=op.f("fk_wallet_end_user_id_end_user")),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_wallet_paywall_id_paywall")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet")),
        sa.UniqueConstraint("account_id", name=op.f("uq_wallet_account_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_wallet_end_user", "wallet", ["end_user_id"])


def _topup() -> None:
    op.create_table(
        "topup",
        words("id"),
        words("paywall_id"),
        words("wallet_id"),
        words("account_id"),
        words("rail"),
        words("currency"),
        whole("amount_nanos"),
        words("status"),
        words("payment_id", nullable=True),
        whole("created_at"),
        whole("finished_at", nullable=True),
        sa.CheckConstraint("status IN ('created', 'paid', 'failed')", name=op.f("ck_topup_known_status")),
        sa.CheckConstraint("amount_nanos > 0", name=op.f("ck_topup_amount_positive")),
        sa.ForeignKeyConstraint(["paywall_id"], ["paywall.id"], name=op.f("fk_topup_paywall_id_paywall")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallet.id"], name=op.f("fk_topup_wallet_id_wallet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topup")),
        sqlite_strict=True,
    )
    op.create_index("ix_topup_wallet", "topup", ["wallet_id", "created_at"])


def _audit_run() -> None:
    op.create_table(
        "audit_run",
        words("id"),
        whole("started_at"),
        whole("finished_at"),
        whole("findings"),
        words("first"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_run")),
        sqlite_strict=True,
    )
    op.create_index("ix_audit_run_finished", "audit_run", ["finished_at"])


def _append_only() -> None:
    """Refuses every change of what was posted, on both databases."""
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER ledger_transfer_no_{event.lower()} BEFORE {event} ON ledger_transfer"
                " BEGIN SELECT RAISE(ABORT, 'ledger_transfer is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION ledger_transfer_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'ledger_transfer is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_transfer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfer"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_transfer_append_only()"
    )


def upgrade() -> None:
    _idempotent_answer()
    _inbox_event()
    _lease()
    _ledger_account()
    _ledger_budget()
    _ledger_epoch()
    _ledger_posting()
    _paywall()
    _request()
    _end_user()
    _ledger_delta()
    _ledger_hold()
    _ledger_transfer()
    _model_price()
    _paywall_key()
    _paywall_version()
    _ledger_hold_budget()
    _wallet()
    _topup()
    _audit_run()
    _append_only()

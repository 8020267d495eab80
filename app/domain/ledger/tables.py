"""The ledger's tables. Their constraints say what must never be, so that a bug is refused, not stored."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.domain.money import Environment, Unit
from app.sql.columns import STRICT, Json, Whole, Words, one_of

_PREFIXES = [f"{environment.value}:{unit.value}:" for environment in Environment for unit in Unit]
_ONE_UNIT = " OR ".join(
    f"(substr(debit_account_id, 1, {len(prefix)}) = '{prefix}'"
    f" AND substr(credit_account_id, 1, {len(prefix)}) = '{prefix}')"
    for prefix in _PREFIXES
)


class LedgerAccount(SQLModel, table=True):
    """A balance. `posted` is folded from deltas for the kinds that collect them; all sums in nanos."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        CheckConstraint("id = environment || ':' || unit || ':' || kind || ':' || owner", name="id_is_address"),
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("held = 0 OR kind IN ('wallet', 'promo')", name="held_where_charged"),
        CheckConstraint("floor IS NULL OR posted - held >= floor", name="above_floor"),
        CheckConstraint("floor IS NULL OR floor = 0 OR (floor < 0 AND kind = 'wallet')", name="floor_of_kind"),
        CheckConstraint(
            "floor IS NOT NULL OR kind NOT IN ('wallet', 'promo', 'earnings_pending', 'earnings', 'payout_transit')",
            name="floor_where_needed",
        ),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    environment: str = Field(sa_type=Words)
    unit: str = Field(sa_type=Words)
    kind: str = Field(sa_type=Words)
    owner: str = Field(sa_type=Words)
    posted: int = Field(sa_type=Whole)
    held: int = Field(sa_type=Whole)
    floor: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)


class LedgerPosting(SQLModel, table=True):
    """The key of a posting that is not a charge, with the hash of what was asked."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        CheckConstraint("is_chargeback IN (0, 1)", name="yes_or_no"),
        Index("ix_ledger_posting_created", "created_at"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    inputs_hash: str = Field(sa_type=Words)
    is_chargeback: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)


class LedgerTransfer(SQLModel, table=True):
    """Money moved from `debit` to `credit`. Append-only, by trigger.

    `posting_id` is the key of a posting, or `settle:`, `late:` or `charge:` and the hold of a charge.
    """

    __tablename__ = "ledger_transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("debit_account_id <> credit_account_id", name="two_accounts"),
        CheckConstraint(_ONE_UNIT, name="one_unit"),
        Index("ix_ledger_transfer_posting", "posting_id", "line", unique=True),
        Index("ix_ledger_transfer_debit", "debit_account_id", "id"),
        Index("ix_ledger_transfer_credit", "credit_account_id", "id"),
        Index(
            "ix_ledger_transfer_out",
            "debit_account_id",
            "id",
            sqlite_where=text("request_id IS NULL"),
            postgresql_where=text("request_id IS NULL"),
        ),
        STRICT,
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Whole)
    posting_id: str = Field(sa_type=Words)
    line: int = Field(sa_type=Whole)
    debit_account_id: str = Field(sa_type=Words, foreign_key="ledger_account.id")
    credit_account_id: str = Field(sa_type=Words, foreign_key="ledger_account.id")
    amount: int = Field(sa_type=Whole)
    type: str = Field(sa_type=Words)
    request_id: str | None = Field(default=None, sa_type=Words)
    details: Any = Field(default=None, sa_type=Json, nullable=True)
    created_at: int = Field(sa_type=Whole)


class HoldStatus(StrEnum):
    """How a hold stands."""

    OPEN = "open"
    """Its money is set aside."""
    SETTLED = "settled"
    """It was charged what was asked, and the rest given back."""
    RELEASED = "released"
    """It was given back whole."""
    EXPIRED = "expired"
    """Its process was lost: its last checkpoint was charged, and what it used after that may still be."""


class LedgerHold(SQLModel, table=True):
    """Money set aside. `amount` = `from_promo` + what the wallet holds; `bound` is the most it may charge.

    `metered` is the charge of the last checkpoint, `asked` what the settlement wanted, `charged` what it
    took; `owner` is the process whose lease keeps it alive, `budget_set` says which budgets it counts against.
    """

    __tablename__ = "ledger_hold"
    __table_args__ = (
        CheckConstraint("from_promo >= 0 AND from_promo <= amount AND amount <= bound", name="amount_within_bound"),
        CheckConstraint("metered >= 0 AND metered <= bound", name="metered_within_bound"),
        CheckConstraint("charged >= 0 AND charged <= bound", name="charged_within_bound"),
        CheckConstraint("status IN ('open', 'settled', 'released', 'expired')", name="known_status"),
        CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed_once"),
        CheckConstraint("(status IN ('settled', 'expired')) = (asked IS NOT NULL)", name="asked_when_settled"),
        CheckConstraint("asked IS NOT NULL OR charged = 0", name="charged_when_settled"),
        Index("ix_ledger_hold_open", "owner", sqlite_where=text("status = 'open'"),
              postgresql_where=text("status = 'open'")),
        Index("ix_ledger_hold_request", "request_id", sqlite_where=text("request_id IS NOT NULL"),
              postgresql_where=text("request_id IS NOT NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    inputs_hash: str = Field(sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="ledger_account.id")
    owner: str = Field(sa_type=Words)
    request_id: str | None = Field(default=None, sa_type=Words)
    status: HoldStatus = Field(sa_type=one_of(HoldStatus))
    amount: int = Field(sa_type=Whole)
    from_promo: int = Field(sa_type=Whole)
    bound: int = Field(sa_type=Whole)
    metered: int = Field(sa_type=Whole)
    asked: int | None = Field(default=None, sa_type=Whole)
    charged: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    closed_at: int | None = Field(default=None, sa_type=Whole)
    budget_set: str | None = Field(default=None, sa_type=Words, foreign_key="ledger_budget_set.id")


class LedgerBudgetSet(SQLModel, table=True):
    """Budgets that holds count against together; its id is the hash of theirs, and it never changes."""

    __tablename__ = "ledger_budget_set"
    __table_args__ = (STRICT,)

    id: str = Field(primary_key=True, sa_type=Words)


class LedgerBudgetSetMember(SQLModel, table=True):
    """A budget of a set."""

    __tablename__ = "ledger_budget_set_member"
    __table_args__ = (Index("ix_ledger_budget_set_member_budget", "budget_id"), STRICT)

    set_id: str = Field(primary_key=True, sa_type=Words, foreign_key="ledger_budget_set.id")
    budget_id: str = Field(primary_key=True, sa_type=Words, foreign_key="ledger_budget.id")


class LedgerBudget(SQLModel, table=True):
    """A cap of one period. `overrun` is what stood above the cap when it was lowered."""

    __tablename__ = "ledger_budget"
    __table_args__ = (
        CheckConstraint("cap >= 0 AND spent >= 0 AND held >= 0 AND overrun >= 0", name="not_negative"),
        CheckConstraint("spent + held <= cap + overrun", name="below_cap"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    environment: str = Field(sa_type=Words)
    unit: str = Field(sa_type=Words)
    cap: int = Field(sa_type=Whole)
    spent: int = Field(sa_type=Whole)
    held: int = Field(sa_type=Whole)
    overrun: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)


class LedgerDelta(SQLModel, table=True):
    """What one commit batch added to an account that every request touches; folded by a job."""

    __tablename__ = "ledger_delta"
    __table_args__ = (Index("ix_ledger_delta_account", "account_id"), STRICT)

    id: int | None = Field(default=None, primary_key=True, sa_type=Whole)
    account_id: str = Field(sa_type=Words, foreign_key="ledger_account.id")
    amount: int = Field(sa_type=Whole)


class LedgerEpoch(SQLModel, table=True):
    """How often something that decisions rest on has changed: a key, a paywall's version."""

    __tablename__ = "ledger_epoch"
    __table_args__ = (STRICT,)

    subject: str = Field(primary_key=True, sa_type=Words)
    epoch: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)

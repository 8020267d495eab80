"""Payouts of earnings and of unspent money, their batches, what of a chain decided them, and what left a treasury."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.domain.money import TEST_CHAINS, Environment
from app.sql.columns import STRICT, Octets, Whole, Words, one_of

_OF_TEST_CHAINS = f"(environment = 'sandbox') = (chain_id IN ({', '.join(map(str, TEST_CHAINS))}))"


class PayoutStatus(StrEnum):
    """How far a payout is. The money stands on its transit account from the first to the last but two."""

    WAITING = "waiting"
    """Above a limit; an operator has to let it through."""
    REQUESTED = "requested"
    """For the next batch."""
    BATCHED = "batched"
    """In a batch, for which the treasury holds the money; nothing is signed."""
    SIGNED = "signed"
    """The treasury's signature is stored; whoever has it could bring it to the token."""
    SENT = "sent"
    """The signature was given to the chain."""
    CANCELING = "canceling"
    """It is not to be paid any more, and the chain is to say that it never can be; until then it may be."""
    PAID = "paid"
    """The token has moved it, at a final block."""
    RETURNED = "returned"
    """The token can never move it, at a final block; the money is available again."""


class PayoutKind(StrEnum):
    """What a payout is for."""

    EARNINGS = "earnings"
    """It pays earnings."""
    WITHDRAWAL = "withdrawal"
    """It gives a person back what they paid in as USDC and did not spend."""
    TEST = "test"
    """It pays a small amount of either, by which its recipient proves the address."""


class Payout(SQLModel, table=True):
    """`units` (10⁻⁶ USDC) of a paywall's earnings, or of a shared wallet, for an address, under a nonce that the token
    takes once.

    The id is new for each, the nonce follows from it and never changes. `click_id` is of what asked for it, so that it
    is asked for once. `since_block` is up to where the chain was known when it was made: nothing of it is older.
    `released_at` is when limits or an operator let it through, `batch_id` what it was opened with, `transaction_id` the
    newest transaction that carries it or its cancelling. `paid_by` and `paid_block` are the transaction on chain by
    which it was decided.
    """

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint("kind IN ('earnings', 'withdrawal', 'test')", name="known_kind"),
        CheckConstraint("(paywall_id IS NULL) <> (wallet_id IS NULL)", name="of_one"),
        CheckConstraint("kind = 'test' OR (kind = 'withdrawal') = (paywall_id IS NULL)", name="of_its_kind"),
        CheckConstraint(
            "status IN ('waiting', 'requested', 'batched', 'signed', 'sent', 'canceling', 'paid', 'returned')",
            name="known_status",
        ),
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        CheckConstraint(_OF_TEST_CHAINS, name="own_chains"),
        CheckConstraint("units > 0", name="units_positive"),
        CheckConstraint("(finished_at IS NULL) = (status NOT IN ('paid', 'returned'))", name="finished_once"),
        CheckConstraint("(signature IS NULL) = (valid_before IS NULL)", name="signed_until"),
        Index("ix_payout_click", "click_id", unique=True),
        Index("ix_payout_nonce", "chain_id", "nonce", unique=True),
        Index("ix_payout_paywall", "paywall_id", "id"),
        Index("ix_payout_wallet", "wallet_id", "id"),
        Index("ix_payout_released", "chain_id", "released_at"),
        Index("ix_payout_address", "address"),
        Index("ix_payout_open", "chain_id", "id", sqlite_where=text("finished_at IS NULL"),
              postgresql_where=text("finished_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    kind: PayoutKind = Field(sa_type=one_of(PayoutKind))
    environment: Environment = Field(sa_type=one_of(Environment))
    chain_id: int = Field(sa_type=Whole)
    paywall_id: str | None = Field(default=None, sa_type=Words, foreign_key="paywall.id")
    wallet_id: str | None = Field(default=None, sa_type=Words, foreign_key="shared_wallet.id")
    asked_by: str = Field(sa_type=Words)
    click_id: str = Field(sa_type=Words)
    address: str = Field(sa_type=Words)
    units: int = Field(sa_type=Whole)
    nonce: str = Field(sa_type=Words)
    since_block: int = Field(sa_type=Whole)
    status: PayoutStatus = Field(sa_type=one_of(PayoutStatus))
    error_code: str | None = Field(default=None, sa_type=Words)
    batch_id: str | None = Field(default=None, sa_type=Words)
    transaction_id: str | None = Field(default=None, sa_type=Words)
    signature: bytes | None = Field(default=None, sa_type=Octets)
    valid_before: int | None = Field(default=None, sa_type=Whole)
    paid_by: str | None = Field(default=None, sa_type=Words)
    paid_block: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    released_at: int | None = Field(default=None, sa_type=Whole)
    released_by: str | None = Field(default=None, sa_type=Words)
    finished_at: int | None = Field(default=None, sa_type=Whole)


class ProvedBy(StrEnum):
    """How somebody showed that an address is theirs."""

    SIGNATURE = "signature"
    """Its key signed our text."""
    TEST_PAYOUT = "test_payout"
    """They knew how much arrived there."""


class PayoutAddress(SQLModel, table=True):
    """Where an account's payouts of an environment go; one that is proved counts from `counts_from`, the newest alone.

    `test_payout_id` is the payout by which it is being proved, `tries` how often its amount was typed in wrongly.
    """

    __tablename__ = "payout_address"
    __table_args__ = (
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        CheckConstraint("proved_by IN ('signature', 'test_payout')", name="known_proof"),
        CheckConstraint(
            "(proved_by IS NULL) = (proved_at IS NULL) AND (proved_at IS NULL) = (counts_from IS NULL)",
            name="counts_when_proved",
        ),
        Index("ix_payout_address_account", "account_id", "environment", "id"),
        Index("ix_payout_address_address", "address"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    environment: Environment = Field(sa_type=one_of(Environment))
    address: str = Field(sa_type=Words)
    proved_by: ProvedBy | None = Field(default=None, sa_type=one_of(ProvedBy))
    proved_at: int | None = Field(default=None, sa_type=Whole)
    counts_from: int | None = Field(default=None, sa_type=Whole)
    test_payout_id: str | None = Field(default=None, sa_type=Words)
    tries: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)


class Every(StrEnum):
    """How often payouts are requested by themselves."""

    DAY = "day"
    """Each day."""
    WEEK = "week"
    """Each Monday."""
    MONTH = "month"
    """On the first of each month."""


class PayoutSchedule(SQLModel, table=True):
    """That an account's payouts of an environment are requested by themselves, where a paywall has `least_units`.

    `id` is `environment:account`; no row means by hand alone. `next_at` is when it is next looked at.
    """

    __tablename__ = "payout_schedule"
    __table_args__ = (
        CheckConstraint("every IN ('day', 'week', 'month')", name="known_pace"),
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        Index("ix_payout_schedule_next", "next_at"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    environment: Environment = Field(sa_type=one_of(Environment))
    every: Every = Field(sa_type=one_of(Every))
    least_units: int = Field(sa_type=Whole)
    next_at: int = Field(sa_type=Whole)


class PayoutBatch(SQLModel, table=True):
    """Payouts that were opened together, for what the treasury held at `block`; paid and returned add up to `units`.

    Nothing of it is signed before `released_at`: at once where it is within the limit of a batch, else when an operator
    (`released_by`) lets it through.
    """

    __tablename__ = "payout_batch"
    __table_args__ = (
        CheckConstraint("payouts > 0 AND units > 0", name="not_empty"),
        Index("ix_payout_batch_chain", "chain_id", "id"),
        Index("ix_payout_batch_waiting", "chain_id", "id", sqlite_where=text("released_at IS NULL"),
              postgresql_where=text("released_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    chain_id: int = Field(sa_type=Whole)
    payouts: int = Field(sa_type=Whole)
    units: int = Field(sa_type=Whole)
    block: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    released_at: int | None = Field(default=None, sa_type=Whole)
    released_by: str | None = Field(default=None, sa_type=Words)


class PayoutDesk(SQLModel, table=True):
    """Whether a chain's payouts go on, and how far what left its treasury has been read.

    All up to and with `cursor_block`, whose hash is `cursor_hash`, is in `treasury_transfer`. `paused_because` is None
    while they go on. `lacking_units` is how much the treasury lacks for what is requested, `told_at` when the operators
    were told of that, `gas_told_at` that the gas account is low.

    `implementation` is the code that the token led to at `looked_at`, `halted_because` why the token's issuer lets
    nothing out of the treasury, None while it does; operators were told of `halt_told` at `halt_told_at`.
    """

    __tablename__ = "payout_desk"
    __table_args__ = (
        CheckConstraint("(paused_because IS NULL) = (paused_at IS NULL)", name="paused_with_reason"),
        STRICT,
    )

    chain_id: int = Field(primary_key=True, sa_type=Whole, sa_column_kwargs={"autoincrement": False})
    cursor_block: int = Field(sa_type=Whole)
    cursor_hash: str = Field(sa_type=Words)
    head_at: int = Field(sa_type=Whole)
    read_at: int = Field(sa_type=Whole)
    balance_units: int = Field(sa_type=Whole)
    gas_wei: str = Field(sa_type=Words)
    paused_because: str | None = Field(default=None, sa_type=Words)
    paused_at: int | None = Field(default=None, sa_type=Whole)
    lacking_units: int = Field(sa_type=Whole)
    told_at: int | None = Field(default=None, sa_type=Whole)
    gas_told_at: int | None = Field(default=None, sa_type=Whole)
    implementation: str | None = Field(default=None, sa_type=Words)
    looked_at: int | None = Field(default=None, sa_type=Whole)
    halted_because: str | None = Field(default=None, sa_type=Words)
    halt_told: str | None = Field(default=None, sa_type=Words)
    halt_told_at: int | None = Field(default=None, sa_type=Whole)


class TreasuryTransfer(SQLModel, table=True):
    """A transfer of the token out of the treasury, at a final block; `booked_as` is what it was, None until known.

    It is a payout's id where its nonce is a payout's, or what an operator said.
    """

    __tablename__ = "treasury_transfer"
    __table_args__ = (
        CheckConstraint("units > 0", name="units_positive"),
        Index("ix_treasury_transfer_place", "chain_id", "transaction_hash", "position", unique=True),
        Index("ix_treasury_transfer_unbooked", "chain_id", "id", sqlite_where=text("booked_as IS NULL"),
              postgresql_where=text("booked_as IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    chain_id: int = Field(sa_type=Whole)
    transaction_hash: str = Field(sa_type=Words)
    position: int = Field(sa_type=Whole)
    block: int = Field(sa_type=Whole)
    payee: str = Field(sa_type=Words)
    units: int = Field(sa_type=Whole)
    nonce: str | None = Field(default=None, sa_type=Words)
    booked_as: str | None = Field(default=None, sa_type=Words)
    booked_by: str | None = Field(default=None, sa_type=Words)
    seen_at: int = Field(sa_type=Whole)
    booked_at: int | None = Field(default=None, sa_type=Whole)

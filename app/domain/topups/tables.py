"""Top-ups: money paid in through a connection, by whoever pays on its page or with a card that was saved there."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class TopupStatus(StrEnum):
    """What became of a top-up."""

    CREATED = "created"
    """An amount was chosen; the payment may still come, whatever card was declined."""
    PAID = "paid"
    """It was paid, and the wallet was credited in the same transaction."""
    EXPIRED = "expired"
    """Its checkout, or the charge of a card, ended unpaid; nothing was credited. Money that comes all the same is."""


class TopupKind(StrEnum):
    """How a top-up is paid."""

    CHECKOUT = "checkout"
    """By whoever opens the rail's page."""
    AUTO = "auto"
    """With a saved card, because the balance fell below what its owner chose."""
    CARD = "card"
    """With a saved card, because its owner said so."""


IN_FLIGHT = "status = 'created' AND kind <> 'checkout'"
"""A charge of a saved card of which nobody knows yet what becomes of it; a wallet has at most one."""


class Topup(SQLModel, table=True):
    """One top-up, from the choice of an amount to the posting that credits it.

    `wallet_id` is an app wallet's or a shared one's; `paywall_id` the paywall whose link began it, None where
    a person topped up by themselves; `external_id` the user whose link it was. `paid_cents` of `currency` are paid at
    the connection, `credited_nanos` of the wallet's unit are credited for them. `checkout_id` is the rail's name of
    its page, `expires_at` when that ends; old rows have neither. `reads` counts how often it was asked what was taken
    back of its payment: of two answers only that to the newest question counts. `declines` are how often a card was
    declined for it, `declined_at` when the last one was, `network` from where it was begun. `month` (UTC, `2026-11`)
    and `n` count the automatic ones of a wallet; others have neither.
    """

    __tablename__ = "topup"
    __table_args__ = (
        CheckConstraint("status IN ('created', 'paid', 'expired')", name="known_status"),
        CheckConstraint("paid_cents > 0 AND credited_nanos > 0", name="amounts_positive"),
        CheckConstraint("status <> 'paid' OR payment_id IS NOT NULL", name="paid_by_a_payment"),
        Index("ix_topup_wallet", "wallet_id", "created_at"),
        Index("ix_topup_paywall", "paywall_id", "finished_at", "id"),
        Index("ix_topup_month", "wallet_id", "month", "n", unique=True),
        Index("ix_topup_payment", "connection_id", "payment_id", unique=True,
              sqlite_where=text("payment_id IS NOT NULL"), postgresql_where=text("payment_id IS NOT NULL")),
        Index("ix_topup_in_flight", "wallet_id", unique=True, sqlite_where=text(IN_FLIGHT),
              postgresql_where=text(IN_FLIGHT)),
        Index("ix_topup_open", "expires_at", sqlite_where=text("status = 'created'"),
              postgresql_where=text("status = 'created'")),
        Index("ix_topup_declined", "declined_at", sqlite_where=text("declined_at IS NOT NULL"),
              postgresql_where=text("declined_at IS NOT NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str | None = Field(default=None, sa_type=Words, foreign_key="paywall.id")
    wallet_id: str = Field(sa_type=Words)
    account_id: str = Field(sa_type=Words)
    external_id: str | None = Field(default=None, sa_type=Words)
    connection_id: str = Field(sa_type=Words, foreign_key="connection.id")
    checkout_id: str | None = Field(default=None, sa_type=Words)
    currency: str = Field(sa_type=Words)
    paid_cents: int = Field(sa_type=Whole)
    credited_nanos: int = Field(sa_type=Whole)
    status: TopupStatus = Field(sa_type=one_of(TopupStatus))
    payment_id: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    expires_at: int | None = Field(default=None, sa_type=Whole)
    finished_at: int | None = Field(default=None, sa_type=Whole)
    reads: int = Field(default=0, sa_type=Whole, sa_column_kwargs={"server_default": "0"})
    declines: int = Field(default=0, sa_type=Whole, sa_column_kwargs={"server_default": "0"})
    declined_at: int | None = Field(default=None, sa_type=Whole)
    network: str | None = Field(default=None, sa_type=Words)
    kind: TopupKind = Field(default=TopupKind.CHECKOUT, sa_type=one_of(TopupKind),
                            sa_column_kwargs={"server_default": TopupKind.CHECKOUT.value})  # fmt: skip
    month: str | None = Field(default=None, sa_type=Words)
    n: int | None = Field(default=None, sa_type=Whole)

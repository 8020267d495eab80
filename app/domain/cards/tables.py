"""Saved cards, and the automatic top-ups that are paid with them."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class Customer(SQLModel, table=True):
    """A person as one connection's account knows them; `ref` is its name for them, None until it has one.

    What is said of a person at one account means nothing at another.
    """

    __tablename__ = "card_customer"
    __table_args__ = (
        Index("ix_card_customer_person", "connection_id", "person_id", unique=True),
        Index("ix_card_customer_ref", "connection_id", "ref", unique=True),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    connection_id: str = Field(sa_type=Words, foreign_key="connection.id")
    person_id: str = Field(sa_type=Words, foreign_key="account.id")
    ref: str | None = Field(default=None, sa_type=Words)
    default_card_id: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)


class Card(SQLModel, table=True):
    """A saved card. `ref` is the account's name for it; cards of one `fingerprint` are one card, saved again.

    `attempts` counts the charges since `attempts_since` after which the bank has not said yes: it is raised by the
    claim, before the bank is asked, and only a yes, or whoever owns the card, lowers it.
    """

    __tablename__ = "card"
    __table_args__ = (
        Index("ix_card_ref", "customer_id", "ref", unique=True),
        Index("ix_card_fingerprint", "fingerprint"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    customer_id: str = Field(sa_type=Words, foreign_key="card_customer.id")
    ref: str = Field(sa_type=Words)
    fingerprint: str = Field(sa_type=Words)
    brand: str = Field(sa_type=Words)
    last_four: str = Field(sa_type=Words)
    expiry_month: int = Field(sa_type=Whole)
    expiry_year: int = Field(sa_type=Whole)
    country: str = Field(sa_type=Words)
    attempts: int = Field(default=0, sa_type=Whole)
    attempts_since: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    removed_at: int | None = Field(default=None, sa_type=Whole)


class Switch(StrEnum):
    """What an automatic top-up does now."""

    ON = "on"
    """It charges as soon as the balance is below."""
    PAUSED = "paused"
    """The bank said no; it tries again at a time."""
    CLICK = "click"
    """It charged three times in a day; the fourth waits for its owner."""
    OFF = "off"
    """It charges nothing."""


class OffReason(StrEnum):
    """Why an automatic top-up is off."""

    BY_OWNER = "by_owner"
    """Its owner switched it off."""
    CARD_REMOVED = "card_removed"
    """The card was removed, here or at the rail."""
    FROZEN = "frozen"
    """The wallet was frozen."""
    REFUND_ASKED = "refund_asked"
    """Its owner wanted money back."""
    DECLINES = "declines"
    """The bank said no to every attempt; another card, or any paid top-up, switches it on again."""
    HARD_DECLINE = "hard_decline"
    """The bank wants this card never charged again; another card switches it on again."""


_REASONS = "off_reason IN ('by_owner', 'card_removed', 'frozen', 'refund_asked', 'declines', 'hard_decline')"


class AutoTopup(SQLModel, table=True):
    """What the owner of a wallet lets us charge by itself: one row a wallet, locked by whatever claims or changes.

    Below `threshold_nanos` (of the wallet's unit) the card is charged `amount_cents` and at most `fee_cents` beside, at
    most `cap_cents` in a calendar month. `next_at` is when a paused one tries again, `declined_at` when the bank last
    said no, `clicked_at` when its owner last let it go on. The consent stands as it was read, with its version, its
    time and where it came from.
    """

    __tablename__ = "auto_topup"
    __table_args__ = (
        CheckConstraint("switch IN ('on', 'paused', 'click', 'off')", name="known_switch"),
        CheckConstraint(_REASONS, name="known_off_reason"),
        CheckConstraint("(switch = 'off') = (off_reason IS NOT NULL)", name="off_for_a_reason"),
        CheckConstraint("(switch = 'paused') = (next_at IS NOT NULL)", name="paused_until"),
        CheckConstraint("threshold_nanos > 0 AND amount_cents > 0 AND amount_cents <= cap_cents", name="amounts"),
        Index("ix_auto_topup_due", "next_at", sqlite_where=text("next_at IS NOT NULL"),
              postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_auto_topup_card", "card_id"),
        STRICT,
    )  # fmt: skip

    wallet_id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words)
    person_id: str = Field(sa_type=Words, foreign_key="account.id")
    card_id: str = Field(sa_type=Words, foreign_key="card.id")
    threshold_nanos: int = Field(sa_type=Whole)
    amount_cents: int = Field(sa_type=Whole)
    cap_cents: int = Field(sa_type=Whole)
    fee_cents: int = Field(default=0, sa_type=Whole, sa_column_kwargs={"server_default": "0"})
    switch: Switch = Field(sa_type=one_of(Switch))
    off_reason: OffReason | None = Field(default=None, sa_type=one_of(OffReason))
    next_at: int | None = Field(default=None, sa_type=Whole)
    declined_at: int | None = Field(default=None, sa_type=Whole)
    clicked_at: int | None = Field(default=None, sa_type=Whole)
    consent_text: str = Field(sa_type=Words)
    consent_version: int = Field(sa_type=Whole)
    consented_at: int = Field(sa_type=Whole)
    consent_address: str = Field(sa_type=Words)
    changed_at: int = Field(sa_type=Whole)


class ChargeOutcome(StrEnum):
    """What became of a charge of a saved card."""

    OPEN = "open"
    """It was claimed; whether the rail knows of it is not known yet, or it is about it."""
    WAITS = "waits"
    """The bank wants its owner to confirm it."""
    PAID = "paid"
    """It was paid, and credited."""
    DECLINED = "declined"
    """The bank said no."""
    CANCELLED = "cancelled"
    """Its owner did not confirm it, or paid in another way; it was taken back at the rail."""
    VOID = "void"
    """The rail knows of no such payment, and will take none."""


class CardCharge(SQLModel, table=True):
    """What one charge of a saved card sends to the rail, byte for byte at every attempt, and how that fared.

    Its id is its top-up's, and the rail's idempotency key; it stands in the payment's metadata too. `payment_ref` is
    kept as soon as it is known. `asked_at` is the first time that the rail's own clock told after the first attempt,
    `next_at` when it is gone on with, `unwanted_at` since when it is to be cancelled. `paywall_id` and `external_id`
    say whose use of which app made it.
    """

    __tablename__ = "card_charge"
    __table_args__ = (
        CheckConstraint("outcome IN ('open', 'waits', 'paid', 'declined', 'cancelled', 'void')", name="known_outcome"),
        CheckConstraint("(ended_at IS NULL) = (outcome IN ('open', 'waits'))", name="ended_once"),
        Index("ix_card_charge_due", "next_at", sqlite_where=text("ended_at IS NULL"),
              postgresql_where=text("ended_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words, foreign_key="topup.id")
    card_id: str = Field(sa_type=Words, foreign_key="card.id")
    customer_ref: str = Field(sa_type=Words)
    card_ref: str = Field(sa_type=Words)
    description: str = Field(sa_type=Words)
    outcome: ChargeOutcome = Field(sa_type=one_of(ChargeOutcome))
    payment_ref: str | None = Field(default=None, sa_type=Words)
    calls: int = Field(default=0, sa_type=Whole)
    asked_at: int | None = Field(default=None, sa_type=Whole)
    next_at: int = Field(sa_type=Whole)
    waits_since: int | None = Field(default=None, sa_type=Whole)
    unwanted_at: int | None = Field(default=None, sa_type=Whole)
    decline_code: str | None = Field(default=None, sa_type=Words)
    last_error: str | None = Field(default=None, sa_type=Words)
    paywall_id: str | None = Field(default=None, sa_type=Words)
    external_id: str | None = Field(default=None, sa_type=Words)
    ended_at: int | None = Field(default=None, sa_type=Whole)


class NoticeKind(StrEnum):
    """What a wallet's owner is told by mail."""

    SWITCHED_ON = "switched_on"
    """Automatic top-up was switched on."""
    CHARGED = "charged"
    """A card was charged by itself."""
    CHARGED_TWICE = "charged_twice"
    """A payment that was to be cancelled had been confirmed before; both were credited."""
    FIRST_DECLINE = "first_decline"
    """The bank said no for the first time; it is tried again."""
    NEEDS_YOU = "needs_you"
    """The bank wants the charge confirmed."""
    WAITS_FOR_CLICK = "waits_for_click"
    """The fourth charge in a day waits."""
    CAP_REACHED = "cap_reached"
    """The month's cap leaves no room for another charge."""
    SWITCHED_OFF = "switched_off"
    """Automatic top-up is off, and why."""
    CARD_REPLACED = "card_replaced"
    """The bank replaced the card, and the new one is used."""
    CARD_EXPIRES = "card_expires"
    """The card that is charged expires soon."""


class CardNotice(SQLModel, table=True):
    """One thing that a wallet's owner is told, once: its id follows from what happened.

    It is written in the transaction that makes it true, and mailed after it; `told_at` is when.
    """

    __tablename__ = "card_notice"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('switched_on', 'charged', 'charged_twice', 'first_decline', 'needs_you', 'waits_for_click',"
            " 'cap_reached', 'switched_off', 'card_replaced', 'card_expires')",
            name="known_kind",
        ),
        CheckConstraint(_REASONS, name="known_off_reason"),
        Index("ix_card_notice_due", "next_at", sqlite_where=text("told_at IS NULL"),
              postgresql_where=text("told_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    wallet_id: str = Field(sa_type=Words)
    person_id: str = Field(sa_type=Words, foreign_key="account.id")
    kind: NoticeKind = Field(sa_type=one_of(NoticeKind))
    topup_id: str | None = Field(default=None, sa_type=Words)
    card_id: str | None = Field(default=None, sa_type=Words)
    off_reason: OffReason | None = Field(default=None, sa_type=one_of(OffReason))
    created_at: int = Field(sa_type=Whole)
    next_at: int = Field(sa_type=Whole)
    told_at: int | None = Field(default=None, sa_type=Whole)

"""Authorizations, and the cap that each account set for each paywall."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Whole, Words, one_of


class AuthorizationStatus(StrEnum):
    """Whether a consent counts."""

    PENDING = "pending"
    """The person has agreed; the app has yet to confirm that it is their user."""
    ACTIVE = "active"
    """The app's user is charged by it."""
    ENDED = "ended"
    """It counts no longer, and never will again."""


class RevokedBy(StrEnum):
    """Who ended an authorization."""

    USER = "user"
    """The person whose wallet it is, on their own page."""
    APP = "app"
    """The app, which disconnected its user."""
    RENEWAL = "renewal"
    """A newer consent of the same account, which stands in its place."""


class Authorization(SQLModel, table=True):
    """A consent: `pending` until the app has confirmed it, where the paywall asks for that, `active`, `ended`.

    Of one external id at most one is active. `code_hash` is of the code that the app confirms with, `link_hash` of
    the link that was approved, which approves nothing else afterwards. `own_keys_per_day` is how many requests a day
    may go by an own key of the person's, None for none; with `own_keys_first` at 0 only those that ask for it.
    """

    __tablename__ = "paywall_authorization"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'active', 'ended')", name="known_status"),
        CheckConstraint("(status = 'ended') = (ended_at IS NOT NULL)", name="ended_once"),
        Index("ix_paywall_authorization_active", "paywall_id", "external_id", unique=True,
              sqlite_where=text("status = 'active'"), postgresql_where=text("status = 'active'")),
        Index("ix_paywall_authorization_account", "account_id"),
        Index("ix_paywall_authorization_pending", "paywall_id", "external_id", "status"),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    external_id: str = Field(sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    status: AuthorizationStatus = Field(sa_type=one_of(AuthorizationStatus))
    code_hash: str | None = Field(default=None, sa_type=Words)
    link_hash: str | None = Field(default=None, sa_type=Words, unique=True)
    created_at: int = Field(sa_type=Whole)
    confirmed_at: int | None = Field(default=None, sa_type=Whole)
    ended_at: int | None = Field(default=None, sa_type=Whole)
    ended_by: RevokedBy | None = Field(default=None, sa_type=one_of(RevokedBy))
    own_keys_per_day: int | None = Field(default=None, sa_type=Whole)
    own_keys_first: int | None = Field(default=None, sa_type=Whole)


class OwnKeyUse(SQLModel, table=True):
    """How many requests went by own keys under a consent on its newest day, counted from 1970-01-01."""

    __tablename__ = "own_key_use"
    __table_args__ = (STRICT,)

    authorization_id: str = Field(primary_key=True, sa_type=Words, foreign_key="paywall_authorization.id")
    day: int = Field(sa_type=Whole)
    requests: int = Field(sa_type=Whole)


class SpendingCap(SQLModel, table=True):
    """What an account lets a paywall spend in a month, whichever of its external ids it is charged by."""

    __tablename__ = "spending_cap"
    __table_args__ = (CheckConstraint("cap_nanos > 0", name="cap_nanos_positive"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    cap_nanos: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)

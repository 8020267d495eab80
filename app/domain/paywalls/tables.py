"""Paywalls, their published versions, their keys, limits of single users and keys, their members, what was changed."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.sql.columns import STRICT, Json, Whole, Words


class PaywallRow(SQLModel, table=True):
    """One app, as it is stored; `paywall.Paywall` is what a read returns.

    `slug` is the address of its playground, None while that is closed; `playground_per_hour` bounds its requests.
    """

    __tablename__ = "paywall"
    __table_args__ = (
        CheckConstraint("mode IN ('default', 'shared', 'credits')", name="known_mode"),
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        Index("ix_paywall_slug", "slug", unique=True),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    mode: str = Field(sa_type=Words)
    environment: str = Field(sa_type=Words)
    unit: str = Field(sa_type=Words)
    version: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    archived_at: int | None = Field(default=None, sa_type=Whole)
    slug: str | None = Field(default=None, sa_type=Words)
    playground_per_hour: int = Field(default=200, sa_type=Whole, sa_column_kwargs={"server_default": "200"})


class PaywallVersion(SQLModel, table=True):
    """A published configuration; `config` is the JSON of `configuration.Configuration`.

    `made_by` is an account's id, `catalogue`, or None: a command, or a time when nobody wrote it down.
    """

    __tablename__ = "paywall_version"
    __table_args__ = (STRICT,)

    paywall_id: str = Field(primary_key=True, sa_type=Words, foreign_key="paywall.id")
    version: int = Field(primary_key=True, sa_type=Whole)
    config: Any = Field(sa_type=Json, nullable=False)
    made_by: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)


class PaywallKey(SQLModel, table=True):
    """A key of a paywall. Only its SHA-256 is kept, and four characters to recognise it by."""

    __tablename__ = "paywall_key"
    __table_args__ = (Index("ix_paywall_key_paywall", "paywall_id"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    hash: str = Field(sa_type=Words, unique=True)
    last_four: str = Field(sa_type=Words)
    name: str = Field(default="", sa_type=Words, sa_column_kwargs={"server_default": ""})
    created_at: int = Field(sa_type=Whole)
    revoked_at: int | None = Field(default=None, sa_type=Whole)


class LimitOverride(SQLModel, table=True):
    """Limits of one end user or key; `limits` is the JSON of `limits.Limits`."""

    __tablename__ = "limit_override"
    __table_args__ = (
        CheckConstraint("scope IN ('user', 'key')", name="known_scope"),
        Index("ix_limit_override_paywall", "paywall_id"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    scope: str = Field(sa_type=Words)
    subject: str = Field(sa_type=Words)
    limits: Any = Field(sa_type=Json, nullable=False)
    changed_at: int = Field(sa_type=Whole)


_IS_OWNER = text("role = 'owner'")


class PaywallMember(SQLModel, table=True):
    """An account's role in a paywall. One without an owner is the operators'; none has two."""

    __tablename__ = "paywall_member"
    __table_args__ = (
        CheckConstraint("role IN ('owner')", name="known_role"),
        Index("ix_paywall_member_account", "account_id"),
        Index("ix_paywall_member_owner", "paywall_id", unique=True, sqlite_where=_IS_OWNER, postgresql_where=_IS_OWNER),
        STRICT,
    )

    paywall_id: str = Field(primary_key=True, sa_type=Words, foreign_key="paywall.id")
    account_id: str = Field(primary_key=True, sa_type=Words, foreign_key="account.id")
    role: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)


class Change(SQLModel, table=True):
    """What was changed of a paywall by hand or by the catalogue, as it was told then; `what` is JSON without secrets.

    `made_by` is an account's id, an app's key, `catalogue`, or None for a command; `version` the newest then.
    """

    __tablename__ = "change"
    __table_args__ = (Index("ix_change_paywall", "paywall_id", "id"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    paywall_id: str = Field(sa_type=Words, foreign_key="paywall.id")
    made_by: str | None = Field(default=None, sa_type=Words)
    section: str = Field(sa_type=Words)
    version: int = Field(sa_type=Whole)
    what: Any = Field(sa_type=Json, nullable=False)
    created_at: int = Field(sa_type=Whole)

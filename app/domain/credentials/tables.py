"""People's own keys of providers."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.domain.paywalls.provider import AuthStyle
from app.sql.columns import STRICT, Json, Whole, Words, one_of


class CredentialKind(StrEnum):
    """What a credential is."""

    KEY = "key"
    """An API key, as its owner typed it."""
    PROFILE = "profile"
    """A sign-in: an access token, and a refresh token by which we get the next one."""


class CredentialStatus(StrEnum):
    """Whether a credential can be used."""

    READY = "ready"
    """It is sent as it is."""
    NEEDS_SIGN_IN = "needs_sign_in"
    """Its provider gave no new access token for the refresh token: only its owner can sign in again."""


class Credential(SQLModel, table=True):
    """A person's own key of a provider, or their sign-in there; one for each name that they gave.

    `sealed` is the key or access token, and `refresh_sealed` the refresh token; what each is sealed for names the host
    that it goes to, so it opens for no other. `models` are those that the host listed when it was asked last.
    `refresh_due` is when a new access token is asked for, `expires_at` when this one ends. `refused_status` is what the
    host answered last where it refused the key, None since it has answered.
    """

    __tablename__ = "credential"
    __table_args__ = (
        CheckConstraint("kind IN ('key', 'profile')", name="known_kind"),
        CheckConstraint("auth IN ('bearer', 'api-key', 'x-api-key')", name="known_auth"),
        CheckConstraint("status IN ('ready', 'needs_sign_in')", name="known_status"),
        CheckConstraint("(kind = 'profile') = (refresh_sealed IS NOT NULL AND token_url IS NOT NULL)",
                        name="profile_refreshes"),
        Index("ix_credential_account", "account_id", "provider", unique=True),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    provider: str = Field(sa_type=Words)
    kind: CredentialKind = Field(sa_type=one_of(CredentialKind))
    base_url: str = Field(sa_type=Words)
    auth: AuthStyle = Field(sa_type=one_of(AuthStyle))
    sealed: str = Field(sa_type=Words)
    last_four: str = Field(sa_type=Words)
    token_url: str | None = Field(default=None, sa_type=Words)
    refresh_sealed: str | None = Field(default=None, sa_type=Words)
    refresh_due: int | None = Field(default=None, sa_type=Whole)
    expires_at: int | None = Field(default=None, sa_type=Whole)
    status: CredentialStatus = Field(default=CredentialStatus.READY, sa_type=one_of(CredentialStatus))
    models: Any = Field(sa_type=Json, nullable=False)
    warning: str = Field(default="", sa_type=Words)
    refused_status: int | None = Field(default=None, sa_type=Whole)
    refused_at: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    changed_at: int = Field(sa_type=Whole)
    used_at: int | None = Field(default=None, sa_type=Whole)

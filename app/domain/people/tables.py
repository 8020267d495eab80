"""Accounts, sign-in identities, the codes that prove an address, sessions, and account keys."""

from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from app.domain.money import Environment
from app.sql.columns import STRICT, Json, Whole, Words


class PersonAccount(SQLModel, table=True):
    """A person who signs in. `email` is a proven address, the first one; None where none was ever proven."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("default_cap_nanos > 0", name="default_cap_nanos_positive"),
        Index("ix_account_email", "email"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    name: str = Field(sa_type=Words)
    email: str | None = Field(default=None, sa_type=Words)
    default_cap_nanos: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)


class Identity(SQLModel, table=True):
    """A way to sign in: an e-mail address (`issuer` is `email`), or a subject of an OIDC issuer.

    `id` follows from issuer and subject, so that one identity can never belong to two accounts.
    """

    __tablename__ = "identity"
    __table_args__ = (Index("ix_identity_account", "account_id"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    issuer: str = Field(sa_type=Words)
    subject: str = Field(sa_type=Words)
    label: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)


class SignInCode(SQLModel, table=True):
    """A code sent to an address. Good once, for a few minutes and tries, in the browser that asked for it.

    `issuer`, `subject` and `label` name an OIDC identity that the code lets in; `account_id` is who was signed
    in when it was asked for, and gets the address added. `address` is the network that asked; `is_known`: by a browser
    that had signed in to this e-mail address before.
    """

    __tablename__ = "sign_in_code"
    __table_args__ = (
        Index("ix_sign_in_code_email", "email", "created_at"),
        Index("ix_sign_in_code_address", "address", "created_at"),
        Index("ix_sign_in_code_created", "created_at"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    email: str = Field(sa_type=Words)
    code_hash: str = Field(sa_type=Words)
    browser_hash: str = Field(sa_type=Words)
    address: str = Field(sa_type=Words)
    tries: int = Field(sa_type=Whole)
    issuer: str | None = Field(default=None, sa_type=Words)
    subject: str | None = Field(default=None, sa_type=Words)
    label: str | None = Field(default=None, sa_type=Words)
    account_id: str | None = Field(default=None, sa_type=Words)
    is_known: int = Field(default=0, sa_type=Whole, sa_column_kwargs={"server_default": "0"})
    created_at: int = Field(sa_type=Whole)
    used_at: int | None = Field(default=None, sa_type=Whole)


class SignInText(SQLModel, table=True):
    """A text that an Ethereum account is to sign, under a nonce of ours: good once, in the browser that asked for it.

    `account_id` is who was signed in and asked that the account be added to theirs; `network` is who asked.
    """

    __tablename__ = "sign_in_text"
    __table_args__ = (
        CheckConstraint("chain_id > 0", name="chain_id_positive"),
        Index("ix_sign_in_text_nonce", "nonce", unique=True),
        Index("ix_sign_in_text_network", "network", "created_at"),
        Index("ix_sign_in_text_created", "created_at"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    nonce: str = Field(sa_type=Words)
    browser_hash: str = Field(sa_type=Words)
    network: str = Field(sa_type=Words)
    address: str = Field(sa_type=Words)
    chain_id: int = Field(sa_type=Whole)
    account_id: str | None = Field(default=None, sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    used_at: int | None = Field(default=None, sa_type=Whole)


class SignInSession(SQLModel, table=True):
    """A browser that is signed in. Only the SHA-256 of its cookie is kept.

    `proven_email` is the address that this sign-in itself has proven: the operator's role rests on it.
    """

    __tablename__ = "sign_in_session"
    __table_args__ = (Index("ix_sign_in_session_account", "account_id"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    token_hash: str = Field(sa_type=Words, unique=True)
    method: str = Field(sa_type=Words)
    proven_email: str | None = Field(default=None, sa_type=Words)
    browser: str = Field(sa_type=Words)
    address: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    seen_at: int = Field(sa_type=Whole)
    expires_at: int = Field(sa_type=Whole)
    revoked_at: int | None = Field(default=None, sa_type=Whole)


class AccountKey(SQLModel, table=True):
    """An account's API key, for its credits of one environment. Only its SHA-256 is kept, and four characters."""

    __tablename__ = "account_key"
    __table_args__ = (Index("ix_account_key_account", "account_id"), STRICT)

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    hash: str = Field(sa_type=Words, unique=True)
    last_four: str = Field(sa_type=Words)
    created_at: int = Field(sa_type=Whole)
    revoked_at: int | None = Field(default=None, sa_type=Whole)
    environment: str = Field(
        default=Environment.SANDBOX.value, sa_type=Words,
        sa_column_kwargs={"server_default": Environment.SANDBOX.value},
    )  # fmt: skip


class AccountPreference(SQLModel, table=True):
    """What a program of an account's keeps of its person's choices, under a name of ours; nothing here rests on it."""

    __tablename__ = "account_preference"
    __table_args__ = (STRICT,)

    account_id: str = Field(primary_key=True, sa_type=Words, foreign_key="account.id")
    name: str = Field(primary_key=True, sa_type=Words)
    value: Any = Field(sa_type=Json, nullable=False)
    changed_at: int = Field(sa_type=Whole)


class DeveloperKey(SQLModel, table=True):
    """A developer's key of the Management API, for the paywalls that their account owns; only its SHA-256 is kept."""

    __tablename__ = "developer_key"
    __table_args__ = (
        CheckConstraint("may_write IN (0, 1)", name="may_or_not"),
        Index("ix_developer_key_account", "account_id"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    name: str = Field(sa_type=Words)
    hash: str = Field(sa_type=Words, unique=True)
    last_four: str = Field(sa_type=Words)
    may_write: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    revoked_at: int | None = Field(default=None, sa_type=Whole)

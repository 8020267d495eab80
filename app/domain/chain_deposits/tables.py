"""Deposit addresses, what came to them and to treasuries or is signed to come, and up to which block that is known."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from app.domain.money import Environment
from app.sql.columns import STRICT, Octets, Whole, Words, one_of


class ArrivalKind(StrEnum):
    """What a transfer on a chain is to us."""

    SEEN = "seen"
    """A deposit in a block that is not final yet: it is shown, and moves nothing."""
    CREDITED = "credited"
    """A deposit that is final; its wallet was credited in the same transaction."""
    BRIDGED = "bridged"
    """The bridged token, which only looks like the right one: nothing is credited, it can be returned by hand."""
    FUNDING = "funding"
    """It came to the treasury and is nobody's deposit: the operator's own money."""
    SWEPT = "swept"
    """A deposit on its way from its address to the treasury: nothing changes but where it is."""


class DepositAddress(SQLModel, table=True):
    """Where a wallet gets money on a chain, for ever.

    `address` follows from the factory, the salt and the hash of what is deployed there (`proxy_hash`); all three stay
    as they were, whatever factory is configured later. `unswept_units` of the token are there, since `unswept_since`.
    Until `looked_back_at` nobody has asked what came before it was known here: a restored backup may have forgotten it.
    """

    __tablename__ = "deposit_address"
    __table_args__ = (
        CheckConstraint("unswept_units >= 0", name="unswept_not_negative"),
        Index("ix_deposit_address_wallet", "wallet_id", "chain_id", unique=True),
        Index("ix_deposit_address_address", "chain_id", "address", unique=True),
        Index("ix_deposit_address_unswept", "chain_id", "unswept_since",
              sqlite_where=text("unswept_units > 0"), postgresql_where=text("unswept_units > 0")),
        Index("ix_deposit_address_fresh", "chain_id", "created_at", sqlite_where=text("looked_back_at IS NULL"),
              postgresql_where=text("looked_back_at IS NULL")),
        STRICT,
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=Words)
    chain_id: int = Field(sa_type=Whole)
    wallet_id: str = Field(sa_type=Words)
    account_id: str = Field(sa_type=Words)
    address: str = Field(sa_type=Words)
    factory: str = Field(sa_type=Words)
    salt: str = Field(sa_type=Words)
    proxy_hash: str = Field(sa_type=Words)
    unswept_units: int = Field(default=0, sa_type=Whole)
    unswept_since: int | None = Field(default=None, sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    looked_back_at: int | None = Field(default=None, sa_type=Whole)


class ChainArrival(SQLModel, table=True):
    """A transfer that came to an address of ours, once for each (chain, transaction, position in its receipt).

    `account_id` is the ledger account that was credited or would be, None where nobody's is. `nonce` names the
    authorization that it used. What is only seen is written anew with each look, because a re-org may undo it.
    """

    __tablename__ = "chain_arrival"
    __table_args__ = (
        CheckConstraint("kind IN ('seen', 'credited', 'bridged', 'funding', 'swept')", name="known_kind"),
        CheckConstraint("environment IN ('sandbox', 'live')", name="known_environment"),
        CheckConstraint("units > 0", name="units_positive"),
        CheckConstraint("kind NOT IN ('seen', 'credited') OR wallet_id IS NOT NULL", name="deposits_have_a_wallet"),
        Index("ix_chain_arrival_place", "chain_id", "transaction_hash", "position", unique=True),
        Index("ix_chain_arrival_wallet", "wallet_id", "seen_at"),
        Index("ix_chain_arrival_block", "chain_id", "kind", "block"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    chain_id: int = Field(sa_type=Whole)
    transaction_hash: str = Field(sa_type=Words)
    position: int = Field(sa_type=Whole)
    kind: ArrivalKind = Field(sa_type=one_of(ArrivalKind))
    environment: Environment = Field(sa_type=one_of(Environment))
    wallet_id: str | None = Field(default=None, sa_type=Words)
    account_id: str | None = Field(default=None, sa_type=Words)
    token: str = Field(sa_type=Words)
    payer: str = Field(sa_type=Words)
    payee: str = Field(sa_type=Words)
    units: int = Field(sa_type=Whole)
    block: int = Field(sa_type=Whole)
    nonce: str | None = Field(default=None, sa_type=Words)
    seen_at: int = Field(sa_type=Whole)


class SignedTopup(SQLModel, table=True):
    """A transfer to a wallet's own address that somebody is asked to sign (EIP-3009), and whose gas we then pay.

    `nonce` follows from the id, and `valid_before` (seconds) ends it. It moves nothing in the books: the transfer is a
    deposit like any other, and this only shows it. `transaction_id` is ours that brings it, None where none was needed.
    """

    __tablename__ = "signed_topup"
    __table_args__ = (
        CheckConstraint("units > 0", name="units_positive"),
        CheckConstraint("(signature IS NULL) = (signed_at IS NULL)", name="signed_at_once"),
        CheckConstraint("transaction_id IS NULL OR signature IS NOT NULL", name="brought_as_signed"),
        Index("ix_signed_topup_wallet", "wallet_id", "created_at"),
        Index("ix_signed_topup_account", "account_id", "signed_at"),
        STRICT,
    )

    id: str = Field(primary_key=True, sa_type=Words)
    account_id: str = Field(sa_type=Words, foreign_key="account.id")
    wallet_id: str = Field(sa_type=Words)
    chain_id: int = Field(sa_type=Whole)
    payer: str = Field(sa_type=Words)
    payee: str = Field(sa_type=Words)
    units: int = Field(sa_type=Whole)
    nonce: str = Field(sa_type=Words)
    valid_before: int = Field(sa_type=Whole)
    since_block: int = Field(sa_type=Whole)
    created_at: int = Field(sa_type=Whole)
    signature: bytes | None = Field(default=None, sa_type=Octets)
    signed_at: int | None = Field(default=None, sa_type=Whole)
    transaction_id: str | None = Field(default=None, sa_type=Words)


class ChainCursor(SQLModel, table=True):
    """Up to which final block all that came in on a chain is known; `stopped_because` is None while it goes on."""

    __tablename__ = "chain_cursor"
    __table_args__ = (STRICT,)

    chain_id: int = Field(primary_key=True, sa_type=Whole, sa_column_kwargs={"autoincrement": False})
    block: int = Field(sa_type=Whole)
    block_hash: str = Field(sa_type=Words)
    head: int = Field(sa_type=Whole)
    head_at: int = Field(sa_type=Whole)
    read_at: int = Field(sa_type=Whole)
    stopped_because: str | None = Field(default=None, sa_type=Words)

"""A chain on which a dollar token moves: what is asked of it, who signs for it, and what it says.

Amounts are units of the token (10⁻⁶), fees are wei, times are seconds since 1970 as the chain counts them. Addresses
are written with their checksum (EIP-55), hashes and nonces of authorizations as `0x` and 64 lower-case digits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.domain.errors import CoinslotError


class ChainUnavailable(CoinslotError):
    """Not enough nodes answer, or those that do disagree; nothing can be concluded from it."""

    code = "chain_unavailable"
    is_transient = True


class ChainRefused(CoinslotError):
    """A node answered, and the answer is no: a call that would fail, or a request that it does not take."""

    code = "chain_refused"


class ChainMismatch(CoinslotError):
    """What is there is not what was configured: another chain, another token, other code. Nothing is sent to it."""

    code = "chain_mismatch"


@dataclass(frozen=True, slots=True)
class ChainRules:
    """A chain as it is configured.

    `nodes_min` nodes, of as many providers, must agree on a block before it counts. `finality_blocks` is how deep a
    block is final where the chain has no `finalized` tag, None where it has one. `token_name` and `token_version` are
    what signatures name (EIP-712). `code_hashes` are the keccak hashes of contracts whose code is known.
    """

    id: int
    name: str
    rpc_urls: tuple[str, ...]
    token: str
    token_name: str
    token_version: str
    multicall: str
    explorer_url: str = ""
    bridged_token: str | None = None
    nodes_min: int = 2
    finality_blocks: int | None = None
    log_blocks_max: int = 2_000
    tip_wei_min: int = 0
    fee_wei_max: int = 500_000_000_000
    code_hashes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A block; `at` is its own time."""

    number: int
    hash: str
    at: int


@dataclass(frozen=True, slots=True)
class Authorization:
    """A transfer that the token makes once for whoever brings it, until `valid_before` (EIP-3009)."""

    payer: str
    payee: str
    units: int
    valid_before: int
    nonce: str


@dataclass(frozen=True, slots=True)
class SignedAuthorization:
    """An authorization with its payer's signature, 65 bytes as r, s and v."""

    authorization: Authorization
    signature: bytes


class Fate(StrEnum):
    """What became of an authorization, as of a block."""

    OPEN = "open"
    """Neither used nor cancelled: it may still pay."""
    USED = "used"
    """It paid, and can never pay again."""
    CANCELED = "canceled"
    """It did not pay, and never can."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of an authorization; where it is not open, in which transaction and block, and what was paid to whom."""

    fate: Fate
    transaction: str | None = None
    block: int | None = None
    payee: str | None = None
    units: int = 0


@dataclass(frozen=True, slots=True)
class Fees:
    """What a transaction offers for each unit of gas: at most `fee_wei` in all, of it `tip_wei` to who mines it."""

    fee_wei: int
    tip_wei: int


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction does: `data` for a contract, with so much gas; it never carries the chain's own coin."""

    to: str
    data: bytes
    gas: int


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """The bytes of a transaction, to be stored before they are sent, and the hash that they will have."""

    raw: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Sent:
    """How a transaction was taken: by how many nodes, and what the others said. It decides nothing about money."""

    taken_by: int
    said: tuple[str, ...]


class Signer(Protocol):
    """A key that signs and is never shown: from the environment, a file, or a service that keeps it."""

    @property
    def address(self) -> str:
        """The address that the key belongs to."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """Returns the signature of 32 bytes: r and s, 32 bytes each, and v, 27 or 28."""
        ...


class Chain(Protocol):
    """A chain, asked through several nodes none of which is believed alone."""

    rules: ChainRules

    async def check(self) -> None:
        """Raises ChainMismatch where chain, token or code are not as configured, ChainUnavailable if nobody says."""
        ...

    async def head(self) -> Block:
        """Returns the newest block that any node knows. Raises ChainUnavailable."""
        ...

    async def finalized(self) -> Block:
        """Returns the newest block that can never be undone, on whose hash enough nodes agree.

        Raises ChainUnavailable.
        """
        ...

    async def balance(self, address: str, block: Block) -> int:
        """Returns what an address holds of the token at a block. Raises ChainUnavailable."""
        ...

    async def is_blocked(self, address: str, block: Block) -> bool:
        """Tells whether the token's issuer blocks an address at a block. Raises ChainUnavailable."""
        ...

    async def has_code(self, address: str, block: Block) -> bool:
        """Tells whether a contract is at an address at a block. Raises ChainUnavailable."""
        ...

    async def transaction_count(self, address: str, block: Block) -> int:
        """Returns how many transactions an address has sent up to a block. Raises ChainUnavailable."""
        ...

    async def outcomes(self, payer: str, nonces: Sequence[str], since: int, block: Block) -> Mapping[str, Outcome]:
        """Returns what became of each authorization of a payer as of a block; none was brought before block `since`.

        Raises ChainUnavailable rather than call one open of which only a part can be seen.
        """
        ...

    async def simulate(self, signed: SignedAuthorization) -> None:
        """Raises ChainRefused where the token would not make a transfer now, ChainUnavailable if nobody says."""
        ...

    async def fees(self) -> Fees:
        """Returns what to offer for a transaction now, within the chain's bounds. Raises ChainUnavailable."""
        ...

    def authorize(self, authorization: Authorization, signer: Signer) -> SignedAuthorization:
        """Signs a transfer. Nothing is asked of the chain."""
        ...

    def relay(self, transfers: Sequence[SignedAuthorization]) -> Call:
        """Returns the call that brings many transfers to the token, each on its own: one that fails stops no other."""
        ...

    def cancel(self, payer: str, nonce: str, signer: Signer) -> Call:
        """Returns the call after which an authorization can never pay, signed by its payer."""
        ...

    def sign(self, call: Call, nonce: int, fees: Fees, signer: Signer) -> SignedTransaction:
        """Signs a transaction of the signer's with its own number. Nothing is asked of the chain."""
        ...

    async def send(self, transaction: SignedTransaction) -> Sent:
        """Gives a transaction to every node. Never raises for what nodes say: neither yes nor no of theirs is final."""
        ...

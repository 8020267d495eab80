"""What is asked of a chain on which a dollar token moves, and what it says.

Amounts are units of the token (10⁻⁶ dollars, `app/domain/money.py:MICRO_NANOS` nanos each), fees are wei, times are
seconds since 1970 as the chain counts them. Addresses are written with their checksum (EIP-55); hashes, salts and
nonces of authorizations as `0x` and 64 lower-case digits.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.errors import CoinslotError, Refused

BATCH_MAX = 100
"""Transfers or sweeps in one transaction: Polygon takes none over 32 million gas (EIP-7825)."""
BATCH_GAS, TRANSFER_GAS = 80_000, 130_000
"""Reckoned and not asked for: a node's estimate of calls that may fail is only a floor, at which inner ones starve."""
FULL_BATCH_GAS = BATCH_GAS + TRANSFER_GAS * BATCH_MAX


class ChainUnavailable(CoinslotError):
    """Not enough nodes answer, or those that do disagree: nothing can be concluded, least of all that money moved."""

    code = "chain_unavailable"
    is_transient = True


class ChainRefused(Refused):
    """A node answered, and the answer is no: a call that would fail, or a request that it does not take."""

    code = "chain_refused"


class ChainMismatch(CoinslotError):
    """What is there is not what was configured: another chain, another token, other code. Nothing is sent to it."""

    code = "chain_mismatch"


class AddressInvalid(Refused):
    """What was written is no address of an EVM chain, or its checksum is wrong."""

    code = "address_invalid"


@dataclass(frozen=True, slots=True)
class ChainRules:
    """A chain as it is configured.

    `is_test` chains serve the sandbox, others live money, never the other way round. `nodes_min` nodes, of as many
    providers, must agree before an answer counts. `finality_blocks` is how deep a block is final where the chain has no
    `finalized` tag, None where it has one. `token_name` and `token_version` are what signatures name (EIP-712).
    `first_block` is where reading begins. `code_hashes` are the keccak hashes of contracts whose code is known.
    `factory` makes deposit addresses and pays them out to the treasury alone; "" where there is none.
    """

    id: int
    name: str
    rpc_urls: tuple[str, ...] = field(repr=False)
    token: str
    token_name: str
    token_version: str
    multicall: str
    is_test: bool
    factory: str = ""
    explorer_url: str = ""
    bridged_token: str | None = None
    nodes_min: int = 2
    finality_blocks: int | None = None
    first_block: int = 0
    log_blocks_max: int = 2_000
    tip_wei_min: int = 0
    fee_wei_max: int = 500_000_000_000
    head_seconds_max: int = 60
    code_hashes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A block; `at` is its own time."""

    number: int
    hash: str
    at: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer of a token, of more than nothing.

    (chain, `transaction`, `position`) is its key: `position` counts the logs of its transaction's receipt from 0, which
    a re-org does not change. `nonce` names the authorization that it used, None where it used none.
    """

    token: str
    payer: str
    payee: str
    units: int
    block: int
    block_hash: str
    transaction: str
    position: int
    nonce: str | None = None


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

    def raised(self, fee_wei_max: int) -> "Fees | None":
        """Returns both fees 15 % higher, rounded up, so that nodes take the replacement; None past `fee_wei_max`."""
        fee, tip = (-(-wei * 115 // 100) for wei in (self.fee_wei, self.tip_wei))
        return Fees(fee, tip) if fee <= fee_wei_max else None


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


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a transaction was mined and what it cost; whether it succeeded says nothing of what it paid."""

    block: int
    block_hash: str
    succeeded: bool
    gas_used: int
    fee_wei: int


@dataclass(frozen=True, slots=True)
class NodeHealth:
    """How a node did: the newest block it told, and how many of its answers were none or stood alone, since when.

    `said` is the last of what it said in place of an answer, "" where it never did; it holds no URL.
    """

    name: str
    head: int
    asked: int
    failed: int
    disagreed: int
    said: str = ""

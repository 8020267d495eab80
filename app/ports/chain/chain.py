"""A chain as flows need it, and a key that signs for it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.ports.chain.values import (
    Authorization,
    Block,
    Call,
    ChainRules,
    Fees,
    Outcome,
    Sent,
    SignedAuthorization,
    SignedTransaction,
)


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

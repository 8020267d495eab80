"""A chain as flows need it. Nothing of it may be called in a transaction, but for what says that it asks no node."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.domain.money import Environment
from app.ports.chain.signer import ChainKeys, Signer
from app.ports.chain.values import (
    Authorization,
    Block,
    Call,
    ChainRules,
    Fees,
    NodeHealth,
    Outcome,
    Receipt,
    Sent,
    SignedAuthorization,
    SignedTransaction,
    Transfer,
)


class Reading(Protocol):
    """What a chain says. Each raises ChainUnavailable where too few nodes answer, or they disagree.

    What is asked at a `block` is asked by its hash, and believed if enough nodes say the same: one that does not know
    the block answers with an error, never with an older state.
    """

    async def check(self) -> None:
        """Raises ChainMismatch where chain, token or code are not as configured."""
        ...

    async def head(self) -> Block:
        """Returns the newest block that enough nodes have reached; one of long ago says that the chain stands still."""
        ...

    async def finalized(self) -> Block:
        """Returns the newest block that can never be undone, on whose hash enough nodes agree."""
        ...

    async def block(self, number: int) -> Block:
        """Returns a block of which enough nodes say the same; a cursor's is asked again to see whether it still is."""
        ...

    async def transfers(
        self, blocks: range, tokens: Sequence[str], payer: str | None = None, payees: Sequence[str] | None = None
    ) -> Sequence[Transfer]:
        """Returns all transfers of some tokens in a range of blocks, by payer, payee or both, in the chain's order.

        Enough nodes that know the range's last block say exactly the same of it, or it raises.
        """
        ...

    async def balances(self, addresses: Sequence[str], block: Block) -> Mapping[str, int]:
        """Returns what each address holds of the token at a block."""
        ...

    async def coins(self, address: str, block: Block) -> int:
        """Returns what an address holds of the chain's own coin, in wei, at a block."""
        ...

    async def is_blocked(self, address: str, block: Block) -> bool:
        """Tells whether the token's issuer blocks an address at a block."""
        ...

    async def is_paused(self, block: Block) -> bool:
        """Tells whether the token's issuer has paused all transfers at a block."""
        ...

    async def has_code(self, address: str, block: Block) -> bool:
        """Tells whether a contract is at an address at a block."""
        ...

    async def implementation(self, block: Block) -> str:
        """Returns the contract that the token's proxy leads to at a block; another one is an alarm."""
        ...

    async def transaction_count(self, address: str, block: Block) -> int:
        """Returns how many transactions an address has sent up to a block: above our rows, a foreign sender's."""
        ...

    async def outcomes(self, payer: str, nonces: Sequence[str], since: int, block: Block) -> Mapping[str, Outcome]:
        """Returns what became of each authorization of a payer as of a block; none was brought before block `since`.

        Raises ChainUnavailable rather than call one open of which only a part can be seen.
        """
        ...

    async def receipt(self, transaction: str) -> Receipt | None:
        """Returns how a transaction was mined, as any one node says, None for one that none knows to be."""
        ...

    async def simulate(self, call: Call, sender: str) -> None:
        """Raises ChainRefused where a call would fail now."""
        ...

    async def fees(self) -> Fees:
        """Returns what to offer for a transaction now, within the chain's bounds."""
        ...

    async def send(self, transaction: SignedTransaction) -> Sent:
        """Gives a transaction to every node. Never raises for what nodes say: neither yes nor no of theirs is final."""
        ...

    def health(self) -> Sequence[NodeHealth]:
        """Returns how each node did so far. Asks none."""
        ...


class Writing(Protocol):
    """What is signed for a chain. None of it asks a node."""

    def authorize(self, authorization: Authorization, signer: Signer) -> SignedAuthorization:
        """Signs a transfer. Raises ChainMismatch for another payer's."""
        ...

    def typed_authorization(self, authorization: Authorization) -> Mapping[str, object]:
        """Returns what a browser's wallet is to sign (`eth_signTypedData_v4`)."""
        ...

    def read_signature(self, authorization: Authorization, signature: str) -> SignedAuthorization:
        """Returns an authorization with a wallet's signature. Raises AddressInvalid where it is not its payer's."""
        ...

    def relay(self, transfers: Sequence[SignedAuthorization]) -> Call:
        """Returns the call that brings 1 to BATCH_MAX transfers to the token, each on its own: one may fail alone."""
        ...

    def relay_one(self, transfer: SignedAuthorization) -> Call:
        """Returns the call that brings one transfer to the token and fails with it, so that it can be simulated."""
        ...

    def cancel(self, payer: str, nonce: str, signer: Signer) -> Call:
        """Returns the call after which an authorization can never pay, signed by its payer."""
        ...

    def cancel_many(self, payer: str, nonces: Sequence[str], signer: Signer) -> Call:
        """Returns the call that cancels 1 to BATCH_MAX authorizations, each on its own."""
        ...

    def nothing(self, sender: str) -> Call:
        """Returns the call of a transaction that only uses up its sender's number."""
        ...

    def deposit_address(self, salt: str) -> str:
        """Returns the address that `rules.factory` makes of a salt, whether or not anything is there yet."""
        ...

    def deposit_proxy(self) -> str:
        """Returns the hash of what `rules.factory` deploys at a deposit address."""
        ...

    def make_factory(self, treasury: str) -> Call:
        """Returns the call that puts `rules.factory` on the chain; whoever brings it makes the same, and no other."""
        ...

    def sweep(self, salts: Sequence[str], token: str) -> Call:
        """Returns the call that moves what 1 to BATCH_MAX deposit addresses hold to the treasury, each on its own."""
        ...

    def sign(self, call: Call, number: int, fees: Fees, signer: Signer) -> SignedTransaction:
        """Signs a transaction with its sender's own number (the account's nonce)."""
        ...


class Chain(Reading, Writing, Protocol):
    """A chain, asked through several nodes none of which is believed alone."""

    rules: ChainRules


class Chains(Protocol):
    """The chains of this process, none unless configured."""

    def all(self) -> Sequence[Chain]:
        """Returns every chain, in the order of their ids."""
        ...

    def of(self, environment: Environment) -> Sequence[Chain]:
        """Returns the chains on which an environment's money moves: test chains for the sandbox, others for live."""
        ...

    def reach(self, chain_id: int) -> Chain:
        """Returns a chain by its id. Raises Unavailable for one that is not configured (any more)."""
        ...

    def keys(self, chain_id: int) -> ChainKeys:
        """Returns the keys of a chain. Raises Unavailable for one that is not configured (any more)."""
        ...

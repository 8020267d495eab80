"""Wallets of people, which sign texts by naming themselves, and the chains of a process as settings would name them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from app import settings, wiring
from app.domain.errors import Unavailable
from app.domain.money import Environment
from app.flows.events.mails import Desk
from app.ports.chain.signer import ChainKeys
from app.ports.chain.values import AddressInvalid
from app.wiring.process import Wiring
from app.wiring.settlement import Settlement
from tests.support.paying_out import Mails
from tests.support.scripted_chain import KEYS, ToyChain


def signed(address: str, text: str) -> str:
    """Returns the signature of a text by the key of an address."""
    return f"{address} signs {text}"


class ToySignatures:
    """WalletSignatures of addresses that begin with `0x`; small letters become capitals."""

    def checksummed(self, address: str) -> str:
        if not address.startswith("0x"):
            raise AddressInvalid(f"{address} is no address.")
        return f"0x{address[2:].capitalize()}" if address.islower() else address

    def signer_of_message(self, message: str, signature: str) -> str:
        signer, _, text = signature.partition(" signs ")
        if text != message:
            return "0xSomebody"
        return signer


@dataclass
class ToyChains:
    """Chains of one process: the sandbox's, and none of live money."""

    chain: ToyChain = field(default_factory=ToyChain)

    def all(self) -> Sequence[ToyChain]:
        return [self.chain]

    def of(self, environment: Environment) -> Sequence[ToyChain]:
        return [self.chain] if environment is Environment.SANDBOX else []

    def reach(self, chain_id: int) -> ToyChain:
        if chain_id != self.chain.rules.id:
            raise Unavailable(f"Chain {chain_id} is not set up here.")
        return self.chain

    def keys(self, chain_id: int) -> ChainKeys:
        self.reach(chain_id)
        return KEYS


@contextmanager
def wired(chain: ToyChain) -> Iterator[Settlement]:
    """Puts a chain and its people's wallets into this process's wiring."""
    made = Wiring()
    settlement = Settlement(settings.get, Desk(Mails(), frozenset()), "https://pay.example")
    settlement.__dict__.update(chains=ToyChains(chain), signatures=ToySignatures())
    made.__dict__["settlement"] = settlement
    wiring.replace(made)
    try:
        yield settlement
    finally:
        wiring.replace(None)

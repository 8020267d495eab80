"""Chains in this process: nothing of them is imported where none is configured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol
from urllib.parse import urlsplit

from app.domain.errors import NotFound, Unavailable
from app.domain.money import Environment
from app.domain.payouts.rules import PayoutRules
from app.flows.cards.pace import Pace
from app.flows.events.mails import Desk
from app.flows.people.ethereum_sign_in import EthereumSignIn
from app.flows.settlement.deposits import DEV_CHAIN_ID, Deposits
from app.flows.settlement.payout_addresses import PayoutAddresses
from app.flows.settlement.payouts import ChainPayouts
from app.flows.settlement.reserves import Reserves
from app.flows.settlement.signed.topups import SignedTopups
from app.flows.settlement.sweeping import Sweeps
from app.ports.chain.chain import Chain, Chains
from app.ports.chain.signer import ChainKeys, WalletSignatures
from app.ports.chain.wallet import TestWallet
from app.settings import Settings


class ClosingChains(Chains, Protocol):
    """Chains that are compared with their configuration at the start, and closed when the process ends."""

    async def check(self) -> None:
        """Raises ChainMismatch where one is not what it is configured to be."""
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


class NoChains:
    """Stands where no chain is configured."""

    def all(self) -> Sequence[Chain]:
        """Returns no chain."""
        return ()

    def of(self, environment: Environment) -> Sequence[Chain]:
        """Returns no chain."""
        return ()

    def reach(self, chain_id: int) -> Chain:
        """Raises Unavailable."""
        raise Unavailable(f"Chain {chain_id} is not set up here.")

    def keys(self, chain_id: int) -> ChainKeys:
        """Raises Unavailable."""
        raise Unavailable(f"Chain {chain_id} is not set up here.")

    async def check(self) -> None:
        """Has nothing to compare."""

    async def close(self) -> None:
        """Has nothing to close."""


def chains_of(settings: Settings) -> ClosingChains:
    """Returns the chains of the settings. Raises ChainMismatch for what can be no chain, or no key of it."""
    if not settings.chains:
        return NoChains()
    from app.adapters.chain.chains import ConfiguredChains  # signing takes a while to import

    return ConfiguredChains(settings.chains)


def payout_rules_of(settings: Settings) -> PayoutRules:
    """Returns what a payout must keep to."""
    return PayoutRules(
        least_units=settings.payout_units_least, payout_units_max=settings.payout_units_max,
        day_units_max=settings.payout_day_units_max, batch_units_max=settings.payout_batch_units_max,
    )  # fmt: skip


@dataclass(frozen=True)
class Settlement:
    """What one process does with chains. `settings` are asked anew, `site` is this instance's own address."""

    settings: Callable[[], Settings]
    desk: Desk
    site: str

    @cached_property
    def chains(self) -> ClosingChains:
        """The chains of the settings."""
        return chains_of(self.settings())

    @cached_property
    def signatures(self) -> WalletSignatures:
        """Reads signatures of people's wallets."""
        from app.adapters.chain.keys import Wallets  # signing takes a while to import

        return Wallets()

    @property
    def rules(self) -> PayoutRules:
        """What a payout must keep to now."""
        return payout_rules_of(self.settings())

    @cached_property
    def test_wallet(self) -> TestWallet | None:
        """The demo's test wallet, None where there is no dev chain."""
        dev = [chain.rules for chain in self.chains.all() if chain.rules.id == DEV_CHAIN_ID]
        if not dev or not self.settings().is_demo:
            return None
        from app.adapters.chain.dev.wallet import DevWallet  # only the demo has one

        return DevWallet(dev[0].rpc_urls[0], dev[0].token)

    @cached_property
    def deposits(self) -> Deposits:
        """What comes in on every chain."""
        return Deposits(self.chains, self.desk)

    @property
    def ethereum_sign_in(self) -> EthereumSignIn:
        """What lets people in by a signature. Raises NotFound where no chain is configured."""
        found = sorted((chain.rules.is_test, chain.rules.id) for chain in self.chains.all())
        if not found:
            raise NotFound("There is nothing here.")
        return EthereumSignIn(self.signatures, found[0][1], self.site)

    @cached_property
    def pace(self) -> Pace:
        """How often each person may have chains asked."""
        return Pace()

    @cached_property
    def signed_topups(self) -> SignedTopups:
        """What people do to pay in by a signature."""
        return SignedTopups(self.chains, self.signatures, self.desk, self.pace)

    @cached_property
    def sweeps(self) -> Sweeps:
        """What moves deposits to treasuries."""
        return Sweeps(self.chains, self.desk)

    @cached_property
    def rails(self) -> Sequence[ChainPayouts]:
        """The way out by each chain."""
        return [
            ChainPayouts(chain, self.chains.keys(chain.rules.id), self.desk, rules=lambda: self.rules)
            for chain in self.chains.all()
        ]

    @property
    def reserves(self) -> Reserves:
        """What stands on every chain against what is owed."""
        return Reserves(self.rails, self.desk)

    @property
    def addresses(self) -> PayoutAddresses:
        """What people do about the addresses of their payouts."""
        host = urlsplit(self.site).netloc
        return PayoutAddresses(self.chains, self.signatures, self.rules, self.desk, host, self.pace)

    def rail(self, chain_id: int) -> ChainPayouts:
        """Returns the way out by a chain. Raises Unavailable for one that is not configured."""
        self.chains.reach(chain_id)
        return next(rail for rail in self.rails if rail.chain.rules.id == chain_id)

    async def close(self) -> None:
        """Closes what was opened."""
        if "chains" in self.__dict__:
            await self.chains.close()

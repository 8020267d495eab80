"""A wallet's address on a chain is the same for ever, or nothing is taken in."""

from dataclasses import replace

import pytest

from app.adapters.chain import abi
from app.adapters.chain.contracts import forwarders
from app.adapters.chain.dev.chain import DevChain
from app.domain.errors import Refused
from app.flows.settlement.addresses import check_addresses, open_address
from app.ports.chain.values import ChainMismatch
from tests.support.depositing import depositing
from tests.support.managing import person

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def test_an_address_is_the_factorys_and_stays(database: str, dev_chain: DevChain) -> None:
    async with depositing(dev_chain) as at:
        ada, bob = person("ada@example.org"), person("bob@example.org")
        address = await at.address_of(ada)
        assert await at.address_of(ada) == address != await at.address_of(bob)
        assert abi.checksummed(address) == address
        await check_addresses(at.chain)


async def test_addresses_of_another_factory_stop_the_start(database: str, dev_chain: DevChain) -> None:
    async with depositing(dev_chain) as at:
        await check_addresses(at.chain)
        await at.address_of(person("ada@example.org"))
        at.chain.rules = replace(at.chain.rules, factory=forwarders.factory_of(dev_chain.node.accounts[6]))
        with pytest.raises(ChainMismatch, match="Put the treasury's key back"):
            await check_addresses(at.chain)


async def test_a_chain_without_a_factory_takes_nothing(database: str, dev_chain: DevChain) -> None:
    async with depositing(dev_chain) as at:
        at.chain.rules = replace(at.chain.rules, factory="")
        with pytest.raises(Refused, match="No deposits are taken on Dev chain"):
            await open_address(at.chain, person("ada@example.org"))

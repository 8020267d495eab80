"""Deposits are moved to the treasury by one transaction at a time, and the books do not notice."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.adapters.chain.chains import EvmChain
from app.adapters.chain.contracts import forwarders
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import GAS, KEYS, TEST_WALLET, TREASURY
from app.adapters.chain.keys import LocalSigner
from app.flows.events.mails import Desk
from app.flows.settlement.looking import least_coins
from app.flows.settlement.sending import Sender
from app.flows.settlement.sweeping import Sweeps
from app.ports.chain.signer import ChainKeys
from app.wiring.settlement import NoChains
from tests.support.depositing import depositing
from tests.support.managing import person
from tests.support.settling import GAS_KEY, bring

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class One(NoChains):
    """Chains of which there is one, with its keys."""

    def __init__(self, chain: EvmChain, treasury: int = TREASURY) -> None:
        self._chain, self._treasury = chain, treasury

    def all(self) -> Sequence[EvmChain]:
        return [self._chain]

    def keys(self, chain_id: int) -> ChainKeys:
        treasury, gas = (LocalSigner.of_key(KEYS[one], chain_id) for one in (self._treasury, GAS))
        return ChainKeys(treasury, gas)


@pytest.mark.unhurried
async def test_what_came_in_goes_to_the_treasury_once(database: str, dev_chain: DevChain) -> None:
    async with depositing(dev_chain) as at:
        sweeps = Sweeps(One(at.chain), Desk(at.mailbox, frozenset()))
        assert await sweeps.sweep_all() == 0
        for name, units in (("ada", 5_000_000), ("bob", 7)):
            dev_chain.mint(await at.address_of(person(f"{name}@example.org")), units)
        await at.read_final()
        assert await sweeps.sweep_all() == 2
        assert await sweeps.sweep_all() == 0  # it is on its way
        await at.read_final()
        assert await sweeps.sweep_all() == 0
        assert dev_chain.balance(dev_chain.node.accounts[TREASURY]) == 5_000_007
        assert at.units_of(person("ada@example.org")) == 5_000_000
        at.check_books(5_000_007)


async def test_a_sweep_hides_no_transaction_that_is_not_ours(database: str, dev_chain: DevChain) -> None:
    async with depositing(dev_chain) as at:
        chains, desk = One(at.chain), Desk(at.mailbox, frozenset())
        sweeps, sender = Sweeps(chains, desk), Sender(at.chain, GAS_KEY, desk)
        await sweeps.sweep_all()
        await bring(at.chain, dev_chain, at.chain.nothing(GAS_KEY.address), GAS_KEY)  # by a thief with the key
        dev_chain.mint(await at.address_of(person("ada@example.org")), 5_000_000)
        await at.read_final()
        for _ in range(3):
            assert await sweeps.sweep_all() == 0
            dev_chain.node.finalize()
        assert await sender.count_foreign(await at.chain.finalized()) == 1


@pytest.mark.parametrize("why", ["paused", "blocked", "address blocked", "little gas"])
async def test_a_sweep_that_could_only_fail_or_would_take_payouts_their_gas_is_not_sent(
    database: str, dev_chain: DevChain, why: str
) -> None:
    """Each of them would burn gas again and again, and its number would stand before those of payouts."""
    async with depositing(dev_chain) as at:
        sweeps, node = Sweeps(One(at.chain), Desk(at.mailbox, frozenset())), dev_chain.node
        address = await at.address_of(person("ada@example.org"))
        dev_chain.mint(address, 5_000_000)
        await at.read_final()
        if why == "paused":
            dev_chain.call("pause()")
        elif "blocked" in why:
            dev_chain.call("blacklist(address)", address if why == "address blocked" else node.accounts[TREASURY])
        else:
            node.ask("anvil_setBalance", GAS_KEY.address, hex(2 * least_coins(at.chain) - 1))
        node.finalize()
        count = node.ask("eth_getTransactionCount", GAS_KEY.address, "pending")
        assert await sweeps.sweep_all() == 0
        assert node.ask("eth_getTransactionCount", GAS_KEY.address, "pending") == count
        if why == "little gas":
            node.ask("anvil_setBalance", GAS_KEY.address, hex(2 * least_coins(at.chain)))
            node.finalize()
            assert await sweeps.sweep_all() == 1


async def test_the_first_sweep_of_a_chain_puts_the_factory_there(database: str, dev_chain: DevChain) -> None:
    """On a new chain nobody else does: sweeps would succeed, move nothing, and be sent again for ever."""
    async with depositing(dev_chain) as at:
        treasury = dev_chain.node.accounts[TEST_WALLET]
        at.chain.rules = replace(at.chain.rules, factory=forwarders.factory_of(treasury))
        flow = replace(at.flow, treasury=treasury)
        dev_chain.mint(await at.address_of(person("ada@example.org")), 5_000_000)
        dev_chain.node.finalize()
        assert await flow.read() == 1
        sweeps = Sweeps(One(at.chain, TEST_WALLET), Desk(at.mailbox, frozenset()))
        assert await sweeps.sweep_all() == 0 and await sweeps.sweep_all() == 0
        dev_chain.node.mine(3)
        assert dev_chain.node.has_code(at.chain.rules.factory)
        assert await sweeps.sweep_all() == 1
        dev_chain.node.mine(3)
        assert dev_chain.balance(treasury) == 5_000_000

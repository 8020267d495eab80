"""A person pays into their wallet on a chain, in the demo from a test wallet."""

from collections.abc import Sequence

import pytest

from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.wallet import DevWallet
from app.adapters.chain.keys import Wallets
from app.domain.errors import BadField, NotFound
from app.domain.money import Environment
from app.flows.cards.pace import Pace
from app.flows.events.mails import Desk
from app.flows.settlement.paying_in import (
    Hindrance,
    find_hindrance,
    open_addresses,
    pay_from_test_wallet,
    sign_with_test_wallet,
)
from app.flows.settlement.signed.topups import SignedTopups
from app.ports.chain.signer import ChainKeys
from app.ports.chain.values import Block, ChainUnavailable
from app.wiring.settlement import NoChains
from tests.support.depositing import depositing
from tests.support.managing import person
from tests.support.scripted_chain import ToyChain
from tests.support.settling import GAS_KEY, TREASURY_KEY

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SANDBOX = Environment.SANDBOX


class One(NoChains):
    """Chains of which there is one."""

    def __init__(self, chain: EvmChain) -> None:
        self._chain = chain

    def of(self, environment: Environment) -> Sequence[EvmChain]:
        return [self._chain] if environment is SANDBOX else []

    def reach(self, chain_id: int) -> EvmChain:
        return self._chain

    def keys(self, chain_id: int) -> ChainKeys:
        return ChainKeys(TREASURY_KEY, GAS_KEY)


@pytest.mark.unhurried
async def test_what_the_test_wallet_pays_is_credited(database: str, dev_chain: DevChain) -> None:
    async with depositing(dev_chain) as at:
        ada, chains = person("ada@example.org"), One(at.chain)
        (place,) = await open_addresses(chains, ada, SANDBOX)
        assert (place.chain_name, place.address) == ("Dev chain", await at.address_of(ada))
        assert list(await open_addresses(chains, ada, Environment.LIVE)) == []
        wallet = DevWallet(dev_chain.node.url, dev_chain.token)
        await pay_from_test_wallet(wallet, chains, ada, SANDBOX, " 2.50 ")
        await at.read_final()
        assert at.units_of(ada) == 2_500_000


@pytest.mark.unhurried
async def test_what_keeps_usdc_from_arriving_is_said(database: str, dev_chain: DevChain) -> None:
    async with depositing(dev_chain) as at:
        ada = person("ada@example.org")
        address = await at.address_of(ada)
        assert await find_hindrance(ada, Pace(), at.chain, address) is None
        dev_chain.call("blacklist(address)", address)
        dev_chain.node.finalize()
        assert await find_hindrance(ada, Pace(), at.chain, address) is Hindrance.BLOCKED
        dev_chain.call("pause()")
        dev_chain.node.finalize()
        assert await find_hindrance(ada, Pace(), at.chain, address) is Hindrance.PAUSED


async def test_a_chain_is_asked_for_nobody_without_end(database: str) -> None:
    ada, pace, chain = person("ada@example.org"), Pace(), ToyChain()
    for _ in range(30):
        assert await find_hindrance(ada, pace, chain, "0xAda") is None
    assert chain.asked == 3 * 20


async def test_a_chain_that_does_not_answer_keeps_nobody_from_their_address(database: str) -> None:
    class Away(ToyChain):
        async def finalized(self) -> Block:
            raise ChainUnavailable("Nobody answers.")

    assert await find_hindrance(person("ada@example.org"), Pace(), Away(), "0xAda") is None


async def test_without_a_test_wallet_or_an_amount_nothing_is_paid(database: str, dev_chain: DevChain) -> None:
    async with depositing(dev_chain) as at:
        ada, wallet = person("ada@example.org"), DevWallet(dev_chain.node.url, dev_chain.token)
        for held, chains in ((None, One(at.chain)), (wallet, NoChains())):
            with pytest.raises(NotFound, match="no test wallet"):
                await pay_from_test_wallet(held, chains, ada, SANDBOX, "10")
        with pytest.raises(BadField):
            await pay_from_test_wallet(wallet, One(at.chain), ada, SANDBOX, "many")


@pytest.mark.unhurried
async def test_what_the_test_wallet_signs_is_credited(database: str, dev_chain: DevChain) -> None:
    async with depositing(dev_chain) as at:
        ada, wallet = person("ada@example.org"), DevWallet(dev_chain.node.url, dev_chain.token)
        topups = SignedTopups(One(at.chain), Wallets(), Desk(at.mailbox, frozenset()))
        await sign_with_test_wallet(wallet, topups, ada, SANDBOX, " 2.50 ")
        dev_chain.node.mine()
        await at.read_final()
        assert at.units_of(ada) == 2_500_000
        for held, environment in ((None, SANDBOX), (wallet, Environment.LIVE)):
            with pytest.raises(NotFound, match="no test wallet"):
                await sign_with_test_wallet(held, topups, ada, environment, "10")

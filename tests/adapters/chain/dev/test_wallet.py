"""The test wallet pays what it is asked to, however often."""

from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TEST_WALLET
from app.adapters.chain.dev.wallet import FAUCET_UNITS, DevWallet


async def test_it_is_never_empty(dev_chain: DevChain) -> None:
    payee, wallet = dev_chain.node.accounts[6], DevWallet(dev_chain.node.url, dev_chain.token)
    for _ in range(2):
        await wallet.pay(payee, 10_000_000)
    assert dev_chain.balance(payee) == 20_000_000
    assert dev_chain.balance(dev_chain.node.accounts[TEST_WALLET]) == FAUCET_UNITS - 10_000_000

"""A dev chain with money on it."""

from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TEST_WALLET


def test_money_is_made_and_moves(dev_chain: DevChain) -> None:
    payer, payee = dev_chain.node.accounts[TEST_WALLET], dev_chain.node.accounts[6]
    dev_chain.mint(payer, 25_000_000)
    receipt = dev_chain.call("transfer(address,uint256)", payee, 5_000_001, sender=payer)
    assert len(receipt["logs"]) == 1
    assert (dev_chain.balance(payer), dev_chain.balance(payee)) == (19_999_999, 5_000_001)


def test_the_bridged_token_is_another_one(dev_chain: DevChain) -> None:
    holder = dev_chain.node.accounts[6]
    dev_chain.mint(holder, 7, token=dev_chain.bridged_token)
    assert (dev_chain.balance(holder), dev_chain.balance(holder, dev_chain.bridged_token)) == (0, 7)
    assert dev_chain.node.read(dev_chain.bridged_token, "symbol()", "string") == "USDC.e"


def test_each_test_begins_with_the_chain_as_it_was_deployed(dev_chain: DevChain) -> None:
    assert dev_chain.balance(dev_chain.node.accounts[6]) == 0
    assert dev_chain.balance(dev_chain.node.accounts[TEST_WALLET]) == 0

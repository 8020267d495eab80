"""The node of a dev chain."""

import pytest

from app.adapters.chain import abi
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.contracts import MULTICALL
from app.adapters.chain.dev.node import CHAIN_ID, KEYS, TEST_WALLET, TREASURY
from app.domain.errors import Unavailable


def test_a_block_is_final_two_blocks_later(dev_chain: DevChain) -> None:
    node = dev_chain.node
    head = int(node.ask("eth_blockNumber"), 16)
    assert int(node.ask("eth_chainId"), 16) == CHAIN_ID
    assert int(node.ask("eth_getBlockByNumber", "finalized", False)["number"], 16) == head - 2
    node.finalize()
    assert int(node.ask("eth_getBlockByNumber", "finalized", False)["number"], 16) == head


def test_what_is_undone_is_said(dev_chain: DevChain) -> None:
    node = dev_chain.node
    poor = node.accounts[TEST_WALLET]
    call = abi.call_data("transfer(address,uint256)", node.accounts[TREASURY], 1)
    with pytest.raises(Unavailable, match="undid the transaction"):
        node.transact(dev_chain.token, call, poor)
    with pytest.raises(Unavailable, match="eth_nonsense"):
        node.ask("eth_nonsense")


def test_keys_are_those_of_its_accounts(dev_chain: DevChain) -> None:
    assert len(KEYS) <= len(dev_chain.node.accounts)
    assert dev_chain.node.accounts[0] == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"  # as Anvil prints it


def test_there_is_code_where_a_contract_is(dev_chain: DevChain) -> None:
    assert dev_chain.node.has_code(MULTICALL)
    assert not dev_chain.node.has_code(dev_chain.node.accounts[0])

"""Nodes that lie, lag, vanish or are another chain's: none is believed alone, and what was wrong is counted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.known import MULTICALL, MULTICALL_HASH
from app.ports.chain.values import ChainMismatch, ChainRules, ChainUnavailable
from tests.support.settling import TREASURY_KEY, answers, nonce_of, rules_of, silent, through


async def test_the_dev_chain_is_what_it_is_configured_to_be(chain: EvmChain) -> None:
    await chain.check()
    (node,) = chain.health()
    assert (node.failed, node.disagreed, node.said) == (0, 0, "")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"id": 137}, "is chain 31337"),
        ({"token_name": "USDC"}, "is no 'USDC'"),
        ({"token": MULTICALL}, "is no"),
        ({"token": TREASURY_KEY.address}, "is no"),
        ({"code_hashes": ((MULTICALL, MULTICALL_HASH),)}, "the code at"),
        ({"nodes_min": 2}, "needs 2 nodes"),
    ],
)
async def test_a_chain_that_is_another_one_is_refused(
    dev_chain: DevChain, make: Callable[[ChainRules], EvmChain], wrong: dict[str, Any], says: str
) -> None:
    other = make(replace(rules_of(dev_chain), **wrong))
    with pytest.raises(ChainMismatch, match=says):
        await other.check()


async def test_a_node_of_another_chain_is_refused_at_start_and_never_asked_later(dev_chain: DevChain) -> None:
    async with through(dev_chain, good=None, bad=answers("eth_chainId", "0x89")) as chain:
        with pytest.raises(ChainMismatch, match="bad is chain 137"):
            await chain.check()
    # Whoever was away at the start is asked who it is before anything else.
    async with through(dev_chain, one=None, two=None, bad=answers("eth_chainId", "0x89")) as chain:
        await chain.finalized()
        bad = chain.health()[2]
        assert (bad.failed, bad.head) == (2, 0)
        assert "chain 137" in bad.said


async def test_a_node_that_serves_another_block_stops_everything(dev_chain: DevChain) -> None:
    def orphaned(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] == "eth_getBlockByNumber":
            said["result"]["hash"] = nonce_of("orphan")
        return said

    async with through(dev_chain, good=None, bad=orphaned) as chain:
        with pytest.raises(ChainUnavailable, match="disagree on block"):
            await chain.finalized()
    async with through(dev_chain, one=None, two=None, bad=orphaned) as chain:
        assert (await chain.finalized()).hash != nonce_of("orphan")
        assert [node.disagreed for node in chain.health()] == [0, 0, 1]


async def test_a_node_that_lags_holds_up_nobody_while_two_others_agree(dev_chain: DevChain) -> None:
    lagging = answers("eth_getBlockByNumber", dev_chain.node.ask("eth_getBlockByNumber", "0x1", False), "finalized")
    head = int(dev_chain.node.ask("eth_blockNumber"), 16)
    async with through(dev_chain, one=None, two=None, three=lagging) as chain:
        assert (await chain.finalized()).number == head - 2
    async with through(dev_chain, one=None, two=lagging) as chain:
        assert (await chain.finalized()).number == 1


async def test_a_node_that_runs_ahead_is_not_followed(dev_chain: DevChain) -> None:
    def ahead(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] == "eth_getBlockByNumber":
            said["result"] = {"number": hex(2**40), "hash": nonce_of("future"), "timestamp": hex(2**40)}
        return said

    head = int(dev_chain.node.ask("eth_blockNumber"), 16)
    async with through(dev_chain, one=None, two=None, three=ahead) as chain:
        assert (await chain.finalized()).number == head - 2
        assert (await chain.head()).number == head


async def test_one_node_is_not_enough_where_two_must_agree(dev_chain: DevChain) -> None:
    async with through(dev_chain, good=None, gone=silent) as chain:
        with pytest.raises(ChainUnavailable, match="1 nodes of Dev chain answer, and 2 are needed"):
            await chain.finalized()
        with pytest.raises(ChainUnavailable, match="and 2 are needed"):
            await chain.check()
        gone = chain.health()[1]
        assert gone.failed == gone.asked > 0
        assert "does not answer" in gone.said


@pytest.mark.unhurried
async def test_nodes_that_disagree_on_money_are_not_believed(dev_chain: DevChain) -> None:
    dev_chain.mint(TREASURY_KEY.address, 9_000_000)
    lies = answers("eth_getTransactionCount", "0x63")
    async with through(dev_chain, good=None, bad=lies) as chain:
        with pytest.raises(ChainUnavailable, match="disagree on eth_getTransactionCount"):
            await chain.transaction_count(TREASURY_KEY.address, await chain.head())
    async with through(dev_chain, one=lies, two=lies, three=None, four=None) as chain:
        with pytest.raises(ChainUnavailable, match="disagree"):
            await chain.transaction_count(TREASURY_KEY.address, await chain.head())


@pytest.mark.unhurried
async def test_two_nodes_of_one_provider_are_one_voice(dev_chain: DevChain) -> None:
    lies = answers("eth_getTransactionCount", "0x63")
    alike: dict[str, Any] = {"a.same.example": lies, "b.same.example": lies}
    async with through(dev_chain, **alike, good=None) as chain:
        with pytest.raises(ChainUnavailable, match="disagree on eth_getTransactionCount"):
            await chain.transaction_count(TREASURY_KEY.address, await chain.head())
    async with through(dev_chain, **alike, good=None, other=None) as chain:
        assert await chain.transaction_count(TREASURY_KEY.address, await chain.head()) == 0
        assert [node.disagreed for node in chain.health()] == [1, 1, 0, 0]

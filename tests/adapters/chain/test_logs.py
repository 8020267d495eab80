"""Logs of a range, asked for in parts that a node takes; and a node that does not know the range's end."""

import re
from dataclasses import replace
from typing import Any

import pytest

from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.logs import is_used, position_of
from app.adapters.chain.rpc import Node
from app.ports.chain.values import ChainUnavailable
from tests.support.settling import Change, address_of, refuses, through

PAYEES = [address_of(f"payee {number}") for number in range(10)]


def limited(blocks_max: int, asked_for: list[tuple[int, int]]) -> Change:
    """A node that takes so many blocks at most, and writes down what it answered."""

    def change(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] != "eth_getLogs":
            return said
        first, last = (int(asked["params"][0][key], 16) for key in ("fromBlock", "toBlock"))
        if last - first + 1 > blocks_max:
            no = {"code": -32_005, "message": f"block range is too large, max {blocks_max}"}
            return {"jsonrpc": "2.0", "id": said["id"], "error": no}
        asked_for.append((first, last))
        return said

    return change


async def units_of(chain: EvmChain, dev: DevChain, blocks: range) -> list[int]:
    return [one.units for one in await chain.transfers(blocks, [dev.token], None, PAYEES)]


@pytest.mark.unhurried
async def test_a_range_that_a_node_finds_too_long_is_asked_for_in_halves_that_do_not_overlap(
    dev_chain: DevChain,
) -> None:
    for number, payee in enumerate(PAYEES):
        dev_chain.mint(payee, number + 1)
    head = int(dev_chain.node.ask("eth_blockNumber"), 16)
    asked_for: list[tuple[int, int]] = []
    async with through(dev_chain, one=limited(3, asked_for), two=None) as chain:
        assert await units_of(chain, dev_chain, range(head + 1)) == list(range(1, 11))
    covered = [number for first, last in asked_for for number in range(first, last + 1)]
    assert covered == list(range(head + 1))


@pytest.mark.unhurried
async def test_a_range_is_never_asked_for_in_more_than_the_chain_allows(chain: EvmChain, dev_chain: DevChain) -> None:
    for number, payee in enumerate(PAYEES):
        dev_chain.mint(payee, number + 1)
    head = int(dev_chain.node.ask("eth_blockNumber"), 16)
    chain.rules = replace(chain.rules, log_blocks_max=4)
    assert await units_of(chain, dev_chain, range(head + 1)) == list(range(1, 11))


@pytest.mark.parametrize(
    "message", ["rate limit exceeded", "method not found", "query returned more than 10000 results"]
)
async def test_a_node_that_refuses_for_another_reason_or_even_one_block_concludes_nothing(
    dev_chain: DevChain, message: str
) -> None:
    dev_chain.mint(PAYEES[0], 5)
    async with through(dev_chain, good=None, bad=refuses("eth_getLogs", message)) as chain:
        with pytest.raises(ChainUnavailable, match="1 nodes"):
            await units_of(chain, dev_chain, range(8))


async def test_a_range_past_the_head_is_not_known(chain: EvmChain, dev_chain: DevChain) -> None:
    head = int(dev_chain.node.ask("eth_blockNumber"), 16)
    with pytest.raises(ChainUnavailable):
        await units_of(chain, dev_chain, range(head + 2))


def test_a_log_that_its_receipt_does_not_have_is_no_log(dev_chain: DevChain) -> None:
    log = {"logIndex": "0x5", "topics": ["0xa"], "data": "0x", "transactionHash": "0xcafe"}
    node = Node("http://node.test", None)  # type: ignore[arg-type]
    assert position_of(node, log, [{**log, "logIndex": "0x4"}, log]) == 1
    for receipt in ([], [{**log, "logIndex": "0x4"}], [{**log, "data": "0x01"}]):
        with pytest.raises(ChainUnavailable, match=re.escape("not in the receipt of 0xcafe")):
            position_of(node, log, receipt)
    assert not is_used(log, dev_chain.token)

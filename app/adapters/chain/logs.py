"""Logs of a token, as one node tells them: every one of a range of blocks that it knows to the end, or none at all.

A node behind the range's end answers `eth_getLogs` with an empty list and no error (go-ethereum#24078), so it must
first show the last block. A range that it finds too long is asked for in halves that do not overlap.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from app.adapters.chain import abi
from app.adapters.chain.rpc import Node, is_range_error
from app.adapters.chain.said import block_said, whole
from app.ports.chain.values import ChainRefused, ChainUnavailable

USED = abi.hash_of(b"AuthorizationUsed(address,bytes32)")
CANCELED = abi.hash_of(b"AuthorizationCanceled(address,bytes32)")
TRANSFERRED = abi.hash_of(b"Transfer(address,address,uint256)")
RECEIPTS_AT_ONCE = 8

Log = Mapping[str, Any]
Topics = Sequence[str | Sequence[str] | None]


async def read_logs(
    node: Node, tokens: Sequence[str], topics: Topics, blocks: range, blocks_max: int
) -> tuple[str, list[Log]]:
    """Returns the hash of a range's last block, and all logs of it in the chain's order.

    Raises ChainUnavailable where the node does not know all of it.
    """
    last = block_said(await node.ask("eth_getBlockByNumber", hex(blocks[-1]), False), str(blocks[-1]))
    found: list[Log] = []
    spans = [range(at, min(at + blocks_max, blocks.stop)) for at in range(blocks.start, blocks.stop, blocks_max)]
    while spans:
        span = spans.pop(0)
        wanted = {
            "address": list(tokens), "topics": list(topics), "fromBlock": hex(span.start), "toBlock": hex(span.stop - 1)
        }  # fmt: skip
        try:
            logs = await node.ask("eth_getLogs", wanted)
        except ChainRefused as error:
            if not is_range_error(error.message) or len(span) < 2:
                raise ChainUnavailable(error.message) from error
            middle = (span.start + span.stop) // 2
            spans = [range(span.start, middle), range(middle, span.stop), *spans]
            continue
        found += [log for log in _listed(node, logs) if not log.get("removed")]
    return last.hash, found


def _listed(node: Node, logs: object) -> Sequence[Log]:
    if not isinstance(logs, list) or not all(isinstance(log, dict) for log in logs):
        raise ChainUnavailable(f"{node.name} answers eth_getLogs with no list of logs.")
    return logs


async def read_receipts(node: Node, logs: Sequence[Log]) -> Mapping[str, Sequence[Log]]:
    """Returns all logs of the receipt of each transaction that is named. Raises ChainUnavailable where one differs."""
    wanted = {str(log["transactionHash"]): str(log["blockHash"]) for log in logs}
    limit = asyncio.Semaphore(RECEIPTS_AT_ONCE)

    async def read(transaction: str, block_hash: str) -> Sequence[Log]:
        async with limit:
            receipt = await node.ask("eth_getTransactionReceipt", transaction)
        if not isinstance(receipt, dict) or receipt.get("blockHash") != block_hash:
            raise ChainUnavailable(f"{node.name} shows logs of {transaction}, and no receipt of it in that block.")
        return _listed(node, receipt.get("logs"))

    receipts = await asyncio.gather(*(read(*item) for item in wanted.items()))
    return dict(zip(wanted, receipts, strict=True))


def position_of(node: Node, log: Log, receipt: Sequence[Log]) -> int:
    """Returns the position of a log within its receipt, which a re-org does not change, as `logIndex` does."""
    for position, other in enumerate(receipt):
        if whole(other.get("logIndex")) == whole(log.get("logIndex")):
            if (other.get("topics"), other.get("data")) == (log.get("topics"), log.get("data")):
                return position
    raise ChainUnavailable(f"{node.name} shows a log that is not in the receipt of {log.get('transactionHash')}.")


def is_used(log: Log, token: str, payer_topic: str | None = None) -> bool:
    """Tells whether a log says that an authorization was used, of that payer if one is given."""
    topics = log.get("topics") or [""]
    is_of_token = str(log.get("address")).lower() == token.lower() and topics[0] == USED
    return is_of_token and (payer_topic is None or topics[1] == payer_topic)

"""Transfers of tokens as one node tells them, each with its place in its receipt and the authorization it used."""

from collections.abc import Mapping, Sequence

from app.adapters.chain import abi
from app.adapters.chain.logs import TRANSFERRED, Log, Topics, is_used, position_of, read_logs, read_receipts
from app.adapters.chain.rpc import Node
from app.adapters.chain.said import whole
from app.ports.chain.values import ChainRules, ChainUnavailable, Transfer

ADDRESSES_MAX = 400
"""Addresses in one question: nodes refuse filters of many thousand."""
WHOLE_BLOCKS_MAX = 20
"""Of so few blocks all transfers of the tokens are read where the addresses need more than one question: who looks each
second asks once, however many addresses there are. Of more blocks that would be too many transfers of others."""


async def read_transfers(
    node: Node, rules: ChainRules, blocks: range, tokens: Sequence[str], payer: str | None, payees: Sequence[str] | None
) -> tuple[str, tuple[Transfer, ...]]:
    """Returns the hash of a range's last block, and the transfers in it, in the chain's order.

    Raises ChainUnavailable where the node does not know all of it.
    """
    known = {token.lower(): token for token in tokens}
    last, found = "", list[Log]()
    wanted = None if payees is None else {abi.word(payee) for payee in payees}
    for topics in _topics(payer, payees, len(blocks)):
        last, logs = await read_logs(node, tokens, topics, blocks, rules.log_blocks_max)
        found += [
            log for log in logs
            if _is_transfer(log, known, topics) and (wanted is None or log["topics"][2] in wanted)
            and whole(log["data"]) > 0
        ]  # fmt: skip
    receipts = await read_receipts(node, found)
    transfers = [_transfer(node, log, receipts[str(log["transactionHash"])], known) for log in found]
    if any(transfer.block not in blocks for transfer in transfers):
        raise ChainUnavailable(f"{node.name} shows logs of blocks that it was not asked for.")
    # A transaction's place in its block is in no value of ours: the log's place in the block orders them.
    order = {
        (transfer.transaction, transfer.position): whole(log["logIndex"])
        for transfer, log in zip(transfers, found, strict=True)
    }
    ordered = sorted(set(transfers), key=lambda one: (one.block, order[one.transaction, one.position]))
    return last, tuple(ordered)


def _topics(payer: str | None, payees: Sequence[str] | None, blocks: int) -> Sequence[Topics]:
    payer_topic = None if payer is None else abi.word(payer)
    if payees is None or (len(payees) > ADDRESSES_MAX and blocks <= WHOLE_BLOCKS_MAX):
        return [[TRANSFERRED, payer_topic]]
    words = [abi.word(payee) for payee in payees]
    return [
        [TRANSFERRED, payer_topic, words[start : start + ADDRESSES_MAX]]
        for start in range(0, len(words), ADDRESSES_MAX)
    ]


def _is_transfer(log: Log, tokens: Mapping[str, str], asked: Topics) -> bool:
    """A node may answer more than it was asked for; another contract's log that only looks like one never counts."""
    topics = log.get("topics") or []
    if str(log.get("address")).lower() not in tokens or len(topics) != 3 or topics[0] != TRANSFERRED:
        return False
    return all(want is None or said == want or said in want for want, said in zip(asked[1:], topics[1:], strict=False))


def _transfer(node: Node, log: Log, receipt: Sequence[Log], tokens: Mapping[str, str]) -> Transfer:
    position = position_of(node, log, receipt)
    token, topics = tokens[str(log["address"]).lower()], log["topics"]
    # The token says which authorization it used right before the transfer that it made of it (EIP3009.sol).
    before = receipt[position - 1] if position else None
    uses = before is not None and is_used(before, token, topics[1])
    return Transfer(
        token=token,
        payer=abi.address_in(topics[1]),
        payee=abi.address_in(topics[2]),
        units=whole(log["data"]),
        block=whole(log["blockNumber"]),
        block_hash=str(log["blockHash"]),
        transaction=str(log["transactionHash"]),
        position=position,
        nonce=str(before["topics"][2]) if before is not None and uses else None,
    )

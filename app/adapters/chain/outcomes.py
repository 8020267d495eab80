"""What became of authorizations, from the token's own state and logs at one block, as one node tells them.

The state says only that a nonce is spent (`authorizationState` is true for one that was used and one that was
cancelled), so each spent one must be found in the logs; a node that cannot show it is not believed.
"""

from collections.abc import Mapping, Sequence

from app.adapters.chain import abi
from app.adapters.chain.logs import CANCELED, TRANSFERRED, USED, Log, is_used, position_of, read_logs, read_receipts
from app.adapters.chain.rpc import Node
from app.adapters.chain.said import answers_of_many, values_said, whole
from app.ports.chain.values import Block, ChainRules, ChainUnavailable, Fate, Outcome

NONCES_MAX = 100


async def read_outcomes(
    node: Node, rules: ChainRules, payer: str, nonces: Sequence[str], since: int, block: Block
) -> dict[str, Outcome]:
    """Returns the fate of each authorization at a block. Raises ChainUnavailable where a spent one is in no log."""
    outcomes = dict.fromkeys(nonces, Outcome(Fate.OPEN))
    for start in range(0, len(nonces), NONCES_MAX):
        part = nonces[start : start + NONCES_MAX]
        if spent := await _spent(node, rules, payer, part, block):
            outcomes.update(await _found(node, rules, payer, spent, range(since, block.number + 1)))
    return outcomes


async def _spent(node: Node, rules: ChainRules, payer: str, nonces: Sequence[str], block: Block) -> Sequence[str]:
    calls = [abi.call_data("authorizationState(address,bytes32)", payer, abi.bytes_of(nonce)) for nonce in nonces]
    said = await node.ask("eth_call", many(rules, calls), at(block))
    spent = []
    for nonce, answer in zip(nonces, answers_of_many(said, len(nonces)), strict=True):
        if answer is None:
            raise ChainUnavailable(f"{node.name} cannot say whether {nonce} is spent.")
        if values_said(["bool"], answer.hex())[0]:
            spent.append(nonce)
    return spent


async def _found(node: Node, rules: ChainRules, payer: str, spent: Sequence[str], blocks: range) -> dict[str, Outcome]:
    topics = [[USED, CANCELED], abi.word(payer), list(spent)]
    _, logs = await read_logs(node, [rules.token], topics, blocks, rules.log_blocks_max)
    receipts = await read_receipts(node, logs)
    outcomes = {str(log["topics"][2]): _outcome(node, rules, log, receipts) for log in logs}
    for nonce in spent:
        if nonce not in outcomes:
            raise ChainUnavailable(f"{node.name} says that {nonce} is spent, and shows no log of it.")
    return {nonce: outcomes[nonce] for nonce in spent}


def _outcome(node: Node, rules: ChainRules, log: Log, receipts: Mapping[str, Sequence[Log]]) -> Outcome:
    transaction, block = str(log["transactionHash"]), whole(log["blockNumber"])
    receipt = receipts[transaction]
    position = position_of(node, log, receipt)
    if not is_used(log, rules.token):
        return Outcome(Fate.CANCELED, transaction, block)
    # The token writes the transfer right behind the authorization that it used (EIP3009.sol).
    moved = receipt[position + 1] if position + 1 < len(receipt) else None
    if moved is None or moved["topics"][:2] != [TRANSFERRED, log["topics"][1]] or moved["address"] != log["address"]:
        raise ChainUnavailable(f"{node.name} shows no transfer for the authorization used in {transaction}.")
    return Outcome(Fate.USED, transaction, block, abi.address_in(moved["topics"][2]), whole(moved["data"]))


def many(rules: ChainRules, calls: Sequence[str], to: str = "") -> dict[str, str]:
    """Returns the question that asks a contract, else the token, many things at once, each of which may fail alone."""
    listed = [(to or rules.token, True, abi.bytes_of(call)) for call in calls]
    return {"to": rules.multicall, "data": abi.call_data("aggregate3((address,bool,bytes)[])", listed)}


def at(block: Block) -> dict[str, object]:
    """Names a block by its hash, and asks for an error where it is none of the chain's any more (EIP-1898)."""
    return {"blockHash": block.hash, "requireCanonical": True}

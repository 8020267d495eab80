"""What became of authorizations, from the token's own state and logs at one block.

The state says only that a nonce is spent (`authorizationState` is true for one that was used and one that was
cancelled), so each spent one must be found in the logs; a node that cannot show it is not believed.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from app.adapters.chain import encoding
from app.adapters.chain.rpc import Node
from app.ports.chain.values import Block, ChainRefused, ChainRules, ChainUnavailable, Fate, Outcome

NONCES_MAX = 100


async def read_outcomes(
    node: Node, rules: ChainRules, payer: str, nonces: Sequence[str], blocks: range, block: Block
) -> dict[str, Outcome]:
    """Returns the fate of each authorization at a block. Raises ChainUnavailable where a spent one is in no log."""
    outcomes = dict.fromkeys(nonces, Outcome(Fate.OPEN))
    spent = set()
    for start in range(0, len(nonces), NONCES_MAX):
        spent |= await _spent(node, rules, payer, nonces[start : start + NONCES_MAX], block)
    if spent:
        async for log in _logs(node, rules, payer, sorted(spent), blocks):
            outcome = await _outcome(node, rules, log)
            outcomes[str(log["topics"][2])] = outcome
    lost = [nonce for nonce in spent if outcomes[nonce].fate is Fate.OPEN]
    if lost:
        raise ChainUnavailable(f"{node.name} says that {lost[0]} is spent, and shows no log of it.")
    return {nonce: outcome if nonce in spent else Outcome(Fate.OPEN) for nonce, outcome in outcomes.items()}


async def _spent(node: Node, rules: ChainRules, payer: str, nonces: Sequence[str], block: Block) -> set[str]:
    calls = [
        (rules.token, encoding.call_data("authorizationState(address,bytes32)", [payer, bytes.fromhex(nonce[2:])]))
        for nonce in nonces
    ]
    asked = {"to": rules.multicall, "data": "0x" + encoding.many(calls).hex()}
    said = await node.ask("eth_call", asked, {"blockHash": block.hash, "requireCanonical": True})
    answers = encoding.answers_of_many(bytes.fromhex(str(said)[2:]), len(nonces))
    spent = set()
    for nonce, answer in zip(nonces, answers, strict=True):
        if answer is None:
            raise ChainUnavailable(f"{node.name} cannot say whether {nonce} is spent.")
        if encoding.answered("bool", answer):
            spent.add(nonce)
    return spent


async def _logs(
    node: Node, rules: ChainRules, payer: str, nonces: Sequence[str], blocks: range
) -> AsyncIterator[Mapping[str, Any]]:
    """Yields the logs of used and cancelled nonces; a range that a node finds too long is asked for in halves."""
    spans = [
        range(start, min(start + rules.log_blocks_max, blocks.stop))
        for start in range(blocks.start, blocks.stop, rules.log_blocks_max)
    ]
    while spans:
        span = spans.pop(0)
        wanted = {
            "address": rules.token,
            "topics": [[encoding.USED, encoding.CANCELED], encoding.word(payer), list(nonces)],
            "fromBlock": hex(span.start),
            "toBlock": hex(span.stop - 1),
        }
        try:
            found = await node.ask("eth_getLogs", wanted)
        except ChainRefused as error:
            if len(span) < 2:
                raise ChainUnavailable(error.message) from error
            middle = (span.start + span.stop) // 2
            spans = [range(span.start, middle), range(middle, span.stop), *spans]
            continue
        for log in found:
            if not log.get("removed"):
                yield log


async def _outcome(node: Node, rules: ChainRules, log: Mapping[str, Any]) -> Outcome:
    transaction, block = str(log["transactionHash"]), int(str(log["blockNumber"]), 16)
    if log["topics"][0] == encoding.CANCELED:
        return Outcome(Fate.CANCELED, transaction, block)
    receipt = await node.ask("eth_getTransactionReceipt", transaction)
    logs = receipt["logs"] if isinstance(receipt, dict) else []
    place = next((number for number, other in enumerate(logs) if other["logIndex"] == log["logIndex"]), len(logs))
    # The token writes the transfer right behind the authorization that it used (EIP3009.sol).
    moved = logs[place + 1] if place + 1 < len(logs) else None
    if moved is None or moved["topics"][0] != encoding.TRANSFERRED or moved["address"].lower() != rules.token.lower():
        raise ChainUnavailable(f"{node.name} shows no transfer for the authorization used in {transaction}.")
    if moved["topics"][1] != log["topics"][1]:
        raise ChainUnavailable(f"{node.name} shows another payer's transfer in {transaction}.")
    payee, units = encoding.address_in(moved["topics"][2]), int(str(moved["data"]), 16)
    return Outcome(Fate.USED, transaction, block, payee, units)

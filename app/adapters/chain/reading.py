"""What an EVM chain says, asked through several nodes: a node alone is believed in nothing that moves money.

A question about a block names its hash, so that a node that does not know it answers with an error and never with an
older state or an empty list.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from app.adapters.chain import abi
from app.adapters.chain.nodes import Nodes
from app.adapters.chain.outcomes import at, many, read_outcomes
from app.adapters.chain.rpc import Node
from app.adapters.chain.said import answers_of_many, block_said, bytes_said, values_said, whole
from app.adapters.chain.transfers import read_transfers
from app.ports.chain.values import (
    Block,
    Call,
    ChainRules,
    ChainUnavailable,
    Fees,
    NodeHealth,
    Outcome,
    Receipt,
    Sent,
    SignedTransaction,
    Transfer,
)

FEE_BLOCKS = 20
BALANCES_MAX = 200
"""Balances asked for in one call of Multicall3."""
_IMPLEMENTATION = "0x" + abi.digest(b"org.zeppelinos.proxy.implementation").hex()
"""Where Circle's proxy keeps the contract that it leads to (`AdminUpgradeabilityProxy.sol`)."""
_ALREADY = ("already known", "already imported", "known transaction")
"""How nodes say that they have a transaction."""


class ChainReader:
    """Reads a chain over the nodes of its rules. `client` belongs to who made it."""

    def __init__(self, rules: ChainRules, client: httpx.AsyncClient) -> None:
        self.rules = rules
        self._nodes = Nodes(rules, client)

    async def check(self) -> None:
        """Raises ChainMismatch where chain, token or code are not as configured, ChainUnavailable if too few say."""
        await self._nodes.check()

    async def head(self) -> Block:
        """Returns the newest block that as many nodes have reached as must agree; one that lags is no head."""
        blocks = await self._nodes.all(lambda node: _read_block(node, "latest"))
        return sorted(blocks, key=lambda block: block.number, reverse=True)[self.rules.nodes_min - 1]

    async def finalized(self) -> Block:
        """Returns the newest block that can never be undone, on whose hash enough nodes agree."""
        depth, needed = self.rules.finality_blocks, self.rules.nodes_min
        tag = "finalized" if depth is None else "latest"
        blocks = await self._nodes.all(lambda node: _read_block(node, tag))
        # The newest that as many nodes as are needed call final; a node that lags holds up nobody else.
        number = sorted((block.number for block in blocks), reverse=True)[needed - 1]
        return await self.block(max(number - (depth or 0), 0))

    async def block(self, number: int) -> Block:
        """Returns a block of which enough nodes say the same."""
        return await self._nodes.agreed(lambda node: _read_block(node, hex(number)), f"block {number}")

    async def transfers(
        self, blocks: range, tokens: Sequence[str], payer: str | None = None, payees: Sequence[str] | None = None
    ) -> Sequence[Transfer]:
        """Returns all transfers of some tokens in a range of blocks, by payer, payee or both, in the chain's order."""
        if not blocks or payees == []:
            return ()
        _, found = await self._nodes.agreed(
            lambda node: read_transfers(node, self.rules, blocks, tokens, payer, payees),
            f"transfers in blocks {blocks[0]} to {blocks[-1]}",
        )
        return found

    async def balances(self, addresses: Sequence[str], block: Block) -> Mapping[str, int]:
        """Returns what each address holds of the token at a block."""
        found: dict[str, int] = {}
        for start in range(0, len(addresses), BALANCES_MAX):
            part = addresses[start : start + BALANCES_MAX]
            question = many(self.rules, [abi.call_data("balanceOf(address)", address) for address in part])
            answers = answers_of_many(await self._agreed("eth_call", question, at(block)), len(part))
            for address, answer in zip(part, answers, strict=True):
                (found[address],) = values_said(["uint256"], (answer or b"").hex())
        return found

    async def coins(self, address: str, block: Block) -> int:
        """Returns what an address holds of the chain's own coin, in wei, at a block."""
        return whole(await self._agreed("eth_getBalance", address, at(block)))

    async def is_blocked(self, address: str, block: Block) -> bool:
        """Tells whether the token's issuer blocks an address at a block."""
        return bool(await self._token(block, "bool", "isBlacklisted(address)", address))

    async def is_paused(self, block: Block) -> bool:
        """Tells whether the token's issuer has paused all transfers at a block."""
        return bool(await self._token(block, "bool", "paused()"))

    async def has_code(self, address: str, block: Block) -> bool:
        """Tells whether a contract is at an address at a block, or an account that one stands for (EIP-7702)."""
        return bool(bytes_said(await self._agreed("eth_getCode", address, at(block))))

    async def implementation(self, block: Block) -> str:
        """Returns the contract that the token's proxy leads to at a block; another one is an alarm."""
        said = await self._agreed("eth_getStorageAt", self.rules.token, _IMPLEMENTATION, at(block))
        return abi.address_in(abi.word(bytes_said(said).hex()))

    async def transaction_count(self, address: str, block: Block) -> int:
        """Returns how many transactions an address has sent up to a block: above our rows, a foreign sender's."""
        return whole(await self._agreed("eth_getTransactionCount", address, at(block)))

    async def outcomes(self, payer: str, nonces: Sequence[str], since: int, block: Block) -> Mapping[str, Outcome]:
        """Returns what became of each authorization of a payer as of a block; none was brought before block `since`."""
        return await self._nodes.agreed(
            lambda node: read_outcomes(node, self.rules, payer, nonces, since, block),
            f"authorizations up to block {block.number}",
        )

    async def receipt(self, transaction: str) -> Receipt | None:
        """Returns how a transaction was mined, as any one node says, None for one that none knows to be."""
        for said in await self._nodes.all(lambda node: node.ask("eth_getTransactionReceipt", transaction), 1):
            if isinstance(said, dict):
                return _receipt(said)
        return None

    async def simulate(self, call: Call, sender: str) -> None:
        """Raises ChainRefused where a call would fail now."""
        asked = {"from": sender, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(call.gas)}
        await self._nodes.first(lambda node: node.ask("eth_call", asked, "latest"))

    async def fees(self) -> Fees:
        """Returns what to offer now: twice the base fee, so that it holds for some blocks, and the usual tip."""
        rules = self.rules
        history = await self._nodes.first(lambda node: node.ask("eth_feeHistory", hex(FEE_BLOCKS), "latest", [50]))
        try:
            base = whole(history["baseFeePerGas"][-1])
            tips = sorted(whole(reward[0]) for reward in history.get("reward") or [])
        except (KeyError, IndexError, TypeError) as error:
            raise ChainUnavailable(f"{rules.name} does not say what fees are: {type(error).__name__}.") from error
        tip = min(max(tips[len(tips) // 2] if tips else 0, rules.tip_wei_min), rules.fee_wei_max)
        return Fees(fee_wei=min(2 * base + tip, rules.fee_wei_max), tip_wei=tip)

    async def send(self, transaction: SignedTransaction) -> Sent:
        """Gives a transaction to every node, and says how each took it; nothing that they say is final."""
        answers = await self._nodes.tell("eth_sendRawTransaction", "0x" + transaction.raw.hex())
        said = tuple(answer for answer in answers if answer and not any(words in answer.lower() for words in _ALREADY))
        return Sent(len(answers) - len(said), said)

    def health(self) -> Sequence[NodeHealth]:
        """Returns how each node did so far."""
        return self._nodes.health()

    async def _token(self, block: Block, kind: str, signature: str, *values: object) -> object:
        call = {"to": self.rules.token, "data": abi.call_data(signature, *values)}
        return values_said([kind], await self._agreed("eth_call", call, at(block)))[0]

    async def _agreed(self, method: str, *params: object) -> Any:
        """Returns what enough nodes say alike of one block."""
        return await self._nodes.agreed(lambda node: node.ask(method, *params), method)


async def _read_block(node: Node, which: str) -> Block:
    block = block_said(await node.ask("eth_getBlockByNumber", which, False), which)
    node.head = max(node.head, block.number)
    return block


def _receipt(said: Mapping[str, Any]) -> Receipt:
    gas_used, price = whole(said.get("gasUsed")), whole(said.get("effectiveGasPrice"))
    block, is_done = whole(said.get("blockNumber")), whole(said.get("status")) == 1
    return Receipt(block, str(said.get("blockHash")), is_done, gas_used, gas_used * price)

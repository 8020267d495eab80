"""An EVM chain asked through several nodes: a node alone is believed in nothing that moves money.

A question about a block names its hash, so that a node that does not know it answers with an error and never with an
older state or an empty list.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import httpx
import structlog

from app.adapters.chain import encoding
from app.adapters.chain.outcomes import read_outcomes
from app.adapters.chain.rpc import Node
from app.ports.chain.chain import Signer
from app.ports.chain.values import (
    Authorization,
    Block,
    Call,
    ChainMismatch,
    ChainRefused,
    ChainRules,
    ChainUnavailable,
    Fees,
    Outcome,
    Sent,
    SignedAuthorization,
    SignedTransaction,
)

log = structlog.get_logger()
Answer = TypeVar("Answer")

BATCH_MAX = 100
"""Transfers in a transaction: Polygon takes no transaction over 32 million gas (EIP-7825)."""
GAS_OF_BATCH, GAS_OF_TRANSFER = 80_000, 130_000
"""Reckoned and not asked for: a node's estimate of calls that may fail is only a floor, at which inner ones starve."""
GAS_OF_CANCEL = 150_000
FEE_BLOCKS = 20


class EvmChain:
    """A Chain over the nodes of its rules. `client` belongs to who made it."""

    def __init__(self, rules: ChainRules, client: httpx.AsyncClient) -> None:
        self.rules = rules
        self._nodes = [Node(url, client) for url in rules.rpc_urls]

    async def check(self) -> None:
        """Raises ChainMismatch where chain, token or code are not as configured, ChainUnavailable if nobody says."""
        rules = self.rules
        hosts = {node.name for node in self._nodes}
        if len(self._nodes) < rules.nodes_min or (rules.nodes_min > 1 and len(hosts) < rules.nodes_min):
            raise ChainMismatch(f"{rules.name} needs {rules.nodes_min} nodes of different providers.")
        for node in self._nodes:
            found = _whole(await node.ask("eth_chainId"))
            if found != rules.id:
                raise ChainMismatch(f"{node.name} is chain {found}, and {rules.name} is {rules.id}.")
            for address, expected in rules.code_hashes:
                if encoding.hash_of(_data(await node.ask("eth_getCode", address, "latest"))) != expected:
                    raise ChainMismatch(f"At {node.name}, the code at {address} is not what {rules.name} should have.")
            if not await self._has_token(node):
                raise ChainMismatch(f"At {node.name}, {rules.token} is no {rules.token_name!r} of chain {rules.id}.")

    async def _has_token(self, node: Node) -> bool:
        call = {"to": self.rules.token, "data": _hex(encoding.call_data("DOMAIN_SEPARATOR()", ()))}
        try:
            return _data(await node.ask("eth_call", call, "latest")) == encoding.domain_separator(self.rules)
        except ChainRefused:
            return False

    async def head(self) -> Block:
        """Returns the newest block that any node knows. Raises ChainUnavailable."""
        return max(await self._all(lambda node: _read_block(node, "latest"), 1), key=lambda block: block.number)

    async def finalized(self) -> Block:
        """Returns the newest block that can never be undone, on whose hash enough nodes agree."""
        needed, depth = self.rules.nodes_min, self.rules.finality_blocks
        if depth is None:
            blocks = await self._all(lambda node: _read_block(node, "finalized"), needed)
            numbers = [block.number for block in blocks]
        else:
            blocks = await self._all(lambda node: _read_block(node, "latest"), needed)
            numbers = [max(block.number - depth, 0) for block in blocks]
        # The newest that as many nodes as are needed call final; a node that lags holds up nobody else.
        number = sorted(numbers, reverse=True)[needed - 1]
        found = await self._all(lambda node: _read_block(node, hex(number)), needed)
        if len({block.hash for block in found}) != 1:
            raise ChainUnavailable(f"The nodes of {self.rules.name} disagree on block {number}.")
        return found[0]

    async def balance(self, address: str, block: Block) -> int:
        """Returns what an address holds of the token at a block."""
        return _number(await self._token(block, "balanceOf(address)", "uint256", address))

    async def is_blocked(self, address: str, block: Block) -> bool:
        """Tells whether the token's issuer blocks an address at a block."""
        return bool(await self._token(block, "isBlacklisted(address)", "bool", address))

    async def has_code(self, address: str, block: Block) -> bool:
        """Tells whether a contract is at an address at a block."""
        return bool(_data(await self._agreed("eth_getCode", address, _at(block))))

    async def transaction_count(self, address: str, block: Block) -> int:
        """Returns how many transactions an address has sent up to a block."""
        return _whole(await self._agreed("eth_getTransactionCount", address, _at(block)))

    async def outcomes(self, payer: str, nonces: Sequence[str], since: int, block: Block) -> dict[str, Outcome]:
        """Returns what became of each authorization of a payer as of a block; none was brought before `since`."""
        found = await self._all(
            lambda node: read_outcomes(node, self.rules, payer, nonces, range(since, block.number + 1), block),
            self.rules.nodes_min,
        )
        if any(other != found[0] for other in found[1:]):
            raise ChainUnavailable(f"The nodes of {self.rules.name} disagree on what was paid up to {block.number}.")
        return found[0]

    async def simulate(self, signed: SignedAuthorization) -> None:
        """Raises ChainRefused where the token would not make a transfer now, ChainUnavailable if nobody says."""
        call = {"to": self.rules.token, "data": _hex(encoding.transfer_data(signed))}
        await self._first(lambda node: node.ask("eth_call", call, "latest"))

    async def fees(self) -> Fees:
        """Returns what to offer now: twice the base fee, so that it holds for some blocks, and the usual tip."""
        history = await self._first(lambda node: node.ask("eth_feeHistory", hex(FEE_BLOCKS), "latest", [50]))
        try:
            base = _whole(history["baseFeePerGas"][-1])
            tips = sorted(_whole(reward[0]) for reward in history.get("reward") or [])
        except (KeyError, IndexError, TypeError) as error:
            raise ChainUnavailable(f"{self.rules.name} does not say what fees are: {type(error).__name__}.") from error
        rules = self.rules
        tip = min(max(tips[len(tips) // 2] if tips else 0, rules.tip_wei_min), rules.fee_wei_max)
        return Fees(fee_wei=min(2 * base + tip, rules.fee_wei_max), tip_wei=tip)

    def authorize(self, authorization: Authorization, signer: Signer) -> SignedAuthorization:
        """Signs a transfer of the signer's."""
        if authorization.payer != signer.address:
            raise ChainMismatch(f"{signer.address} can sign nothing for {authorization.payer}.")
        return SignedAuthorization(authorization, signer.sign(encoding.transfer_digest(self.rules, authorization)))

    def relay(self, transfers: Sequence[SignedAuthorization]) -> Call:
        """Returns the call that brings 1 to 100 transfers to the token, each on its own."""
        if not 1 <= len(transfers) <= BATCH_MAX:
            raise ChainMismatch(f"A transaction brings 1 to {BATCH_MAX} transfers, not {len(transfers)}.")
        calls = [(self.rules.token, encoding.transfer_data(signed)) for signed in transfers]
        return Call(self.rules.multicall, encoding.many(calls), GAS_OF_BATCH + GAS_OF_TRANSFER * len(transfers))

    def cancel(self, payer: str, nonce: str, signer: Signer) -> Call:
        """Returns the call after which an authorization can never pay, signed by its payer."""
        signature = signer.sign(encoding.cancel_digest(self.rules, payer, nonce))
        return Call(self.rules.token, encoding.cancel_data(payer, nonce, signature), GAS_OF_CANCEL)

    def sign(self, call: Call, nonce: int, fees: Fees, signer: Signer) -> SignedTransaction:
        """Signs a transaction of the signer's with its own number."""
        payload = encoding.transaction_payload(self.rules.id, call, nonce, fees)
        raw = encoding.transaction_bytes(payload, signer.sign(encoding.transaction_digest(payload)))
        return SignedTransaction(raw, encoding.hash_of(raw))

    async def send(self, transaction: SignedTransaction) -> Sent:
        """Gives a transaction to every node, and says how each took it; nothing that they say is final."""
        raw = _hex(transaction.raw)
        tries = (node.ask("eth_sendRawTransaction", raw) for node in self._nodes)
        answers = await asyncio.gather(*tries, return_exceptions=True)
        said = []
        for answer in answers:
            if isinstance(answer, (ChainUnavailable, ChainRefused)):
                said.append(answer.message)
            elif isinstance(answer, BaseException):
                raise answer
        return Sent(len(answers) - len(said), tuple(said))

    async def _token(self, block: Block, signature: str, kind: str, *values: object) -> object:
        call = {"to": self.rules.token, "data": _hex(encoding.call_data(signature, values))}
        return encoding.answered(kind, _data(await self._agreed("eth_call", call, _at(block))))

    async def _agreed(self, method: str, *params: object) -> Any:
        """Returns what enough nodes say alike of one block."""
        found = await self._all(lambda node: node.ask(method, *params), self.rules.nodes_min)
        if any(other != found[0] for other in found[1:]):
            raise ChainUnavailable(f"The nodes of {self.rules.name} disagree on {method}.")
        return found[0]

    async def _all(self, ask: Callable[[Node], Awaitable[Answer]], needed: int) -> list[Answer]:
        """Asks every node, and returns the answers of those that have one. Raises ChainUnavailable for too few."""
        answers = await asyncio.gather(*map(ask, self._nodes), return_exceptions=True)
        found: list[Answer] = []
        for node, answer in zip(self._nodes, answers, strict=True):
            if isinstance(answer, (ChainUnavailable, ChainRefused)):
                log.warning("chain", chain=self.rules.id, node=node.name, step="no_answer", said=answer.message)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.append(answer)
        if len(found) < needed:
            raise ChainUnavailable(f"{len(found)} nodes of {self.rules.name} answer, and {needed} are needed.")
        return found

    async def _first(self, ask: Callable[[Node], Awaitable[Any]]) -> Any:
        """Returns the first node's answer that is one; a no is one. Raises ChainUnavailable if there is none."""
        for node in self._nodes:
            try:
                return await ask(node)
            except ChainUnavailable as error:
                log.warning("chain", chain=self.rules.id, node=node.name, step="no_answer", said=error.message)
        raise ChainUnavailable(f"No node of {self.rules.name} answers.")


async def _read_block(node: Node, which: str) -> Block:
    found = await node.ask("eth_getBlockByNumber", which, False)
    try:
        return Block(_whole(found["number"]), str(found["hash"]), _whole(found["timestamp"]))
    except (KeyError, TypeError):
        raise ChainUnavailable(f"{node.name} does not know the block {which}.") from None


def _at(block: Block) -> dict[str, object]:
    """Names a block by its hash, and asks for an error where it is none of the chain's any more (EIP-1898)."""
    return {"blockHash": block.hash, "requireCanonical": True}


def _whole(said: object) -> int:
    try:
        return int(str(said), 16)
    except ValueError:
        raise ChainUnavailable(f"A node answered {str(said)[:80]!r}, which is no number.") from None


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise ChainUnavailable(f"A node answered {value!r}, which is no number.")
    return value


def _data(said: object) -> bytes:
    try:
        return bytes.fromhex(str(said).removeprefix("0x"))
    except ValueError:
        raise ChainUnavailable(f"A node answered {str(said)[:80]!r}, which are no bytes.") from None


def _hex(data: bytes) -> str:
    return "0x" + data.hex()

"""Several nodes of a chain, none of which is believed alone, or asked anything before it has shown that it is one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import httpx
import structlog

from app.adapters.chain import abi
from app.adapters.chain.rpc import Node
from app.adapters.chain.said import bytes_said, whole
from app.adapters.chain.signed import domain_separator
from app.ports.chain.values import ChainMismatch, ChainRefused, ChainRules, ChainUnavailable, NodeHealth

log = structlog.get_logger()
Answer = TypeVar("Answer")


class Nodes:
    """The nodes of a chain. `client` belongs to who made it."""

    def __init__(self, rules: ChainRules, client: httpx.AsyncClient) -> None:
        self._rules = rules
        self._nodes = [Node(url, client) for url in rules.rpc_urls]
        self._known: set[Node] = set()

    async def check(self) -> None:
        """Raises ChainMismatch where a node is of another chain, ChainUnavailable where too few answer at all."""
        rules = self._rules
        if len({node.provider for node in self._nodes}) < rules.nodes_min:
            raise ChainMismatch(f"{rules.name} needs {rules.nodes_min} nodes of different providers.")
        tried = await asyncio.gather(*map(self._meet, self._nodes), return_exceptions=True)
        wrong = [found for found in tried if isinstance(found, BaseException)]
        for error in wrong:
            if not isinstance(error, (ChainUnavailable, ChainRefused)):
                raise error
        if len(self._known) < rules.nodes_min:
            raise ChainUnavailable(
                f"{len(self._known)} nodes of {rules.name} answer, and {rules.nodes_min} are needed."
            )

    async def _meet(self, node: Node) -> None:
        """Asks a node who it is, once. Raises ChainMismatch where it is not what the chain is configured to be."""
        if node in self._known:
            return
        rules = self._rules
        found = whole(await node.ask("eth_chainId"))
        if found != rules.id:
            raise ChainMismatch(f"{node.name} is chain {found}, and {rules.name} is {rules.id}.")
        for address, expected in rules.code_hashes:
            if abi.hash_of(bytes_said(await node.ask("eth_getCode", address, "latest"))) != expected:
                raise ChainMismatch(f"At {node.name}, the code at {address} is not what {rules.name} should have.")
        if not await self._has_token(node):
            raise ChainMismatch(f"At {node.name}, {rules.token} is no {rules.token_name!r} of chain {rules.id}.")
        self._known.add(node)

    async def _has_token(self, node: Node) -> bool:
        call = {"to": self._rules.token, "data": abi.call_data("DOMAIN_SEPARATOR()")}
        try:
            return bytes_said(await node.ask("eth_call", call, "latest")) == domain_separator(self._rules)
        except ChainRefused:
            return False

    async def all(self, ask: Callable[[Node], Awaitable[Answer]], needed: int | None = None) -> list[Answer]:
        """Asks every node, and returns the answers of those that have one. Raises ChainUnavailable for too few."""
        return [answer for _, answer in await self._answers(ask, needed)]

    async def agreed(self, ask: Callable[[Node], Awaitable[Answer]], about: str) -> Answer:
        """Returns what nodes of enough providers say alike.

        Raises ChainUnavailable where nothing is said by so many, or two things are.
        """
        found = await self._answers(ask)
        groups: list[tuple[Answer, list[Node]]] = []
        for node, answer in found:
            for said, by in groups:
                if said == answer:
                    by.append(node)
                    break
            else:
                groups.append((answer, [node]))
        believed = [one for one in groups if len({node.provider for node in one[1]}) >= self._rules.nodes_min]
        if len(groups) > 1:
            self._note(believed[0][1] if len(believed) == 1 else [], found, about)
        if len(believed) != 1:
            raise ChainUnavailable(f"The nodes of {self._rules.name} disagree on {about}.")
        return believed[0][0]

    def _note(self, believed: Sequence[Node], found: Sequence[tuple[Node, object]], about: str) -> None:
        for node, _ in found:
            if node not in believed:
                node.disagreed += 1
                node.said = f"{node.name} says of {about} what others do not."
                log.warning("chain", chain=self._rules.id, node=node.name, step="disagrees", about=about)

    async def _answers(
        self, ask: Callable[[Node], Awaitable[Answer]], needed: int | None = None
    ) -> list[tuple[Node, Answer]]:
        needed = self._rules.nodes_min if needed is None else needed
        answers = await asyncio.gather(*(self._asked(node, ask) for node in self._nodes), return_exceptions=True)
        found: list[tuple[Node, Answer]] = []
        for node, answer in zip(self._nodes, answers, strict=True):
            if isinstance(answer, (ChainUnavailable, ChainRefused, ChainMismatch)):
                log.warning("chain", chain=self._rules.id, node=node.name, step="no_answer", said=answer.message)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.append((node, answer))
        if len(found) < needed:
            raise ChainUnavailable(f"{len(found)} nodes of {self._rules.name} answer, and {needed} are needed.")
        return found

    async def _asked(self, node: Node, ask: Callable[[Node], Awaitable[Answer]]) -> Answer:
        try:
            await self._meet(node)
        except ChainMismatch as error:
            node.failed += 1
            node.said = error.message
            raise
        return await ask(node)

    async def first(self, ask: Callable[[Node], Awaitable[Answer]]) -> Answer:
        """Returns the first node's answer that is no refusal: one node that says no to everything stops nobody.

        Raises ChainRefused where all that answer refuse, ChainUnavailable where none answers.
        """
        refused: ChainRefused | None = None
        for node in self._nodes:
            try:
                return await self._asked(node, ask)
            except ChainRefused as error:
                refused = refused or error
            except (ChainUnavailable, ChainMismatch) as error:
                log.warning("chain", chain=self._rules.id, node=node.name, step="no_answer", said=error.message)
        if refused is not None:
            raise refused
        raise ChainUnavailable(f"No node of {self._rules.name} answers.")

    async def tell(self, method: str, *params: object) -> list[str]:
        """Tells every node the same, and returns what each has against it, "" where it took it."""

        async def ask(node: Node) -> Any:
            return await self._asked(node, lambda met: met.ask(method, *params))

        said = []
        for answer in await asyncio.gather(*map(ask, self._nodes), return_exceptions=True):
            if isinstance(answer, (ChainUnavailable, ChainRefused, ChainMismatch)):
                said.append(answer.message)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                said.append("")
        return said

    def health(self) -> Sequence[NodeHealth]:
        """Returns how each node did so far."""
        return [
            NodeHealth(node.name, node.head, node.asked, node.failed, node.disagreed, node.said) for node in self._nodes
        ]

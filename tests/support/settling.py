"""Payments on a chain of a test's own: what a treasury signs, and a gas account brings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx
import orjson

from app.adapters.chain import encoding
from app.adapters.chain.evm import EvmChain
from app.ports.chain.chain import Signer
from app.ports.chain.values import Authorization, Call, Outcome, SignedAuthorization, SignedTransaction
from tests.emulators.anvil import Anvil

FAR = 2**40
Change = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any] | None]
"""Out of what was asked and what a node answers, what a bad node answers; None for nothing at all."""


class Between(httpx.AsyncBaseTransport):
    """The way to nodes that are all the one Anvil, each changed as its host's name says."""

    def __init__(self, node: Anvil, changes: dict[str, Change]) -> None:
        self._node, self._changes = node, changes
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        real = httpx.Request("POST", self._node.url, content=body, headers={"content-type": "application/json"})
        answer = await self._inner.handle_async_request(real)
        said = orjson.loads(await answer.aread())
        change = self._changes.get(request.url.host)
        changed = said if change is None else change(orjson.loads(body), said)
        if changed is None:
            raise httpx.ReadTimeout("dropped", request=request)
        return httpx.Response(200, content=orjson.dumps(changed), request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def through(node: Anvil, **changes: Change | None) -> tuple[EvmChain, httpx.AsyncClient]:
    """Returns the chain as it looks through nodes of these names, two of which must agree."""
    client = httpx.AsyncClient(transport=Between(node, {n: change for n, change in changes.items() if change}))
    urls = tuple(f"http://{name}" for name in changes)
    return EvmChain(replace(node.rules, rpc_urls=urls, nodes_min=2), client), client


def nonce_of(name: str) -> str:
    """Returns the nonce of an authorization that a test calls by a name."""
    return encoding.hash_of(name.encode())


def address_of(name: str) -> str:
    """Returns an address that nobody has the key of."""
    return encoding.checksummed("0x" + nonce_of(name)[-40:])


def signed(chain: EvmChain, treasury: Signer, name: str, units: int, valid_before: int = FAR) -> SignedAuthorization:
    """Returns a payment of so much to the address of a name, under its nonce."""
    asked = Authorization(treasury.address, address_of(name), units, valid_before, nonce_of(name))
    return chain.authorize(asked, treasury)


async def bring(chain: EvmChain, node: Anvil, gas_account: Signer, call: Call) -> SignedTransaction:
    """Sends a call in the gas account's next transaction, and has it mined."""
    nonce = await chain.transaction_count(gas_account.address, await chain.head())
    transaction = chain.sign(call, nonce, await chain.fees(), gas_account)
    sent = await chain.send(transaction)
    assert sent.taken_by == len(chain.rules.rpc_urls), sent.said
    node.mine()
    return transaction


async def final_outcomes(chain: EvmChain, node: Anvil, payer: str, names: Sequence[str]) -> Mapping[str, Outcome]:
    """Returns what became of the payments of names, once all that was sent is final."""
    node.mine(2)
    found = await chain.outcomes(payer, [nonce_of(name) for name in names], 0, await chain.finalized())
    return {name: found[nonce_of(name)] for name in names}

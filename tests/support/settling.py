"""Payments on a chain of a test's own: a treasury signs, a gas account brings; and nodes that lie, lag or vanish."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from app.adapters.chain import abi
from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import GAS, KEYS, TREASURY
from app.adapters.chain.keys import LocalSigner
from app.adapters.chain.known import DEV
from app.ports.chain.signer import Signer
from app.ports.chain.values import (
    Authorization,
    Call,
    ChainRules,
    Outcome,
    SignedAuthorization,
    SignedTransaction,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FAR = 2**40
Change = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any] | None]
"""Out of what was asked and what a node answers, what a bad node answers; None for nothing at all."""

TREASURY_KEY, GAS_KEY = (LocalSigner.of_key(KEYS[which], 31_337) for which in (TREASURY, GAS))


def rules_of(dev: DevChain) -> ChainRules:
    """Returns the rules of a dev chain."""
    return replace(DEV, rpc_urls=(dev.node.url,), token=dev.token, bridged_token=dev.bridged_token)


class Between(httpx.AsyncBaseTransport):
    """The way to nodes that are all the one Anvil, each changed as its host's name says."""

    def __init__(self, dev: DevChain, changes: Mapping[str, Change | None]) -> None:
        self._dev, self._changes = dev, changes
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        real = httpx.Request("POST", self._dev.node.url, content=body, headers={"content-type": "application/json"})
        answer = await self._inner.handle_async_request(real)
        said = orjson.loads(await answer.aread())
        change = self._changes.get(request.url.host)
        changed = said if change is None else change(orjson.loads(body), said)
        if changed is None:
            raise httpx.ReadTimeout("dropped", request=request)
        return httpx.Response(200, content=orjson.dumps(changed), request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@asynccontextmanager
async def through(dev: DevChain, **changes: Change | None) -> "AsyncIterator[EvmChain]":
    """The chain as it looks through nodes of these names, two of which must agree."""
    async with httpx.AsyncClient(transport=Between(dev, changes)) as client:
        urls = tuple(f"http://{name}" for name in changes)
        yield EvmChain(replace(rules_of(dev), rpc_urls=urls, nodes_min=2), client)


def answers(method: str, result: Any, which: str | None = None) -> Change:
    """A node that answers a method with what it likes, if what was asked holds `which`."""

    def change(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] != method or (which is not None and which not in str(asked["params"])):
            return said
        return {"jsonrpc": "2.0", "id": said["id"], "result": result}

    return change


def refuses(method: str, message: str, code: int = -32_000) -> Change:
    """A node that answers a method with an error, though it did what it was asked."""

    def change(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] != method:
            return said
        return {"jsonrpc": "2.0", "id": said["id"], "error": {"code": code, "message": message}}

    return change


def drops(method: str) -> Change:
    """A node that does what it is asked, and whose answer to a method is lost."""
    return lambda asked, said: None if asked["method"] == method else said


def silent(_asked: dict[str, Any], _said: dict[str, Any]) -> None:
    """A node that does what it is asked and says nothing."""
    return


def nonce_of(name: str) -> str:
    """Returns the nonce of an authorization that a test calls by a name."""
    return abi.hash_of(name.encode())


def address_of(name: str) -> str:
    """Returns an address that nobody has the key of."""
    return abi.checksummed("0x" + nonce_of(name)[-40:])


def signed(chain: EvmChain, name: str, units: int, valid_before: int = FAR) -> SignedAuthorization:
    """Returns a payment by the treasury of so much to the address of a name, under its nonce."""
    asked = Authorization(TREASURY_KEY.address, address_of(name), units, valid_before, nonce_of(name))
    return chain.authorize(asked, TREASURY_KEY)


async def bring(chain: EvmChain, dev: DevChain, call: Call, signer: Signer = GAS_KEY) -> SignedTransaction:
    """Sends a call in the gas account's next transaction, and has it mined."""
    number = await chain.transaction_count(signer.address, await chain.head())
    transaction = chain.sign(call, number, await chain.fees(), signer)
    await chain.send(transaction)
    dev.node.mine()
    return transaction


async def final_outcomes(chain: EvmChain, dev: DevChain, names: Sequence[str]) -> Mapping[str, Outcome]:
    """Returns what became of the payments of names, once all that was sent is final."""
    dev.node.finalize()
    nonces = [nonce_of(name) for name in names]
    found = await chain.outcomes(TREASURY_KEY.address, nonces, 0, await chain.finalized())
    return {name: found[nonce_of(name)] for name in names}

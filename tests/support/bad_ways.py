"""Ways to nodes on which transactions are lost, refused or bounded, and nodes that lag or show a block that is none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import httpx
import orjson
import rlp

from app.adapters.chain import abi
from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.known import GWEI, POLYGON_TIP_WEI
from tests.support.settling import Between, rules_of

LAGS_BLOCKS = 20
TIP_LEAST = 25 * GWEI
SUGGESTED = 3 * GWEI // 2


class Sending(StrEnum):
    """What becomes of a transaction that is sent."""

    DROPPED = "taken, and the answer is lost"
    SWALLOWED = "said to be taken, and lost"
    KNOWN = "already known"
    TOO_LOW = "nonce too low"
    BAD_GATEWAY = "502"


class BadSending(Between):
    """The way to a node on which the first transactions that are sent go as one of `Sending` says."""

    def __init__(self, dev: DevChain, how: Sending, times: int) -> None:
        super().__init__(dev, {})
        self._how, self.left = how, times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = orjson.loads(await request.aread())
        if asked["method"] != "eth_sendRawTransaction" or not self.left:
            return await super().handle_async_request(request)
        self.left -= 1
        if self._how is Sending.DROPPED:
            await super().handle_async_request(request)
            raise httpx.ReadTimeout("dropped", request=request)
        if self._how is Sending.BAD_GATEWAY:
            return httpx.Response(502, content=b"<html>", request=request)
        said: dict[str, Any] = {}
        if self._how is Sending.SWALLOWED:
            said = {"result": abi.hash_of(abi.bytes_of(asked["params"][0]))}
        else:
            said = {"error": {"code": -32_000, "message": self._how.value}}
        return httpx.Response(200, content=orjson.dumps({"id": asked["id"], **said}), request=request)


@dataclass(frozen=True)
class Offer:
    """What a transaction offers, at which number of its sender."""

    number: int
    tip_wei: int
    fee_wei: int


class PoolRules(Between):
    """The way to a node with the rules of bor's pool, which mines nothing while it `is_full`."""

    def __init__(self, dev: DevChain) -> None:
        super().__init__(dev, {})
        self.is_full = True
        self.taken: list[Offer] = []
        self.refused: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = orjson.loads(await request.aread())
        if asked["method"] == "eth_feeHistory":
            said: dict[str, Any] = {"result": {"baseFeePerGas": [hex(GWEI)], "reward": [[hex(SUGGESTED)]]}}
        elif asked["method"] != "eth_sendRawTransaction":
            return await super().handle_async_request(request)
        else:
            raw = abi.bytes_of(asked["params"][0])
            if no := self._refuse(raw):
                self.refused.append(no)
                said = {"error": {"code": -32_000, "message": no}}
            elif not self.is_full:
                return await super().handle_async_request(request)
            else:
                said = {"result": abi.hash_of(raw)}
        return httpx.Response(200, content=orjson.dumps({"id": asked["id"], **said}), request=request)

    def _refuse(self, raw: bytes) -> str:
        _, number, tip, fee = (int.from_bytes(part) for part in rlp.decode(raw[1:])[:4])
        before = [one for one in self.taken if one.number == number]
        if before and (before[-1].tip_wei, before[-1].fee_wei) == (tip, fee):
            return "already known"
        if tip < TIP_LEAST:
            return "transaction underpriced"
        if before and (tip * 10 < before[-1].tip_wei * 11 or fee * 10 < before[-1].fee_wei * 11):
            return "replacement transaction underpriced"
        self.taken.append(Offer(number, tip, fee))
        return ""


@asynccontextmanager
async def over(dev: DevChain, way: httpx.AsyncBaseTransport) -> AsyncIterator[EvmChain]:
    """The chain as it looks over a way, with the least tip that Polygon's configuration has."""
    async with httpx.AsyncClient(transport=way) as client:
        yield EvmChain(replace(rules_of(dev), tip_wei_min=POLYGON_TIP_WEI), client)


@dataclass
class Weather:
    """How two of three nodes are: one lags by 20 blocks and answers `[]`, one serves a block that is none."""

    dev: DevChain
    is_behind: bool = False
    is_orphaned: bool = False
    orphans: set[str] = field(default_factory=set)

    def behind(self, asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        """What the node that lags answers."""
        if not self.is_behind or asked["method"] not in ("eth_getBlockByNumber", "eth_getLogs"):
            return said
        if asked["method"] == "eth_getLogs":
            return {**said, "result": []}
        last = int(self.dev.node.ask("eth_blockNumber"), 16) - LAGS_BLOCKS
        which = asked["params"][0]
        if which in ("latest", "finalized"):
            return {**said, "result": self.dev.node.ask("eth_getBlockByNumber", hex(max(last, 0)), False)}
        return said if int(which, 16) <= last else {**said, "result": None}

    def orphaned(self, asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        """What the node answers whose newest blocks were undone."""
        if not self.is_orphaned or asked["method"] != "eth_getBlockByNumber" or said.get("result") is None:
            return said
        hash_ = abi.hash_of(str(said["result"]["hash"]).encode())
        self.orphans.add(hash_)
        return {**said, "result": {**said["result"], "hash": hash_}}

"""One node of a chain: JSON-RPC over HTTP, one request a call, never repeated by itself.

web3.py is not used. Its provider repeats `eth_sendRawTransaction` by itself, fills nonces, gas and fees from the node,
follows a contract's word to other URLs (CCIP read), renews its connection for each call and brings thirty packages: all
of it would have to be switched off, and what is left is this file.
"""

import asyncio
import itertools
import re
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx
import orjson

from app.ports.chain.values import ChainRefused, ChainUnavailable

SECONDS_MAX = 8.0
ANSWER_BYTES_MAX = 20_000_000
_BUSY = (-32_005, -32_016, -32_029, 429)
"""Codes by which nodes say that they are asked too much, which some also use for ranges that are too long."""
_RANGE = re.compile(r"block range|range (is )?too|too (large|wide|many (results|logs|blocks))|more than \d+ results|"
                    r"response size|query returned more|up to a [\d,]+ block|limited to \d+", re.I)  # fmt: skip
_LETTERS_MAX = 300


class Node:
    """A node behind a URL. Errors name its host and never the URL, which often holds a key."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url, self._client = url, client
        self._ids = itertools.count(1)
        self.name = urlsplit(url).netloc.rpartition("@")[2]
        self.provider = provider_of(url)
        self.head = 0
        self.asked = self.failed = self.disagreed = 0
        self.said = ""

    async def ask(self, method: str, *params: object) -> Any:
        """Returns a node's answer. Raises ChainRefused where it says no, ChainUnavailable where it says nothing."""
        self.asked += 1
        try:
            return await self._ask(method, params)
        except ChainUnavailable as error:
            self.failed += 1
            self.said = error.message
            raise

    async def _ask(self, method: str, params: tuple[object, ...]) -> Any:
        id_ = next(self._ids)
        asked = orjson.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params})
        try:
            # A limit for all of it: httpx counts its own anew for each byte that a slow node drips.
            async with asyncio.timeout(SECONDS_MAX):
                status, body = await self._post(asked)
            said = orjson.loads(body)
        except (httpx.HTTPError, orjson.JSONDecodeError, TimeoutError) as error:
            raise ChainUnavailable(f"{self.name} does not answer {method}: {type(error).__name__}.") from None
        if not isinstance(said, dict) or said.get("id") != id_:
            raise ChainUnavailable(f"{self.name} answers {method} with status {status} and no JSON-RPC.")
        if (no := said.get("error")) is not None:
            self._fail(method, no)
        if "result" not in said:
            raise ChainUnavailable(f"{self.name} answers {method} with neither a result nor an error.")
        return said["result"]

    async def _post(self, asked: bytes) -> tuple[int, bytes]:
        headers, body = {"content-type": "application/json"}, bytearray()
        async with self._client.stream(
            "POST", self._url, content=asked, headers=headers, timeout=SECONDS_MAX
        ) as answer:
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > ANSWER_BYTES_MAX:
                    raise httpx.DecodingError("too long")
            return answer.status_code, bytes(body)

    def _fail(self, method: str, no: object) -> NoReturn:
        code, message = (no.get("code"), no.get("message")) if isinstance(no, dict) else (None, no)
        said = f"{self.name} answers {method}: {str(message)[:_LETTERS_MAX]}"
        if code in _BUSY and not is_range_error(str(message)):
            raise ChainUnavailable(said)
        raise ChainRefused(said)


def is_range_error(message: str) -> bool:
    """Tells whether a node says that a range of blocks was too long for it, so that halves of it can be asked for."""
    return _RANGE.search(message) is not None


def provider_of(url: str) -> str:
    """Returns who runs the node behind a URL: its registered name, or host and port where it has none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.replace(".", "").isdigit() or ":" in host or "." not in host:
        return f"{host}:{parts.port}"
    return ".".join(host.split(".")[-2:])

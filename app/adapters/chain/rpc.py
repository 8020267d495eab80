"""One node of a chain: JSON-RPC over HTTP, one request a call, never repeated by itself.

web3.py is not used. Its provider repeats `eth_sendRawTransaction` by itself, fills nonces, gas and fees from the
node, follows a contract's word to other URLs (CCIP read) and renews its connection for each call: all of it would have
to be switched off, and what is left is this file.
"""

import itertools
from typing import Any, NoReturn

import httpx
import orjson

from app.ports.chain.values import ChainRefused, ChainUnavailable

SECONDS_MAX = 8.0
_BUSY = (-32_005, -32_016, 429)
"""Codes by which nodes say that they are asked too much: no answer to the question."""


class Node:
    """A node behind a URL. Errors name its host and never the URL, which often holds a key."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self._url, self._client = url, client
        self._ids = itertools.count(1)
        self.name = httpx.URL(url).host

    async def ask(self, method: str, *params: object) -> Any:
        """Returns a node's answer. Raises ChainRefused where it says no, ChainUnavailable where it says nothing."""
        id_ = next(self._ids)
        asked = orjson.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params})
        try:
            answer = await self._client.post(
                self._url, content=asked, headers={"content-type": "application/json"}, timeout=SECONDS_MAX
            )
            said = orjson.loads(answer.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as error:
            raise ChainUnavailable(f"{self.name} does not answer {method}: {type(error).__name__}.") from None
        if not isinstance(said, dict) or said.get("id") != id_:
            raise ChainUnavailable(f"{self.name} answers {method} with status {answer.status_code} and no JSON-RPC.")
        if (no := said.get("error")) is not None:
            self._fail(method, no)
        if "result" not in said:
            raise ChainUnavailable(f"{self.name} answers {method} with neither a result nor an error.")
        return said["result"]

    def _fail(self, method: str, no: object) -> NoReturn:
        code, message = (no.get("code"), no.get("message")) if isinstance(no, dict) else (None, no)
        said = f"{self.name} answers {method}: {str(message)[:300]}"
        raise ChainUnavailable(said) if code in _BUSY else ChainRefused(said)

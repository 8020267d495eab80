"""Developers' endpoints that write messages, over HTTP: one signed POST, one short text back, or nothing.

What is slow, too long, redirected, private or nonsense is a failure, and never repeated: a user is waiting.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from app.adapters.guard import REFUSAL, guarded_client, read_bounded
from app.adapters.signatures import signed_headers
from app.domain.errors import ProviderFailed

SECONDS_MAX = 3.0
ANSWER_BYTES_MAX = 16 * 1024
RUNNING_MAX = 32
"""How many of one endpoint's answers are waited for at once: one that hangs collects no more than that."""


class HttpResponder:
    """A Responder over HTTP. `now` gives seconds since 1970."""

    def __init__(self, now: Callable[[], int], allow_private: bool, seconds_max: float = SECONDS_MAX) -> None:
        self._now = now
        self._allow_private = allow_private
        self._seconds_max = seconds_max
        self._client: httpx.AsyncClient | None = None
        self._running: Counter[str] = Counter()

    async def write(self, url: str, secret: str, message_id: str, content: Mapping[str, Any]) -> str:
        """Returns the text that an endpoint answers with; see Responder."""
        if self._running[url] >= RUNNING_MAX:
            raise ProviderFailed(f"The endpoint has {RUNNING_MAX} messages to write already.")
        self._running[url] += 1
        try:
            async with asyncio.timeout(self._seconds_max):
                return await self._ask(url, secret, message_id, content)
        except (TimeoutError, httpx.TimeoutException):
            message = f"The endpoint did not answer within {self._seconds_max:g} seconds."
            raise ProviderFailed(message, timed_out=True) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderFailed(_unreachable(error)) from None
        finally:
            self._running[url] -= 1
            if not self._running[url]:
                del self._running[url]

    async def _ask(self, url: str, secret: str, message_id: str, content: Mapping[str, Any]) -> str:
        if self._client is None:
            self._client = guarded_client(allow_private=self._allow_private, seconds_max=self._seconds_max)
        body = json.dumps(content).encode()
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/plain",
            **signed_headers([secret], message_id, self._now(), body),
        }
        async with self._client.stream("POST", url, content=body, headers=headers) as answer:
            if answer.status_code != 200:
                raise ProviderFailed(f"The endpoint answered with status {answer.status_code}.", answer.status_code)
            raw = await read_bounded(answer, ANSWER_BYTES_MAX)
        if raw is None:
            raise ProviderFailed(f"The endpoint's answer is longer than {ANSWER_BYTES_MAX} bytes.")
        return _text(raw, answer.headers.get("content-type", ""))

    async def close(self) -> None:
        """Closes all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _text(raw: bytes, content_type: str) -> str:
    """Returns the text of an answer: `{"message": "…"}`, or plain text as it is. Raises ProviderFailed."""
    try:
        if content_type.partition(";")[0].strip().lower() == "text/plain":
            return raw.decode()
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise ProviderFailed("The endpoint's answer is neither JSON nor plain text.") from None
    message = found.get("message") if isinstance(found, dict) else None
    if not isinstance(message, str):
        raise ProviderFailed("The endpoint's answer has no `message` that is a string.")
    return message


def _unreachable(error: Exception) -> str:
    """Says why an endpoint could not be reached, without anything that it or a resolver wrote."""
    if REFUSAL in str(error):
        return "The endpoint has a private address, which is not allowed here."
    return f"The endpoint could not be reached ({type(error).__name__})."

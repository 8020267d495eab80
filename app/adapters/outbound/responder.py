"""Developers' endpoints that write messages, over HTTP: one signed POST, one short text back, or nothing.

What is slow, too long, redirected, private or nonsense is a failure, and never repeated: a user is waiting.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from app.adapters.outbound.guard import guarded_session, read_bounded
from app.adapters.outbound.signatures import signed_headers
from app.adapters.outbound.unreachable import UNREACHABLE, why_unreachable
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
        self._session: aiohttp.ClientSession | None = None
        self._running: Counter[str] = Counter()

    async def write(self, url: str, secret: str, message_id: str, content: Mapping[str, Any]) -> str:
        """Returns the text that an endpoint answers with; see Responder."""
        if self._running[url] >= RUNNING_MAX:
            raise ProviderFailed(f"The endpoint has {RUNNING_MAX} messages to write already.")
        self._running[url] += 1
        try:
            async with asyncio.timeout(self._seconds_max):
                return await self._ask(url, secret, message_id, content)
        except TimeoutError:
            message = f"The endpoint did not answer within {self._seconds_max:g} seconds."
            raise ProviderFailed(message, timed_out=True) from None
        except UNREACHABLE as error:
            raise ProviderFailed(why_unreachable(error)) from None
        finally:
            self._running[url] -= 1
            if not self._running[url]:
                del self._running[url]

    async def _ask(self, url: str, secret: str, message_id: str, content: Mapping[str, Any]) -> str:
        if self._session is None:
            self._session = guarded_session(allow_private=self._allow_private)
        body = json.dumps(content).encode()
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/plain",
            **signed_headers([secret], message_id, self._now(), body),
        }
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200:
                raise ProviderFailed(f"The endpoint answered with status {answer.status}.", answer.status)
            raw = await read_bounded(answer, ANSWER_BYTES_MAX)
        if raw is None:
            raise ProviderFailed(f"The endpoint's answer is longer than {ANSWER_BYTES_MAX} bytes.")
        return _text(raw, answer.headers.get("content-type", ""))

    async def close(self) -> None:
        """Closes all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


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

"""Posts signed messages to developers' endpoints over httpx, through the guard; nothing is followed, little is read."""

import asyncio
import ipaddress
from urllib.parse import urlsplit

import httpx

from app.adapters.guard import REFUSAL, guarded_client, is_public, read_bounded
from app.adapters.signatures import signed_headers
from app.flows.ports import Message

ANSWER_BYTES_MAX = 64 * 1024
"""How much of an answer is read, so that its connection can be used again; more of it costs the connection."""


class HttpMessenger:
    """A Messenger. An endpoint has `seconds_max` for everything: its name, its connection, its answer."""

    def __init__(self, *, seconds_max: float, allow_private: bool = False) -> None:
        self._seconds = seconds_max
        self._allow_private = allow_private
        self._client: httpx.AsyncClient | None = None

    async def post(self, message: Message) -> tuple[int | None, str | None]:
        """Posts once; see Messenger. What an endpoint or a resolver wrote is not repeated in the error."""
        signed = signed_headers(message.secrets, message.id, message.seconds, message.body)
        headers = {**message.headers, "Content-Type": "application/json", **signed}
        client = self._connections()
        try:
            async with asyncio.timeout(self._seconds):
                async with client.stream("POST", message.url, content=message.body, headers=headers) as answer:
                    await read_bounded(answer, ANSWER_BYTES_MAX)
                    return answer.status_code, _complaint(answer.status_code)
        except (TimeoutError, httpx.TimeoutException):
            return None, f"The endpoint did not answer within {self._seconds:g} seconds."
        except (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, ValueError) as error:
            return None, _why(error)

    def is_refused(self, url: str) -> bool:
        """Tells whether a URL's host is a private address in plain sight; every name is looked up when it is used."""
        host = urlsplit(url).hostname or ""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            is_private = host == "localhost" or host.endswith(".localhost")
        else:
            is_private = not is_public(host)
        return is_private and not self._allow_private

    async def close(self) -> None:
        """Closes all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _connections(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = guarded_client(allow_private=self._allow_private, seconds_max=self._seconds)
        return self._client


def _complaint(code: int) -> str | None:
    if 200 <= code < 300:
        return None
    if 300 <= code < 400:
        return f"The endpoint answered with a redirect ({code}), which is not followed."
    return f"The endpoint answered with status {code}."


def _why(error: Exception) -> str:
    if REFUSAL in str(error):
        return "The endpoint has a private address, which is not allowed here."
    return f"The endpoint could not be reached ({type(error).__name__})."

"""Posts signed messages to developers' endpoints, through the guard; nothing is followed, little is read."""

import asyncio
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import aiohttp

from app.adapters.outbound.guard import guarded_session, is_public, read_bounded
from app.adapters.outbound.signatures import signed_headers
from app.adapters.outbound.unreachable import UNREACHABLE, why_unreachable
from app.ports.webhooks import Message, Posted

ANSWER_BYTES_MAX = 64 * 1024
"""How much of an answer is read, so that its connection can be used again; more of it costs the connection."""
SAID_CHARACTERS_MAX = 1_024
"""How much of an answer that was no 2xx is kept."""


class HttpMessenger:
    """A Messenger. An endpoint has `seconds_max` for everything: its name, its connection, its answer."""

    def __init__(self, *, seconds_max: float, allow_private: bool = False) -> None:
        self._seconds = seconds_max
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def post(self, message: Message) -> Posted:
        """Posts once; see Messenger. What an endpoint or a resolver wrote is not repeated in the error."""
        signed = signed_headers(message.secrets, message.id, message.seconds, message.body)
        headers = {**message.headers, "Content-Type": "application/json", **signed}
        session = self._connections()
        try:
            async with (
                asyncio.timeout(self._seconds),
                session.post(message.url, data=message.body, headers=headers, allow_redirects=False) as answer,
            ):
                body = await read_bounded(answer, ANSWER_BYTES_MAX)
                complaint = _complaint(answer.status)
                said = None if complaint is None else _words(body, headers.values())
                return Posted(answer.status, complaint, answer.headers.get("Retry-After"), said)
        except TimeoutError:
            return Posted(None, f"The endpoint did not answer within {self._seconds:g} seconds.")
        except UNREACHABLE as error:
            return Posted(None, why_unreachable(error))

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
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = guarded_session(allow_private=self._allow_private)
        return self._session


def _words(body: bytes | None, sent: Iterable[str]) -> str | None:
    """Returns how an answer begins, as far as it can be read; None for one that says nothing, or much too much.

    A page of errors may repeat what it was `sent`: those headers are for the endpoint alone, and are cut out.
    """
    said = (body or b"").decode(errors="replace")
    for value in sorted(sent, key=len, reverse=True):
        said = said.replace(value, "…") if value else said
    return "".join(one for one in said[:SAID_CHARACTERS_MAX] if one.isprintable() or one in "\n\t").strip() or None


def _complaint(code: int) -> str | None:
    if 200 <= code < 300:
        return None
    if 300 <= code < 400:
        return f"The endpoint answered with a redirect ({code}), which is not followed."
    return f"The endpoint answered with status {code}."

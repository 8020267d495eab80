"""Any OpenAI-compatible upstream over aiohttp: bytes in, bytes out, nothing buffered, nothing followed.

A POST is never repeated here. When the upstream closes a kept connection before the first byte of an
answer, nobody can tell whether it had begun to work (RFC 9110, 9.2.2), and a model called twice costs
twice; so this is a ProviderFailed like any other. Idle connections are dropped after a few seconds,
before the usual servers drop theirs (uvicorn and Node: 5 s), so that it hardly ever happens.
"""

import asyncio
import io
import json
import re
from functools import lru_cache
from typing import NoReturn
from urllib.parse import quote

import aiohttp

from app.adapters.outbound.guard import IDLE_SECONDS_MAX, guarded_session, place_of
from app.adapters.outbound.unreachable import UNREACHABLE, why_unreachable
from app.adapters.providers.key_forms import forms_of
from app.adapters.providers.masking import clean_object, clean_text
from app.adapters.providers.openai_answer import OpenAIAnswer
from app.domain import clock
from app.domain.errors import ProviderFailed
from app.ports.providers import ProviderAnswer, ProviderTarget

PAGES = ("text/html", "application/xhtml+xml")
ERROR_BYTES_MAX = 64 * 1024
MODELS_BYTES_MAX, MODELS_VALUES_MAX = 8 * 1024 * 1024, 500_000
"""How long a list of models may be, all of its pages, and how many values each may hold."""
PAGES_MAX = 50
"""How many pages of a list of models are asked for."""
MODELS_MAX = 5_000
"""How many models are listed; nobody serves more, and whoever names a host may have it list millions."""
LIST_SECONDS_MAX = 60
"""How long a host may take for all pages of its list."""
STREAMED_BODY_BYTES = 1024 * 1024
"""A larger request body is written piece by piece, so that it does not block the loop."""
_RETRY_AFTER = re.compile(
    r"\d{1,9}(?:\.\d{1,6})?"  # SDKs read fractions too
    r"|[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT",
    re.ASCII,
)


@lru_cache(maxsize=1024)
def _url(base_url: str, path: str) -> str:
    """Returns the address of a path; a query of the base URL stays at the end."""
    base, mark, query = base_url.partition("?")
    return f"{base.rstrip('/')}{path}{mark}{query}"


class OpenAIProvider:
    """A ChatProvider for every OpenAI-compatible base URL.

    Private addresses are refused, whatever name led to them, unless `allow_private` is set or the base URL leads to
    one of `allowed_hosts`: a `host:port`, or a host with all of its ports.
    """

    def __init__(
        self,
        *,
        connect_seconds_max: float = 10,
        first_byte_seconds_max: float = 300,
        silence_seconds_max: float = 120,
        answer_seconds_max: float = 3_600,
        list_seconds_max: float = LIST_SECONDS_MAX,
        idle_seconds_max: float = IDLE_SECONDS_MAX,
        allow_private: bool = False,
        allowed_hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._connect_seconds = connect_seconds_max
        self._first_byte_seconds = first_byte_seconds_max
        self._silence_seconds, self._answer_seconds = silence_seconds_max, answer_seconds_max
        self._list_seconds, self._idle_seconds = list_seconds_max, idle_seconds_max
        self._allow_private = allow_private
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._is_open = lru_cache(maxsize=1024)(self._may_be_private)
        self._guarded: aiohttp.ClientSession | None = None
        self._unguarded: aiohttp.ClientSession | None = None

    async def send(self, target: ProviderTarget, body: bytes) -> ProviderAnswer:
        """Posts a chat completion request; see ChatProvider."""
        now = clock.monotonic_seconds()
        response = await self._request("POST", target, "/chat/completions", body)
        if not 200 <= response.status < 300:
            await self._fail(response, target)
        left = max(now + self._first_byte_seconds - clock.monotonic_seconds(), 0)
        answer = OpenAIAnswer(response, target, self._silence_seconds, left, now + self._answer_seconds)
        if response.content_type in PAGES:
            await answer.refuse_page()
        return answer

    async def list_models(self, target: ProviderTarget) -> list[str]:
        """Returns the ids of `GET {base_url}/models`, of all pages where it has several, the first 5,000.

        Raises ProviderFailed.
        """
        try:
            async with asyncio.timeout(self._list_seconds):
                names = await self._list_pages(target)
        except TimeoutError:
            why = f"The provider {target.name} did not list its models in time."
            raise ProviderFailed(why, timed_out=True) from None
        forms = forms_of(target.api_key)
        return names if forms is None else list(map(forms.masked_text, names))

    async def _list_pages(self, target: ProviderTarget) -> list[str]:
        names: list[str] = []
        path, left = "/models", MODELS_BYTES_MAX
        for _ in range(PAGES_MAX):
            text = await self._list_page(target, path, left)
            more, after = _read_page(text, target)
            path = f"/models?after_id={quote(after, safe='')}"
            names, left = names + more, left - len(text)
            if not after or "?" in target.base_url or len(names) >= MODELS_MAX or left <= 0:
                break
        return names[:MODELS_MAX]

    async def _list_page(self, target: ProviderTarget, path: str, bytes_max: int) -> bytes:
        response = await self._request("GET", target, path)
        if response.status != 200:
            await self._fail(response, target)
        return await self._read_bounded(response, bytes_max)

    async def close(self) -> None:
        """Closes all connections."""
        sessions, self._guarded, self._unguarded = (self._guarded, self._unguarded), None, None
        for session in sessions:
            if session is not None:
                await session.close()

    def _may_be_private(self, base_url: str) -> bool:
        """Tells whether a base URL may lead to a private address."""
        place = place_of(base_url)
        is_allowed = place != "" and not self._allowed_hosts.isdisjoint((place, place.rpartition(":")[0]))
        return self._allow_private or is_allowed

    def _session(self, base_url: str) -> aiohttp.ClientSession:
        """Returns the session for a base URL. Two, so that their connections are never shared."""
        if self._is_open(base_url):
            if self._unguarded is None:
                self._unguarded = self._new_session(guarded=False)
            return self._unguarded
        if self._guarded is None:
            self._guarded = self._new_session(guarded=True)
        return self._guarded

    def _new_session(self, *, guarded: bool) -> aiohttp.ClientSession:
        return guarded_session(
            allow_private=not guarded,
            timeout=aiohttp.ClientTimeout(
                total=None, connect=self._connect_seconds, sock_read=self._first_byte_seconds
            ),
            idle_seconds_max=self._idle_seconds,
        )

    async def _request(
        self, method: str, target: ProviderTarget, path: str, body: bytes | None = None
    ) -> aiohttp.ClientResponse:
        """Returns once status and headers are there, within the first-byte limit."""
        headers = {**dict(target.headers), **({"Content-Type": "application/json"} if body is not None else {})}
        if target.api_key:
            name, value = target.auth.header(target.api_key)
            headers[name] = value
        data = io.BytesIO(body) if body is not None and len(body) > STREAMED_BODY_BYTES else body
        session = self._session(target.base_url)
        try:
            # Of all that it sends before its body: a byte now and then would be no silence.
            async with asyncio.timeout(self._first_byte_seconds):
                response = await session.request(
                    method,
                    _url(target.base_url, path),
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                    auto_decompress=True,  # for upstreams that compress although nobody asked
                )
            if response.connection is not None and (protocol := response.connection.protocol) is not None:
                # From here on it is silence that is measured, by `OpenAIAnswer`.
                protocol.read_timeout = None
                protocol.start_timeout()
            return response
        except TimeoutError:
            raise ProviderFailed(f"The provider {target.name} did not answer in time.", timed_out=True) from None
        except UNREACHABLE as error:
            raise ProviderFailed(why_unreachable(error, f"The provider {target.name}")) from None

    async def _fail(self, response: aiohttp.ClientResponse, target: ProviderTarget) -> NoReturn:
        """Raises ProviderFailed for an answer that is no success, with what the upstream says about it."""
        text = await self._read_bounded(response, ERROR_BYTES_MAX)
        raise ProviderFailed(
            f"The provider {target.name} answered with status {response.status}.",
            response.status,
            body=_error_object(text, target.api_key),
            retry_after=_retry_after(response.headers.get("Retry-After", ""), target.api_key),
        )

    async def _read_bounded(self, response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
        """Returns at most `bytes_max` of a body, what arrived of it if it breaks off, and is done with it."""
        pieces: list[bytes] = []
        left = bytes_max
        try:
            async with asyncio.timeout(self._silence_seconds):
                while left and (piece := await response.content.read(left)):
                    pieces.append(piece)
                    left -= len(piece)
        except (aiohttp.ClientError, OSError):
            pass
        finally:
            response.close()
        return b"".join(pieces)


def _read_page(text: bytes, target: ProviderTarget) -> tuple[list[str], str]:
    """Returns ids, and behind which one the next page begins, as Anthropic has it: "" where there is none.

    What cannot be printed is no name: a NUL or half a surrogate pair could be neither kept nor asked for.
    """
    try:
        if text.count(b",") + text.count(b"[") + text.count(b"{") > MODELS_VALUES_MAX:
            raise ValueError("It would take seconds to read, and hold everybody up.")
        page = json.loads(text)
        names = [name for row in page["data"][:MODELS_MAX] if (name := str(row["id"])).isprintable()]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ProviderFailed(f"The provider {target.name} answered with no list of models.") from None
    last = page.get("last_id") if page.get("has_more") is True and names else None
    return names, last if isinstance(last, str) and last.isprintable() else ""


def _retry_after(said: str, api_key: str | None) -> str | None:
    """Returns a `Retry-After` as it is passed on: seconds or a date, and nothing else that an upstream may write there.

    Cleaned like a body: a key of digits is no time.
    """
    said = said.strip()
    return said if _RETRY_AFTER.fullmatch(said) and clean_text(said, api_key) == said else None


def _error_object(text: bytes, api_key: str | None) -> dict[str, object] | None:
    """Returns what a failed answer's JSON says, cleaned of secrets; None if it is none or says nothing."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = answer.get("error", answer) if isinstance(answer, dict) else answer
    if not isinstance(found, dict):
        found = {"error": found}
    return clean_object(found, api_key) if isinstance(answer, (dict, list, str)) else None

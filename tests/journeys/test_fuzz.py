"""Nonsense at every handler and every route: nothing falls over, and nothing that is somebody's changes.

What failed is said with its seed, which makes the same again.
"""

import asyncio
import inspect
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.journeys.nonsense import Nonsense
from tests.journeys.site import Site
from tests.journeys.strangers import (
    Victim,
    everything,
    handlers,
    make_rival_key,
    of_victim,
    routes,
    send,
    socket,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

SEED = 14
EVENTS_OF_A_SOCKET = 50
SOCKETS_AT_ONCE = 4
FIELDS = ["user", "amount", "metadata", "model", "messages", "stream", "max_tokens", "n", "tools", "response_format",
          "stream_options", "url", "events", "customHeaders", "isActive", "overlapSeconds", "code", "email", "next",
          "name", "everywhere", "adding"]  # fmt: skip


async def _call_handlers(site: Site, seed: int, count: int, names: list[tuple[str, Any]]) -> None:
    nonsense = Nonsense(seed)
    async with socket(site, None if seed % 3 else nonsense.chance.choice(("x" * 43, "", "a;b"))) as (client, _heard):
        for _ in range(count):
            if not client.connected:
                return  # who sends what is too much is put out
            name, function = nonsense.chance.choice(names)
            wanted = [known for known in inspect.signature(function).parameters if known != "self"]
            payload = nonsense.object(wanted) if nonsense.chance.random() < 0.9 else nonsense.value()
            await send(client, name, payload, nonsense.chance.choice(("/wallet/", "/signin/", nonsense.text())))
        await asyncio.sleep(0.2)


async def test_no_event_falls_over_or_changes_anything(
    site: Site, victim: Victim, amount: Callable[[str], int]
) -> None:
    count, before, known = amount("page-events"), everything(), handlers()
    logged = len(site.log.read_bytes())
    waiting = iter(range(SEED, SEED + count // EVENTS_OF_A_SOCKET))

    async def some() -> None:
        for seed in waiting:
            await _call_handlers(site, seed, EVENTS_OF_A_SOCKET, known)

    await asyncio.gather(*(some() for _ in range(SOCKETS_AT_ONCE)))
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{site.base_url}/healthz")).status_code == 200
    assert everything() == before
    said = site.log.read_bytes()[logged:].decode(errors="replace")
    assert "Traceback" not in said and "step=event" not in said, said[-4_000:]


def quoted(nonsense: Nonsense, characters: int) -> str:
    """Returns a text as it can stand in an address."""
    return quote(nonsense.text()[:characters].encode("utf-8", "surrogatepass"), safe="")


async def _request(client: httpx.AsyncClient, base_url: str, seed: int, key: str | None) -> tuple[int, str, str]:
    """Sends one request of nonsense, and returns its status and what it was."""
    nonsense = Nonsense(seed)
    method, path = nonsense.chance.choice(routes())
    if nonsense.chance.random() < 0.1:
        method = nonsense.method()
    filled = re.sub(r"\{[^}]*\}", lambda _found: quoted(nonsense, 200), path)
    query = "&".join(f"{name}={quoted(nonsense, 500)}" for name in nonsense.chance.sample(FIELDS, 2))
    headers = [*nonsense.headers(), (b"Authorization", b"Bearer " + key.encode())] if key else nonsense.headers()
    body = nonsense.body(FIELDS) if method not in ("GET", "HEAD") else b""
    try:
        answer = await client.request(method, f"{base_url}{filled}?{query}", headers=headers, content=body)
    except httpx.TransportError:
        return 0, f"seed {seed}: {method} {filled}", ""  # a connection that is closed answers nothing, and harms nobody
    return answer.status_code, f"seed {seed}: {method} {filled} → {answer.status_code}", answer.text[:300]


async def test_no_request_falls_over_or_changes_anything(
    site: Site, victim: Victim, amount: Callable[[str], int]
) -> None:
    count, before, rival = amount("page-requests"), everything(), make_rival_key()
    async with httpx.AsyncClient(timeout=60) as client:
        for key, share in ((None, count // 2), (rival, count - count // 2)):
            first = SEED if key is None else SEED + count
            fallen = []
            for seed in range(first, first + share, 8):
                seeds = range(seed, min(seed + 8, first + share))
                for status, what, said in await asyncio.gather(
                    *(_request(client, site.base_url, number, key) for number in seeds)
                ):
                    if status >= 500:
                        fallen.append((what, said))
            assert not fallen, fallen
            if key is None:
                assert everything() == before
    assert of_victim(everything(), victim) == of_victim(before, victim)
    assert site.audit() == "The books balance."


def test_the_same_seed_is_the_same_nonsense() -> None:
    first, second = Nonsense(SEED), Nonsense(SEED)
    assert [str(first.value()) for _ in range(50)] == [str(second.value()) for _ in range(50)]

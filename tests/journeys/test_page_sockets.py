"""What a stranger can send to the sockets of pages: nothing of it stops the server, fills it, or lands in its log."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.journeys.site import METRICS_TOKEN, Site
from tests.journeys.sockets import BOOT, cpu_seconds, event, heard_until, opening, raw
from tests.journeys.strangers import handlers, sign_in, states

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

BUSY_SECONDS_MAX, ANSWER_SECONDS_MAX = 1.0, 15.0
"""Without its bounds a flood kept the server at work for seconds before it answered; a busy machine lets it wait."""
FLOOD = 250
"""How many messages a socket sends at once."""
FORGED = "\n2026-01-01 level=error event=paid amount=1000000\r\x1b[2J"
HOSTILE: tuple[Any, ...] = (
    {}, None, [], "x", 7, {"info": '", ' * 10_000, "component_stack": "y"}, {"vars": {"a.b": FORGED}},
    {"value": True}, {"var_name": "is_hydrated", "value": True}, {"form": {"a": {"b": {"c": "d"}}}},
    {"amount": "9" * 30_000}, {"cap": FORGED}, {"identity_id": ["x"] * 5_000}, {"hashes": ["x" * 60] * 400},
)  # fmt: skip


@asynccontextmanager
async def answering(site: Site) -> AsyncIterator[None]:
    """Asks how the server is all the while, and fails if it once did too much else first, or took too long."""
    slowest, busiest, is_over = 0.0, 0.0, False

    async def ask() -> None:
        nonlocal slowest, busiest
        async with aiohttp.ClientSession() as client:
            while not is_over:
                started, used = time.perf_counter(), cpu_seconds(site)
                async with client.get(f"{site.base_url}/healthz") as answer:
                    assert answer.status == 200
                slowest = max(slowest, time.perf_counter() - started)
                busiest = max(busiest, cpu_seconds(site) - used)
                await asyncio.sleep(0.02)

    asking = asyncio.create_task(ask())
    yield
    is_over = True
    await asking
    assert busiest < BUSY_SECONDS_MAX, f"an answer waited for {busiest:.3f} s of other work"
    assert slowest < ANSWER_SECONDS_MAX, f"an answer took {slowest:.3f} s"


async def dropped(site: Site) -> float:
    """Returns how many messages and sockets were dropped, as the metrics count them."""
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    async with aiohttp.ClientSession() as client, client.get(f"{site.base_url}/metrics", headers=headers) as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("coinslot_socket_dropped_total{"))


async def test_every_handler_of_every_state_with_hostile_payloads_keeps_nobody_waiting(site: Site) -> None:
    names = [name for name, _ in handlers()] + [f"{state.get_full_name()}.{word}" for state in states()
                                                for word in ("setvar", "reset", "_visitor", "__init__")]  # fmt: skip
    assert any(name.endswith("handle_frontend_exception") for name in names) and len(names) > 80
    before, sent = await dropped(site), FLOOD * len(HOSTILE)
    # A socket is heard for its first messages alone: what each payload begins with, others end with.
    part, around = -(-len(names) // len(HOSTILE)), names * 2
    async with answering(site):
        for number, payload in enumerate(HOSTILE):
            async with raw(site) as socket:
                await socket.send_str(opening("/signin/"))
                await heard_until(socket, "40/_event")
                for name in around[number * part :][:FLOOD]:
                    await socket.send_str(event(name, payload))
                await socket.send_str("3")
    assert await dropped(site) - before > sent / 2
    assert not [line for line in site.log.read_text().splitlines() if "step=event" in line]


@pytest.mark.parametrize(
    "said",
    [
        ["0", "2", "5", "6", "4", "x" * 1_000], ["40/admin,{}", "40,", "42[]", "40/_event,[]"],
        ["42/_event,[" + "[" * 15_000], ['42/_event,["client_error",{"message":"' + "x" * 20_000 + '"}]'] * 30,
        ["451-/_event,[]"] * 30, ["43/_event,1[]"] * 30, ['42/_event,["ping"]'] * 100, ["3"] * 3_000, [""] * 3_000,
    ],
    ids=["engine", "namespaces", "deep", "client-error", "binary", "acks", "pings", "beats", "empty"],
)  # fmt: skip
async def test_other_words_of_the_protocol_are_dropped(site: Site, said: list[str]) -> None:
    async with answering(site), raw(site) as socket:
        await socket.send_str(opening("/signin/"))
        await heard_until(socket, "40/_event")
        for text in said:
            await socket.send_str(text)
        await socket.send_bytes(b"\x00" * 1_000)
        await socket.send_str(event(BOOT, {}, "/signin/"))
        await heard_until(socket, '"step')


async def test_a_message_above_the_limit_ends_its_socket_and_nothing_else(site: Site) -> None:
    async with answering(site), raw(site) as socket:
        await socket.send_str(opening("/signin/"))
        await heard_until(socket, "40/_event")
        await socket.send_str("x" * 900_000)
        async with asyncio.timeout(10):
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert socket.close_code in (1009, 1006)


@pytest.mark.parametrize("path", ["/_event/?EIO=4&transport=polling", "/_event", "/_upload", "/_upload/x", "/_health",
                                  "/ping", "/auth-codespace", "/_all_routes", "/_event/?EIO=4"])  # fmt: skip
async def test_the_frameworks_own_routes_are_not_there(site: Site, path: str) -> None:
    async with aiohttp.ClientSession() as client:
        for method in ("GET", "POST"):
            async with client.request(method, site.base_url + path) as answer:
                assert answer.status == 404, await answer.text()


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_another_sites_page_opens_no_socket(site: Site, headers: dict[str, str]) -> None:
    url = f"{site.base_url}/_event/?token={uuid.uuid4()}&EIO=4&transport=websocket"
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(url, headers=headers)


async def test_watch_called_300_times_is_one_loop_that_ends_with_its_socket(site: Site, at_home: None) -> None:
    _person, cookie = await sign_in(site, f"watcher-{uuid.uuid4().hex[:8]}@example.org")
    watch = next(name for name, _ in handlers() if name.endswith("wallet_state.watch"))
    async with answering(site):
        for _ in range(2):
            async with raw(site, cookie) as socket:
                await socket.send_str(opening())
                await heard_until(socket, '"ready"')
                for _ in range(300):
                    await socket.send_str(event(watch, {}))
                await asyncio.sleep(0.3)
        used = list[float]()
        while len(used) < 20 and min(used, default=1) > 0.3:  # a slow machine has what came before still to do
            before = cpu_seconds(site)
            await asyncio.sleep(2)
            used.append(cpu_seconds(site) - before)
        assert min(used) < 0.3, f"loops that nobody looks at go on: {used}"


async def test_strangers_words_are_in_the_log_escaped_short_and_seldom(site: Site) -> None:
    before = site.log.stat().st_size
    for _ in range(6):
        async with raw(site) as socket:
            await socket.send_str(opening("/signin/"))
            await heard_until(socket, "40/_event")
            for number in range(10):
                await socket.send_str(event(f"no.such.{number}{FORGED}", {"x": FORGED * 500}))
                await socket.send_str(f'42/_event,["client_error",{json.dumps({"message": FORGED * 300})}]')
            with pytest.raises((TimeoutError, AssertionError)):
                await heard_until(socket, "never", 0.3)
    written = site.log.read_bytes()[before:].decode()
    assert len(written) < 5_000 and "\x1b" not in written and "amount=1000000" not in written


async def test_no_state_is_on_the_disk_and_no_cookie_in_any_file(site: Site, at_home: None) -> None:
    _person, cookie = await sign_in(site, f"disk-{uuid.uuid4().hex[:8]}@example.org")
    async with raw(site, cookie) as socket:
        await socket.send_str(opening("/settings/"))
        heard = await heard_until(socket, '"ready"')
    assert cookie not in heard and "coinslot_session" not in heard
    pages = (site.data / "web").resolve()
    files = [path for folder in (site.data, pages) for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".pkl" or path.parent.name == "states"]
    own = [path for path in files if site.data in path.parents and "web" not in path.relative_to(site.data).parts]
    assert own and not [path for path in own if cookie.encode() in path.read_bytes()]


async def test_a_doubled_tab_is_told_its_own_token_and_works(site: Site) -> None:
    token = str(uuid.uuid4())
    async with raw(site, token=token) as first, raw(site, token=token) as second:
        for socket in (first, second):
            await socket.send_str(opening("/signin/"))
        assert "new_token" not in await heard_until(first, '"step')
        heard = await heard_until(second, '"step')
        assert "new_token" in heard and token not in heard.split("new_token")[1][:60]


async def test_a_page_that_comes_back_shows_itself_again(site: Site, at_home: None) -> None:
    _person, cookie = await sign_in(site, f"back-{uuid.uuid4().hex[:8]}@example.org")
    token = str(uuid.uuid4())
    for _ in range(3):
        async with raw(site, cookie, token) as socket:
            await socket.send_str(opening())
            await heard_until(socket, '"ready"')
    async with raw(site, token=token) as socket:
        await socket.send_str(opening())
        heard = await heard_until(socket, "_redirect")
    assert "back-" not in heard, "what one session saw is not told to the next"


async def test_a_session_that_ends_elsewhere_takes_its_open_pages_along(site: Site, at_home: None) -> None:
    from app import db
    from app.domain.people import sessions

    person, cookie = await sign_in(site, f"ends-{uuid.uuid4().hex[:8]}@example.org")
    async with raw(site, cookie) as socket:
        await socket.send_str(opening())
        await heard_until(socket, '"ready"')
        with db.transaction() as session:
            sessions.revoke_session(session, person.account_id, person.session_id)
        await heard_until(socket, "/signin/")


async def test_one_peer_has_so_many_sockets_and_others_are_refused(site: Site) -> None:
    from app import settings

    most = settings.get().sockets_of_address_max
    url = f"{site.base_url}/_event/?EIO=4&transport=websocket&token="
    async with answering(site), aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        # All at once: the first are dropped for their silence where the last come late.
        opened = await asyncio.gather(*(client.ws_connect(url + str(uuid.uuid4())) for _ in range(most)))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(url + str(uuid.uuid4()))
        await asyncio.gather(*(socket.close() for socket in opened))

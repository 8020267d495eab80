"""Whether chat keeps its pace while somebody reads their dashboard ten times a second.

`uv run python -m tests.bench.beside [--requests 200000] [--seconds 10] [--rounds 3] [--postgres]`. Coinslot with its
pages runs on one core, on a database that tests/bench/seed.py filled; load, mock upstream, the reader and PostgreSQL
have the other. Each round loads chat at 64 connections once alone and once while tabs of its developer are led from
page to page, ten times a second together: the dashboard, and overview and analytics of the very paywall that is
chatting. A page counts once it has been read and sent. What is wanted is a ratio of 0.9.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import aiohttp
import httpx

from app import db, settings
from app.domain.money import NANOS, Environment
from app.domain.paywalls import keys
from app.domain.paywalls.members import set_owner
from app.domain.paywalls.provider import ProviderSetting
from app.domain.people.accounts import email_identity, enter
from app.domain.people.sessions import open_session
from app.domain.pricing.price_book import NewPrice
from app.flows.upkeep import rollups
from app.web.frame import routes
from app.web.pages import PAGES
from tests.bench.drive import Driver, Load, Target
from tests.bench.processes import OTHER_CORE, USERS, coinslot, here_on, postgresql, upstream
from tests.bench.seed import FULL, seed
from tests.journeys.sockets import event, heard_until, opening, socket_of
from tests.support.books import editing, set_price

CONNECTIONS, READS_A_SECOND, RATIO_WANTED = 64, 10, 0.9
TABS = 25
"""Each may have its page read every other second (`READ` of app/api/wire/page_sockets.py); what is more is dropped."""
UNREAD_SECONDS_MAX = 15
READ = '"phase_rx_state_":"ready"'
PAYWALL = "/paywalls/[paywall]"


class Prepared(NamedTuple):
    """The paywall that chats and is read, its key, and the cookie of whoever owns it."""

    paywall_id: str
    key: str
    cookie: str


def prepare(data: Path, requests: int, upstream_url: str, database: Mapping[str, str]) -> Prepared:
    """Fills a database, whose default paywall is answered for by the mock from now on."""
    data.mkdir()
    settings.configure(data=data, **database)
    db.migrate()
    paywall_id = seed(replace(FULL, requests=requests, users=max(requests // 100, 1))).paywalls[0]

    async def count() -> None:
        while await rollups.count():
            pass
        await rollups.list_top()

    asyncio.run(count())
    key = keys.derive_key(Environment.SANDBOX, settings.get().secrets[0], paywall_id)
    with db.transaction() as session:
        account_id, _ = enter(session, (email_identity("bench@example.org"),))
        set_owner(session, paywall_id, account_id)
        with editing(session, paywall_id) as edition:
            mock = ProviderSetting("upstream", f"{upstream_url}/v1")
            edition.configuration = replace(edition.configuration, providers=(mock,))
        set_price(session, paywall_id, NewPrice("mock", NANOS, 2 * NANOS))
        keys.add_key(session, paywall_id, key)
        cookie = open_session(session, account_id, "email", "bench@example.org", "bench", "127.0.0.1")
    db.dispose()
    return Prepared(paywall_id, key, cookie)


def steps_of(paywall_id: str) -> Sequence[str]:
    """Returns what a tab says when it is led to each of the pages that are read in turn."""
    watch = {page.route: f"{page.on_load.state_full_name}.{page.on_load.fn.__name__}" for page in PAGES if page.on_load}
    # Never twice the same page: one that stays says nothing of having been read when only its query is another.
    asked = ((routes.DASHBOARD, ""), (f"{PAYWALL}/analytics", ""), (f"{PAYWALL}/overview", ""),
             (f"{PAYWALL}/analytics", "?by=user"), (routes.DASHBOARD, ""),
             (f"{PAYWALL}/analytics", "?by=model&and=day"))  # fmt: skip
    return [event(watch[route], {}, f"{route.replace('[paywall]', paywall_id)}/{query}") for route, query in asked]


async def lead(tab: aiohttp.ClientWebSocketResponse, steps: Sequence[str], first: int, took: list[float]) -> None:
    """Leads a tab from page to page at its part of the pace, until it is cut."""
    number, pause = first, TABS / READS_A_SECOND
    following = time.perf_counter() + first * pause / TABS
    while True:
        await asyncio.sleep(max(following - time.perf_counter(), 0))
        begun = time.perf_counter()
        await tab.send_str(steps[number % len(steps)])
        await heard_until(tab, READ, UNREAD_SECONDS_MAX)
        took.append(time.perf_counter() - begun)
        number, following = number + 1, following + pause


async def load(target: Target, seconds: float) -> float:
    """Returns how many chats a second were answered."""
    begun = time.perf_counter()
    samples = await Driver(target, Load(concurrency=CONNECTIONS, seconds=seconds)).run()
    bad = sum(1 for sample in samples if sample.status != 200)
    if bad:
        print(f"{bad} of {len(samples)} chats failed", flush=True)
    return (len(samples) - bad) / (time.perf_counter() - begun)


async def load_beside(target: Target, base_url: str, made: Prepared, seconds: float, took: list[float]) -> float:
    """Returns how many chats a second were answered while tabs were led from page to page."""
    steps = steps_of(made.paywall_id)
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(socket_of(base_url, made.cookie)) for _ in range(TABS)]
        for tab in tabs:
            await tab.send_str(opening("/dashboard/"))
            await heard_until(tab, READ, 60)
        reading = [asyncio.ensure_future(lead(tab, steps, number, took)) for number, tab in enumerate(tabs)]
        found = await load(target, seconds)
        for one in reading:
            one.cancel()
        ended = await asyncio.gather(*reading, return_exceptions=True)
        if failed := [one for one in ended if not isinstance(one, asyncio.CancelledError)]:
            print(f"{len(failed)} tabs failed: {failed[0]!r}", flush=True)
    return found


async def measure(target: Target, base_url: str, made: Prepared, seconds: float, rounds: int) -> None:
    await load(target, 2)
    alone, beside, took = [], [], list[float]()
    for number in range(rounds):
        alone.append(await load(target, seconds))
        beside.append(await load_beside(target, base_url, made, seconds, took))
        print(f"round {number + 1}: {alone[-1]:,.0f} chats a second alone, {beside[-1]:,.0f} beside reads", flush=True)
    ratio = statistics.median(beside) / statistics.median(alone)
    reads = sorted(took)
    print(f"{len(reads) / (seconds * rounds):.1f} reads a second, p95 {reads[int(len(reads) * 0.95)] * 1_000:.0f} ms;"
          f" chat keeps {ratio:.2f} of its pace, {RATIO_WANTED} is wanted")  # fmt: skip


def fund(base_url: str, key: str) -> None:
    """Gives the users of the load money in the paywall that they chat in."""
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for number in range(USERS):
            body = {"user": f"user-{number}", "amount": "100000"}
            client.post(f"{base_url}/user/balance/deposit", json=body).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, upstream() as mock, ExitStack() as stack:
        data, database = Path(temporary) / "data", dict[str, str]()
        if chosen.postgres:
            database = {"database_url": stack.enter_context(postgresql(Path(temporary)))[0]("beside")}
        made = prepare(data, chosen.requests, mock, database)
        environment = {f"COINSLOT_{name.upper()}": value for name, value in database.items()}
        running = coinslot("Coinslot", data, mock, environment=environment, has_pages=True)
        with running as (target, found), here_on(OTHER_CORE):
            fund(found["api_base"], made.key)
            asked = replace(target, key=made.key)
            asyncio.run(measure(asked, found["base_url"], made, chosen.seconds, chosen.rounds))


if __name__ == "__main__":
    main()

"""Whether chat keeps its pace while somebody reads analytics ten times a second.

`uv run python -m tests.bench.beside [--requests 200000] [--seconds 10] [--rounds 3]`. Coinslot runs on one core, on a
SQLite database that tests/bench/seed.py filled; load, mock upstream and the reader have the other. Each round loads
chat at 64 connections once alone and once while the reader asks that same process for sums by day, by model and day,
and by key and day, each a file that is read as the page reads it. What is wanted is a ratio of 0.9.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import httpx

from app import db, settings
from app.domain.paywalls.members import set_owner
from app.domain.people.accounts import email_identity, enter
from app.domain.people.sessions import open_session
from app.flows.upkeep import rollups
from tests.bench.drive import Driver, Load, Target
from tests.bench.processes import OTHER_CORE, coinslot, here_on, upstream
from tests.bench.seed import FULL, seed

CONNECTIONS, READS_A_SECOND, RATIO_WANTED = 64, 10, 0.9


def prepare(data: Path, requests: int) -> tuple[str, str]:
    """Fills a database, and returns what was seeded there and the cookie of whoever owns it."""
    data.mkdir()
    settings.configure(data=data)
    db.migrate()
    paywall_id = seed(replace(FULL, requests=requests, users=max(requests // 100, 1))).paywalls[0]

    async def count() -> None:
        while await rollups.count():
            pass
        await rollups.list_top()

    asyncio.run(count())
    with db.transaction() as session:
        account_id, _ = enter(session, (email_identity("bench@example.org"),))
        set_owner(session, paywall_id, account_id)
        cookie = open_session(session, account_id, "email", "bench@example.org", "bench", "127.0.0.1")
    db.dispose()
    return paywall_id, cookie


async def read_again_and_again(client: httpx.AsyncClient, addresses: list[str], took: list[float]) -> None:
    """Reads so often a second, one after the other, until it is cut."""
    following, number = time.perf_counter(), 0
    while True:
        begun = time.perf_counter()
        (await client.get(addresses[number % len(addresses)])).raise_for_status()
        took.append(time.perf_counter() - begun)
        number, following = number + 1, following + 1 / READS_A_SECOND
        await asyncio.sleep(max(following - time.perf_counter(), 0))


async def load(target: Target, seconds: float) -> float:
    """Returns how many chats a second were answered."""
    begun = time.perf_counter()
    samples = await Driver(target, Load(concurrency=CONNECTIONS, seconds=seconds)).run()
    bad = sum(1 for sample in samples if sample.status != 200)
    if bad:
        print(f"{bad} of {len(samples)} chats failed", flush=True)
    return (len(samples) - bad) / (time.perf_counter() - begun)


async def measure(target: Target, client: httpx.AsyncClient, addresses: list[str], seconds: float, rounds: int) -> None:
    await load(target, 2)
    alone, beside, took = [], [], list[float]()
    for number in range(rounds):
        alone.append(await load(target, seconds))
        reading = asyncio.ensure_future(read_again_and_again(client, addresses, took))
        beside.append(await load(target, seconds))
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        print(f"round {number + 1}: {alone[-1]:,.0f} chats a second alone, {beside[-1]:,.0f} beside reads", flush=True)
    ratio = statistics.median(beside) / statistics.median(alone)
    reads = sorted(took)
    print(f"{len(reads) / (seconds * rounds):.1f} reads a second, p95 {reads[int(len(reads) * 0.95)] * 1_000:.0f} ms;"
          f" chat keeps {ratio:.2f} of its pace, {RATIO_WANTED} is wanted")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        paywall_id, cookie = prepare(data, chosen.requests)
        with upstream() as mock, coinslot("Coinslot", data, mock) as (target, found), here_on(OTHER_CORE):
            base = f"{found['base_url']}/manage/paywalls/{paywall_id}/analytics.csv"
            last = time.strftime("%Y-%m-%d", time.gmtime())
            first = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 29 * 86_400))
            addresses = [f"{base}?first={first}&last={last}&by={by}" for by in ("day", "model&daily=1", "key&daily=1")]

            async def run() -> None:
                async with httpx.AsyncClient(cookies={"coinslot_session": cookie}, timeout=60) as client:
                    await measure(target, client, addresses, chosen.seconds, chosen.rounds)

            asyncio.run(run())


if __name__ == "__main__":
    main()

"""Measures the ledger: holds and settlements a second, group commit against one transaction an operation.

`uv run python -m tests.bench.ledger [--postgres URL] [--memory OPERATIONS]`. The other side is hand-written
SQL on the bare driver, with the same rows, keys and checks and nothing else, so that the ratio is not
flattered by a slow opponent. Only the ratios of one run mean something; the machine is shared.
"""

import argparse
import asyncio
import gc
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from app import db, settings
from app.commit_queue import CommitQueue
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.operations import Collected, Hold, Post, Settle, Split, Transfer
from app.domain.money import NANOS, Environment, Unit
from tests.bench.ledger_plain import Plain, PlainPostgres, PlainSqlite

CALLERS = (1, 16, 64, 256)
WALLETS = 200
OPERATIONS = {1: 2_000, 16: 12_000, 64: 24_000, 256: 24_000}
"""Holds and settlements for each number of callers."""

Story = Callable[[int, int], Awaitable[None]]
"""One hold and its settlement, by caller and round."""

WORLD = Account(Environment.SANDBOX, Unit.USD, Kind.WORLD, "custom")
REVENUE = Account(Environment.SANDBOX, Unit.USD, Kind.REVENUE, "pw")


def wallet(number: int) -> Account:
    return Account(Environment.SANDBOX, Unit.USD, Kind.WALLET, f"wal_{number % WALLETS}")


def split_of(account: Account) -> Split:
    def split(collected: Collected) -> list[Transfer]:
        parts = ((account.promo, collected.from_promo), (account, collected.from_wallet))
        return [Transfer(part, REVENUE, amount, "charge") for part, amount in parts if amount]

    return split


async def run(story: Story, callers: int, operations: int) -> tuple[float, list[float]]:
    """Returns operations a second, and the milliseconds that each took its caller."""
    rounds = operations // (2 * callers)
    latencies_ms: list[float] = []

    async def caller(number: int) -> None:
        for turn in range(rounds):
            began = time.perf_counter()
            await story(number, turn)
            latencies_ms.append((time.perf_counter() - began) * 500)

    began = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(callers)))
    return 2 * rounds * callers / (time.perf_counter() - began), latencies_ms


def queue_story(queue: CommitQueue, name: str) -> Story:
    async def story(caller: int, turn: int) -> None:
        hold_id = f"hold:{name}:{caller}:{turn}"
        account = wallet(caller)
        await queue.commit(Hold(hold_id, account, most=2_000, least=1_000, bound=5_000, owner="bench"))
        settled = await queue.commit(Settle(hold_id, 1_500, split_of(account)))
        assert settled.amount == 1_500

    return story


def plain_story(plain: Plain, name: str) -> Story:
    async def story(caller: int, turn: int) -> None:
        hold_id = f"plain:{name}:{caller}:{turn}"
        loop, account_id = asyncio.get_running_loop(), wallet(caller).id
        await loop.run_in_executor(plain.threads, plain.hold, hold_id, account_id, 2_000)
        await loop.run_in_executor(plain.threads, plain.settle, hold_id, account_id, REVENUE.id, 1_500)

    return story


async def fill(queue: CommitQueue) -> None:
    deposits = (Post(f"deposit:{n}", (Transfer(WORLD, wallet(n), 10**6 * NANOS, "deposit"),)) for n in range(WALLETS))
    await asyncio.gather(*(queue.commit(deposit) for deposit in deposits))
    await queue_story(queue, "warm")(0, 0)


async def compare(database: str, plain: Plain) -> None:
    queue = CommitQueue(20_000, 500)
    queue.start()
    await fill(queue)
    print(f"\n{database}\ncallers   one each/s   p50 ms    group/s   p50 ms   p99 ms   times as many   latency")
    for callers in CALLERS:
        results = []
        for turn in range(2):
            name = f"{callers}:{turn}"
            results.append((
                await run(plain_story(plain, name), callers, OPERATIONS[callers] // (4 if callers > 1 else 1)),
                await run(queue_story(queue, name), callers, OPERATIONS[callers]),
            ))  # fmt: skip
        (slow, slow_ms), (fast, fast_ms) = (
            (statistics.mean(rate for rate, _ in side), sorted(ms for _, each in side for ms in each))
            for side in zip(*results, strict=True)
        )
        slow_p50, p50 = statistics.median(slow_ms), statistics.median(fast_ms)
        p99 = fast_ms[int(len(fast_ms) * 0.99)]
        print(f"{callers:7} {slow:12,.0f} {slow_p50:8.2f} {fast:10,.0f} {p50:8.2f} {p99:8.2f} {fast / slow:15.1f}"
              f" {p50 / slow_p50:9.2f}", flush=True)  # fmt: skip
    await queue.drain()
    plain.close()


async def watch_memory(operations: int) -> None:
    """Prints the process's memory while it applies operations; it is flat if nothing is kept."""
    queue = CommitQueue(20_000, 500)
    queue.start()
    await fill(queue)
    steps = 20
    for step in range(1, steps + 1):
        rate, _ = await run(queue_story(queue, f"memory:{step}"), 256, operations // steps)
        gc.collect()
        print(f"{step * operations // steps:>10,} operations {rate:>10,.0f}/s  {resident_mb():7.1f} MB", flush=True)
    await queue.drain()


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", help="URL of an empty PostgreSQL database")
    parser.add_argument("--memory", type=int, default=0, help="how many operations to watch the memory over")
    parser.add_argument("--skip-sqlite", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings.configure(data=Path(folder))
        if not chosen.skip_sqlite:
            measure("SQLite", PlainSqlite(Path(folder) / "coinslot.db"), chosen.memory)
        if chosen.postgres:
            settings.configure(data=Path(folder), database_url=chosen.postgres)
            measure("PostgreSQL", PlainPostgres(chosen.postgres), chosen.memory)


def measure(database: str, plain: Plain, memory_operations: int) -> None:
    db.migrate()
    asyncio.run(compare(database, plain))
    if memory_operations:
        asyncio.run(watch_memory(memory_operations))
    db.dispose()


if __name__ == "__main__":
    main()

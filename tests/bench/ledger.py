"""Measures the ledger: holds and settlements a second, group commit against one transaction an operation.

`uv run python -m tests.bench.ledger [--postgres URL] [--memory OPERATIONS] [--share 0.1]`. The other sides are
hand-written SQL with the same rows and keys and fewer checks, through `app.db` and on the bare driver, so that the
ratio is not flattered by a slow opponent. Only the ratios of one run mean something; the machine is shared.
"""

import argparse
import asyncio
import gc
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app import db, settings
from app.commit_queue import CommitQueue
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.operations import Collected, Hold, Post, Settle, Split, Transfer
from app.domain.money import NANOS, Environment, Unit
from tests.bench.ledger_plain import Plain, PlainHere, PlainPostgres, PlainSqlite

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


@dataclass(frozen=True)
class Measured:
    """One side of the comparison."""

    rate: float
    p50_ms: float
    p99_ms: float


async def compare(database: str, bare: Plain, share: float) -> None:
    """Runs all sides in turns, twice for each number of callers, and prints a line for each number."""
    queue, here = CommitQueue(20_000, 500), PlainHere()
    queue.start()
    await fill(queue)
    print(
        f"\n{database}: hold or settle, operations a second and milliseconds at p50 (p99)\n"
        "callers   bare driver      one transaction each   group commit              x driver   x each   latency / each"
    )
    for callers in CALLERS:
        many = max(2 * callers, round(OPERATIONS[callers] * share))
        few = max(2 * callers, many // (4 if callers > 1 else 1))
        runs: list[list[tuple[float, list[float]]]] = [[], [], []]
        for turn in range(2):
            name = f"{callers}:{turn}"
            runs[0].append(await run(plain_story(bare, f"bare:{name}"), callers, few))
            runs[1].append(await run(plain_story(here, f"here:{name}"), callers, few))
            runs[2].append(await run(queue_story(queue, name), callers, many))
        driver, each, group = map(summed_up, runs)
        print(
            f"{callers:7} {driver.rate:9,.0f} {driver.p50_ms:7.2f} {each.rate:14,.0f} {each.p50_ms:7.2f}"
            f" {group.rate:14,.0f} {group.p50_ms:6.2f} ({group.p99_ms:6.2f}) {group.rate / driver.rate:8.1f}"
            f" {group.rate / each.rate:8.1f} {group.p50_ms / each.p50_ms:10.2f}",
            flush=True,
        )
    await queue.drain()
    here.close()
    bare.close()


def summed_up(runs: Sequence[tuple[float, list[float]]]) -> Measured:
    latencies = sorted(ms for _, each in runs for ms in each)
    p99 = latencies[int(len(latencies) * 0.99)]
    return Measured(statistics.mean(rate for rate, _ in runs), statistics.median(latencies), p99)


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
    parser.add_argument("--share", type=float, default=1.0, help="of the operations: less is quicker, and less sure")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings.configure(data=Path(folder))
        if not chosen.skip_sqlite:
            measure("SQLite", PlainSqlite(Path(folder) / "coinslot.db"), chosen)
        if chosen.postgres:
            settings.configure(data=Path(folder), database_url=chosen.postgres)
            measure("PostgreSQL", PlainPostgres(chosen.postgres), chosen)


def measure(database: str, plain: Plain, chosen: argparse.Namespace) -> None:
    db.migrate()
    asyncio.run(compare(database, plain, chosen.share))
    if chosen.memory:
        asyncio.run(watch_memory(chosen.memory))
    db.dispose()


if __name__ == "__main__":
    main()

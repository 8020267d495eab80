"""How quick the reads of a dashboard are on a seeded database, and how quick its requests are counted.

`uv run python -m tests.bench.dashboard --data /tmp/seeded [--database-url URL] [--rounds 50]`, of what
`tests/bench/seed.py` made. Every read is a connection of its own; the operating system's cache is as it is.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db, settings
from app.domain.paywalls.tables import PaywallRow
from app.domain.rollups import reading
from app.domain.usage.requests import TABLE
from app.flows.upkeep import rollups
from app.sql.columns import table_of

P95_MS_MAX = 200


def reads(paywalls: list[str]) -> Mapping[str, Callable[[Session], object]]:
    """Returns what pages ask, by the name of the page."""
    first = paywalls[0]

    def span(session: Session, days: int) -> Any:
        last = reading.today(session, first)
        return last - timedelta(days - 1), last

    return {
        "dashboard, all paywalls, 30 days": lambda s: reading.read_numbers(s, paywalls, *span(s, 30)),
        "overview, 7 days": lambda s: reading.read_numbers(s, [first], *span(s, 7)),
        "overview, 30 days": lambda s: reading.read_numbers(s, [first], *span(s, 30)),
        "overview, 90 days": lambda s: reading.read_numbers(s, [first], *span(s, 90)),
        "overview, 77 days": lambda s: reading.read_numbers(s, [first], *span(s, 77)),
        "chart, 30 days": lambda s: reading.read_days(s, first, *span(s, 30)),
        "chart, 90 days": lambda s: reading.read_days(s, first, *span(s, 90)),
        "one user, 90 days": lambda s: reading.read_user(s, first, "user-000001", *span(s, 90)),
        "top users, 30 days": lambda s: reading.read_top_users(s, first, 30),
    }


def measure(read: Callable[[Session], object], rounds: int) -> list[float]:
    """Returns the milliseconds of each of so many reads, the shortest first."""
    took = []
    for _ in range(rounds):
        db.engine().dispose()
        begun = time.perf_counter()
        with db.transaction(writes=False) as session:
            read(session)
        took.append((time.perf_counter() - begun) * 1_000)
    return sorted(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--database-url")
    parser.add_argument("--rounds", type=int, default=50)
    chosen = parser.parse_args()
    settings.configure(data=chosen.data, **({"database_url": chosen.database_url} if chosen.database_url else {}))
    asyncio.run(count())
    with db.transaction(writes=False) as session:
        paywalls = list(session.scalars(select(table_of(PaywallRow).c.id).order_by(table_of(PaywallRow).c.created_at)))
        requests = session.scalar(select(func.count()).select_from(TABLE)) or 0
    print(f"{requests:,} requests on {db.engine().dialect.name}, {chosen.rounds} reads of each\n")
    print(f"| {'read':<34} | median ms | p95 ms |\n|{'-' * 36}|----------:|-------:|")
    slow = []
    for name, read in reads(paywalls).items():
        took = measure(read, chosen.rounds)
        p95 = took[min(int(len(took) * 0.95), len(took) - 1)]
        print(f"| {name:<34} | {statistics.median(took):9.1f} | {p95:6.1f} |")
        if p95 > P95_MS_MAX:
            slow.append(name)
    print(f"\nOver {P95_MS_MAX} ms: {', '.join(slow) or 'none'}.")
    db.dispose()


async def count() -> None:
    """Counts what is due, lists the top users, and says how long that took."""
    begun, cpu, done = time.monotonic(), time.process_time(), 0
    while counted := await rollups.count():
        done += counted
    if done:
        seconds, used = time.monotonic() - begun, time.process_time() - cpu
        pace = f"{done / seconds:,.0f} a second, {used / done * 1e6:.0f} µs of CPU each"
        print(f"{done:,} counted in {seconds:.0f} s, {pace}")
    begun = time.monotonic()
    if await rollups.list_top():
        print(f"Top users listed in {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()

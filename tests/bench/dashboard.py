"""How quick every page with lists or sums is read on a seeded database, how a file of a million rows comes, and how
quick requests are counted.

`uv run python -m tests.bench.dashboard --data /tmp/seeded [--database-url URL] [--rounds 50] [--rows 1000000]`, of what
`tests/bench/seed.py` made. Every read is a connection of its own; the operating system's cache is as it is.
"""

import argparse
import asyncio
import resource
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app import db, settings
from app.api.manage import analytics as files
from app.api.manage import ledger as book_files
from app.api.v1.ledger import FIRST_BATCH
from app.domain.analytics.groups import Asked, By
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.paywall import Paywall
from app.domain.paywalls.tables import PaywallRow
from app.domain.people.sessions import Person
from app.domain.rollups import reading
from app.domain.rollups.sums import NAMES
from app.domain.rollups.tables import PaywallRollup, RollupUserDay
from app.domain.rollups.zones import day_number
from app.domain.usage.requests import TABLE
from app.domain.wallets.wallets import open_users
from app.flows.upkeep import rollups
from app.flows.wallets.books import Book, BookFilter, read_book
from app.flows.wallets.statement import LedgerPage, Position
from app.sql.columns import table_of
from tests.support.managing import own, person
from tests.support.page_reads import PageRead, Read, page_reads, reader_of

P95_MS_MAX = 200
FILE_ROWS, USERS_A_DAY = 1_000_000, 25_000


class Took(NamedTuple):
    """How many milliseconds a read took."""

    median: float
    p95: float


def measure(read: Read, rounds: int) -> list[float]:
    """Returns the milliseconds of each of so many reads, the shortest first, behind one that imports what it needs."""
    with db.transaction(writes=False) as session:
        read(session)
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
    parser.add_argument("--rows", type=int, default=FILE_ROWS)
    chosen = parser.parse_args()
    settings.configure(data=chosen.data, **({"database_url": chosen.database_url} if chosen.database_url else {}))
    asyncio.run(count())
    with db.transaction(writes=False) as session:
        paywalls = list(session.scalars(select(table_of(PaywallRow).c.id).order_by(table_of(PaywallRow).c.created_at)))
        made = session.scalar(select(func.count()).select_from(TABLE)) or 0
    owner = _hand_over(paywalls)
    print(f"{made:,} requests on {db.engine().dialect.name}, {chosen.rounds} reads of each\n")
    took = read_all(page_reads(reader_of(paywalls[0], owner, "user-000001", "acc_seed000001")), chosen.rounds)
    sum_up(took)
    print()
    asyncio.run(write_file(paywalls[0], chosen.rows))
    asyncio.run(write_books(paywalls[0]))
    db.dispose()


def read_all(pages: Mapping[str, PageRead], rounds: int) -> Mapping[str, list[Took]]:
    """Prints how long each read takes, and returns that by the page that reads."""
    print(f"| {'read':<42} | median ms | p95 ms |\n|{'-' * 44}|----------:|-------:|")
    found: dict[str, list[Took]] = defaultdict(list)
    for name, page in pages.items():
        times = measure(page.read, rounds)
        took = Took(statistics.median(times), times[min(int(len(times) * 0.95), len(times) - 1)])
        print(f"| {name:<42} | {took.median:9.1f} | {took.p95:6.1f} |", flush=True)
        found[page.route.replace("[paywall]", "…").replace("[user]", "…").replace("[token]", "…")].append(took)
    return found


def sum_up(pages: Mapping[str, list[Took]]) -> None:
    """Prints a line a page, with the slowest of its reads, and which pages are too slow."""
    print(f"\n| {'page':<24} | reads | median ms | p95 ms |\n|{'-' * 26}|------:|----------:|-------:|")
    for route, took in pages.items():
        slowest = max(took, key=lambda one: one.p95)
        print(f"| `{route}/`{' ' * (21 - len(route))} | {len(took):5} | {slowest.median:9.1f} | {slowest.p95:6.1f} |")
    slow = [route for route, took in pages.items() if max(one.p95 for one in took) > P95_MS_MAX]
    print(f"\nOver {P95_MS_MAX} ms: {', '.join(slow) or 'none'}.")


def _hand_over(paywalls: list[str]) -> Person:
    """Makes somebody the owner of what was seeded, and lists one of its users."""
    owner = person("bench@example.org")
    for paywall_id in paywalls:
        own(paywall_id, owner)
    with db.transaction() as session:
        open_users(session, [(paywalls[0], "user-000001")])
    return owner


async def write_file(paywall_id: str, rows: int) -> None:
    """Prints how a file of so many days of users comes."""
    first = date(1990, 1, 1)
    days = -(-rows // USERS_A_DAY)
    with db.transaction() as session:
        _fill(session, paywall_id, day_number(first), rows)
    asked = Asked((paywall_id,), first, first + timedelta(days), By.USER, By.DAY)
    books = await db.in_transaction(lambda session: reading.read_books(session, [paywall_id]))
    await _take("analytics", files.lines_of(asked, books))
    with db.transaction() as session:
        table = table_of(RollupUserDay)
        session.execute(table.delete().where(table.c.paywall_id == paywall_id, table.c.day < day_number(first) + days))


async def write_books(paywall_id: str) -> None:
    """Prints how the files of a ledger come: all of it, and what of it is of one user."""
    for name, wanted in (
        ("all wallets", BookFilter()), ("revenue", BookFilter(Book.REVENUE)),
        ("revenue of one user", BookFilter(Book.REVENUE, "user-000001")),
    ):  # fmt: skip
        await _take(name, _lines_of_book(paywall_id, wanted))


async def _lines_of_book(paywall_id: str, wanted: BookFilter) -> AsyncIterator[bytes]:
    def begin(session: Session) -> tuple[Paywall, LedgerPage]:
        paywall, _ = read_current(session, paywall_id)
        return paywall, read_book(session, paywall, wanted, Position(), FIRST_BATCH, book_files.most_of(wanted))

    paywall, page = await db.in_transaction(begin)
    async for part in book_files.lines_of(paywall, wanted, page):
        yield part


async def _take(name: str, parts: AsyncIterator[bytes]) -> None:
    """Prints how soon a file begins, how long it takes, and by how much memory grows at the most."""
    before, begun, lines, begins = _memory_mib(), time.perf_counter(), 0, 0.0
    most = before
    async for part in parts:
        lines += part.count(b"\n")
        most = max(most, _memory_mib())
        if lines > 1 and not begins:
            begins = (time.perf_counter() - begun) * 1_000
    seconds = time.perf_counter() - begun
    print(f"{name}: a file of {lines - 1:,} rows begins after {begins:.0f} ms, takes {seconds:.1f} s,"
          f" and memory grows by {most - before:.1f} MiB at the most.", flush=True)  # fmt: skip


def _fill(session: Session, paywall_id: str, first_day: int, rows: int) -> None:
    table, books = table_of(RollupUserDay), table_of(PaywallRollup)
    build = session.scalar(select(books.c.build).where(books.c.paywall_id == paywall_id))
    values = [
        {"paywall_id": paywall_id, "build": build, "day": first_day + number // USERS_A_DAY,
         "external_id": f"user-{number % USERS_A_DAY:06d}", **dict.fromkeys(NAMES, number % 1_000)}
        for number in range(rows)
    ]  # fmt: skip
    for place in range(0, rows, 50_000):
        session.execute(insert(table), values[place : place + 50_000])


def _memory_mib() -> float:
    """Returns what this process has of memory at the moment where the system says so, else the most that it had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return pages * resource.getpagesize() / (1 << 20)


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

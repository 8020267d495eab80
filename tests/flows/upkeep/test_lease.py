"""A process is alive as long as it says so."""

import asyncio
import os
import sys

import pytest

from app import db
from app.domain import clock
from app.domain.errors import Unavailable
from app.domain.leases import leases
from app.flows.upkeep import lease


def living() -> set[str]:
    with db.transaction(writes=False) as session:
        return leases.living_processes(session)


async def test_a_process_lives_until_it_ends(database: str) -> None:
    await lease.begin("one", 60)
    await lease.renew("one", 60)
    assert living() == {"one"}
    await lease.end("one")
    assert living() == set()


async def test_a_process_that_does_not_renew_is_gone(database: str) -> None:
    await lease.renew("one", 0)
    assert living() == set()
    assert 3 * lease.RENEWAL_SHARE < lease.LEASE_SHARE


async def test_on_sqlite_a_new_process_knows_that_the_others_are_gone(migrated_sqlite_url: str) -> None:
    await lease.renew("before", 60)
    await lease.begin("now", 60)
    assert living() == {"now"}


@pytest.mark.postgres
async def test_on_postgresql_several_live_beside_each_other(database: str) -> None:
    if db.is_sqlite():
        pytest.skip("SQLite has one process")
    await lease.begin("one", 60)
    await lease.begin("two", 60)
    assert living() == {"one", "two"}


async def test_a_lease_that_is_somebody_elses_cannot_be_renewed(database: str) -> None:
    with db.transaction() as session:
        leases.take(session, leases.PROCESS + "one", "somebody else", 60)
    with pytest.raises(Unavailable):
        await lease.renew("one", 60)


async def test_a_lease_runs_out_half_way_and_can_be_had_again(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await lease.begin("one", 60)
    start = clock.now()
    for seconds, expected in ((29, {"one"}), (31, set[str]())):
        later = start + seconds * clock.SECOND
        monkeypatch.setattr(clock, "now", lambda later=later: later)
        assert living() == expected
    await lease.renew("one", 60)
    assert living() == {"one"}


async def test_ending_somebody_elses_lease_changes_nothing(database: str) -> None:
    await lease.begin("one", 60)
    await lease.end("two")
    assert living() == {"one"}


async def test_leases_of_jobs_are_no_processes(database: str) -> None:
    with db.transaction() as session:
        assert leases.take(session, "job:fold", "one", 60)
    assert living() == set()


@pytest.mark.unhurried
async def test_a_second_process_on_the_same_sqlite_file_is_refused_and_harms_nobody(migrated_sqlite_url: str) -> None:
    await lease.begin("one", 60)
    code = "import asyncio; from app.flows.upkeep import lease; asyncio.run(lease.begin('two', 60))"
    environment = {**os.environ, "COINSLOT_DATABASE_URL": migrated_sqlite_url}
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await other.communicate()
    assert other.returncode != 0 and b"Unavailable: Another process is serving" in said
    assert living() == {"one"}


async def test_a_process_counts_those_that_live_beside_it_and_itself_at_least(database: str) -> None:
    assert await lease.count_living() == 1
    await lease.begin("first", 60)
    await lease.renew("second", 60)
    assert await lease.count_living() == 2
    await lease.end("second")
    assert await lease.count_living() == 1

"""A process is alive as long as it says so."""

import pytest

from app import db
from app.domain.errors import Unavailable
from app.domain.leases import leases
from app.flows import process_lease


def living() -> set[str]:
    with db.transaction(writes=False) as session:
        return leases.living_processes(session)


async def test_a_process_lives_until_it_ends(database: str) -> None:
    await process_lease.begin("one", 60)
    await process_lease.renew("one", 60)
    assert living() == {"one"}
    await process_lease.end("one")
    assert living() == set()


async def test_a_process_that_does_not_renew_is_gone(database: str) -> None:
    await process_lease.renew("one", 0)
    assert living() == set()
    assert 3 * process_lease.RENEWAL_SHARE < process_lease.LEASE_SHARE


async def test_on_sqlite_a_new_process_knows_that_the_others_are_gone(migrated_sqlite_url: str) -> None:
    await process_lease.renew("before", 60)
    await process_lease.begin("now", 60)
    assert living() == {"now"}


@pytest.mark.postgres
async def test_on_postgresql_several_live_beside_each_other(database: str) -> None:
    if db.is_sqlite():
        pytest.skip("SQLite has one process")
    await process_lease.begin("one", 60)
    await process_lease.begin("two", 60)
    assert living() == {"one", "two"}


async def test_a_lease_that_is_somebody_elses_cannot_be_renewed(database: str) -> None:
    with db.transaction() as session:
        leases.take(session, leases.PROCESS + "one", "somebody else", 60)
    with pytest.raises(Unavailable):
        await process_lease.renew("one", 60)

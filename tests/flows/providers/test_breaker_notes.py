"""What opens, is tried or closes is written down behind the request that learned it."""

import pytest

from app import db
from app.domain import clock
from app.domain.leases import leases
from app.domain.routing.breaker import BreakerName, Failure
from app.domain.routing.kept import list_open
from app.flows.providers.breaker_notes import noted_breakers
from app.flows.providers.breakers import Breakers
from app.keeper import Keeper

pytestmark = pytest.mark.plain_sql
A = BreakerName("own", "a", "operator")


def listed() -> list[tuple[str, bool]]:
    with db.transaction(writes=False) as session:
        return [(one.breaker.reason, one.breaker.probe_until is not None) for one in list_open(session)]


def fail(breakers: Breakers) -> None:
    permit = breakers.admit(A)
    assert permit is not None
    breakers.failed(A, permit, Failure("status_503"), is_first=True)


async def test_each_change_is_written_and_the_last_one_stays(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as session:
        leases.take(session, f"{leases.PROCESS}one", "one", 600)
    keeper = Keeper()
    breakers = noted_breakers(keeper, "one")
    for _ in range(2):
        fail(breakers)
    await keeper.drain(10)
    assert listed() == [], "what has only failed is not left alone"
    fail(breakers)
    await keeper.drain(10)
    assert listed() == [("status_503", False)]
    later = clock.now() + 31 * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: later)
    probe = breakers.admit(A)
    assert probe is not None
    await keeper.drain(10)
    assert listed() == [("status_503", True)]
    breakers.succeeded(A, probe, 100)
    await keeper.drain(10)
    assert listed() == []

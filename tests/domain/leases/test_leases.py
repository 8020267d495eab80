"""Leases: one owner at a time, and nobody lives longer than its lease."""

import threading

import pytest

from app import db
from app.domain import clock
from app.domain.leases import leases

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The time as a list of one, to be set."""
    time = [1_000 * clock.SECOND]
    monkeypatch.setattr(clock, "now", lambda: time[0])
    return time


def take(name: str, owner: str, seconds: float = 10) -> bool:
    with db.transaction() as session:
        return leases.take(session, name, owner, seconds)


def living() -> set[str]:
    with db.transaction(writes=False) as session:
        return leases.living_processes(session)


def test_a_lease_has_one_owner_until_it_ends(now: list[int]) -> None:
    assert take("job:x", "ada") and not take("job:x", "bob")
    now[0] += 10 * clock.SECOND
    assert not take("job:x", "bob")
    now[0] += 1
    assert take("job:x", "bob") and not take("job:x", "ada")


def test_an_owner_renews_its_own(now: list[int]) -> None:
    for _ in range(5):
        assert take("job:x", "ada")
        now[0] += 9 * clock.SECOND
    assert not take("job:x", "bob")


@pytest.mark.unhurried
def test_a_lease_is_given_up_by_its_owner_alone(now: list[int]) -> None:
    take("job:x", "ada")
    with db.transaction() as session:
        leases.give_up(session, "job:x", "bob")
    assert not take("job:x", "bob")
    with db.transaction() as session:
        leases.give_up(session, "job:x", "ada")
    assert take("job:x", "bob")


def test_processes_live_as_long_as_their_leases(now: list[int]) -> None:
    take("process:ada", "ada", 10)
    take("process:bob", "bob", 20.5)
    take("job:x", "cleo", 100)
    assert living() == {"ada", "bob"}
    now[0] += 15 * clock.SECOND
    assert living() == {"bob"}
    with db.transaction() as session:
        leases.declare_all_dead(session)
    assert living() == set()


def test_of_many_who_ask_at_once_one_gets_it() -> None:
    got: list[bool] = []
    threads = [threading.Thread(target=lambda owner=f"p{n}": got.append(take("job:x", owner))) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 11 + [True]

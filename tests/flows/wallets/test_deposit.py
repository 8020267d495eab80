"""A deposit is credited once for each key, in default mode only."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app import db
from app.domain.errors import KeyReused, WrongMode
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.usage.idempotency import claim
from app.domain.wallets.tables import Wallet
from app.domain.wallets.wallets import read_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.wallets.deposit import DepositAnswer, deposit
from tests.support.books import assert_books_balance, make_snapshot

pytestmark = pytest.mark.plain_sql


def posted(snapshot: Snapshot) -> int:
    with db.transaction(writes=False) as session:
        return read_balance(session, snapshot.wallet("ada")).posted_nanos


@pytest.mark.races
async def test_ten_at_once_with_one_key_are_one_deposit(database: str) -> None:
    snapshot = make_snapshot()
    claimed = claim("key", snapshot.paywall_id, "deposit", "ada", b"{}")
    answers = await asyncio.gather(*(deposit(snapshot, "ada", NANOS, {"a": 1}, claimed) for _ in range(10)))
    assert len({answer.id for answer in answers}) == 1
    assert sum(not answer.is_replay for answer in answers) == 1
    assert posted(snapshot) == NANOS
    with pytest.raises(KeyReused):
        other = claim("key", snapshot.paywall_id, "deposit", "ada", b"[]")
        await deposit(snapshot, "ada", NANOS, None, other)
    assert_books_balance()


@pytest.mark.unhurried
async def test_deposits_without_a_key_add_up(database: str) -> None:
    snapshot = make_snapshot()
    answers = [await deposit(snapshot, "ada", NANOS, None, None) for _ in range(3)]
    assert [answer.balance_formatted for answer in answers] == ["$1.00", "$2.00", "$3.00"]
    assert posted(snapshot) == 3 * NANOS
    assert_books_balance()


async def test_shared_mode_takes_no_deposits(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    with pytest.raises(WrongMode):
        await deposit(snapshot, "ada", NANOS, None, None)
    assert posted(snapshot) == 0


@pytest.mark.races
@pytest.mark.parametrize("step", [0, 1])
async def test_other_bodies_with_one_key_at_once_are_refused_but_for_the_first(database: str, step: int) -> None:
    snapshot = make_snapshot()
    answers = await asyncio.gather(
        *(
            deposit(
                snapshot, "ada", NANOS + step * n, None, claim("key", snapshot.paywall_id, "deposit", "ada", b"%d" % n)
            )
            for n in range(10)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, DepositAnswer) for answer in answers) == 1
    assert sum(isinstance(answer, KeyReused) for answer in answers) == 9, answers
    assert NANOS <= posted(snapshot) <= NANOS + 9
    assert_books_balance()


@pytest.mark.races
async def test_first_deposits_of_one_user_at_once_open_one_wallet(database: str) -> None:
    snapshot = make_snapshot()
    answers = await asyncio.gather(*(deposit(snapshot, "ada", NANOS, None, None) for _ in range(10)))
    assert len({answer.id for answer in answers}) == 10
    assert sorted(answer.balance_formatted for answer in answers)[-1] == "$9.00"
    assert posted(snapshot) == 10 * NANOS
    with db.transaction(writes=False) as session:
        assert session.scalar(select(func.count()).select_from(Wallet)) == 1
    assert_books_balance()


async def test_a_replay_says_what_the_first_said_whatever_came_between(database: str) -> None:
    snapshot = make_snapshot()
    claimed = claim("key", snapshot.paywall_id, "deposit", "ada", b"{}")
    first = await deposit(snapshot, "ada", NANOS, None, claimed)
    await deposit(snapshot, "ada", NANOS, None, None)
    again = await deposit(snapshot, "ada", NANOS, None, claimed)
    assert again == replace(first, is_replay=True) and posted(snapshot) == 2 * NANOS
    assert_books_balance()


@pytest.mark.unhurried
async def test_one_users_key_is_not_anothers(database: str) -> None:
    snapshot = make_snapshot()
    claims = {user: claim("key", snapshot.paywall_id, "deposit", user, b"{}") for user in ("ada", "bob")}
    answers = [await deposit(snapshot, user, NANOS, None, claimed) for user, claimed in claims.items()]
    assert [answer.is_replay for answer in answers] == [False, False]
    assert_books_balance()

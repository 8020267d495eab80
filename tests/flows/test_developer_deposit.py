"""A deposit is credited once for each key, in default mode only."""

import asyncio

import pytest

from app import db
from app.domain.errors import KeyReused, WrongMode
from app.domain.money import NANOS
from app.domain.paywalls.configuration import Mode
from app.domain.usage.idempotency import claim
from app.domain.wallets.wallets import read_balance
from app.flows.developer_deposit import deposit
from app.flows.snapshot import Snapshot
from tests.flows.books import assert_books_balance, make_snapshot


def posted(snapshot: Snapshot) -> int:
    with db.transaction(writes=False) as session:
        return read_balance(session, snapshot.wallet("ada")).posted_nanos


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


async def test_deposits_without_a_key_add_up(database: str) -> None:
    snapshot = make_snapshot()
    answers = [await deposit(snapshot, "ada", NANOS, None, None) for _ in range(3)]
    assert [answer.balance_formatted for answer in answers] == ["$1.00", "$2.00", "$3.00"]
    assert posted(snapshot) == 3 * NANOS
    assert_books_balance()


async def test_shared_mode_takes_no_deposits(database: str) -> None:
    with pytest.raises(WrongMode):
        await deposit(make_snapshot(mode=Mode.SHARED), "ada", NANOS, None, None)

"""A manual charge moves money once, or says why not."""

import asyncio

import pytest

from app import db
from app.domain.errors import KeyReused, StaleDecision
from app.domain.ids import new_id
from app.domain.money import NANOS
from app.domain.paywalls import keys
from app.domain.usage.idempotency import Claim, claim
from app.domain.wallets.wallets import read_balance
from app.flows.manual_charge import ChargeAnswer, charge
from app.flows.snapshot import Snapshot
from tests.flows.books import assert_books_balance, give, make_snapshot, running_queue


def claimed(snapshot: Snapshot, body: bytes = b"{}") -> Claim | None:
    return claim("key", snapshot.paywall_id, "charge", "ada", body)


def spendable(snapshot: Snapshot) -> int:
    with db.transaction(writes=False) as session:
        return read_balance(session, snapshot.wallet("ada")).available_nanos


async def test_twenty_at_once_with_one_key_charge_once(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", 5 * NANOS)
    async with running_queue() as queue:
        answers = await asyncio.gather(*(
            charge(queue, snapshot, "ada", NANOS, None, claimed(snapshot), new_id("req"), None) for _ in range(20)
        ))  # fmt: skip
        assert len({answer.id for answer in answers}) == 1 and all(answer.success for answer in answers)
        assert sum(not answer.is_replay for answer in answers) == 1
        with pytest.raises(KeyReused):
            await charge(queue, snapshot, "ada", NANOS, None, claimed(snapshot, b"[]"), new_id("req"), None)
    assert spendable(snapshot) == 4 * NANOS
    assert_books_balance()


async def test_without_a_key_each_call_charges_until_the_money_is_gone(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", 5 * NANOS)
    async with running_queue() as queue:
        answers = await asyncio.gather(*(
            charge(queue, snapshot, "ada", NANOS, {"n": n}, None, new_id("req"), None) for n in range(9)
        ))  # fmt: skip
    assert [answer.success for answer in answers].count(True) == 5
    assert spendable(snapshot) == 0
    assert_books_balance()


async def test_a_refusal_stores_nothing(database: str) -> None:
    snapshot = make_snapshot()
    async with running_queue() as queue:
        answer = await charge(queue, snapshot, "ada", NANOS, None, claimed(snapshot), "req_1", None)
        assert answer == ChargeAnswer(False, "Your Lexica wallet does not have enough left.", None)
        await give(snapshot, "ada", NANOS)
        assert (await charge(queue, snapshot, "ada", NANOS, None, claimed(snapshot), "req_2", None)).id == "req_2"


async def test_a_revoked_key_charges_nobody(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    with db.transaction() as session:
        keys.revoke_key(session, snapshot.paywall_id, snapshot.key_id)
    async with running_queue() as queue:
        with pytest.raises(StaleDecision):
            await charge(queue, snapshot, "ada", NANOS, None, None, "req_1", None)
    assert spendable(snapshot) == NANOS

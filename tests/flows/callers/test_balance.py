"""In shared mode an app sees what it may still spend, and nothing else (`decisions.md` 26)."""

import pytest

from app import db
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.flows.callers.balance import AppBalance, read_app_balance, visible_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from tests.support.books import give, make_snapshot, running_queue
from tests.support.crowd import connect, purse, sign_in, top_up
from tests.support.scripted import Scripted, flows, request

pytestmark = pytest.mark.plain_sql


def seen(snapshot: Snapshot, user: str = "u1") -> AppBalance:
    with db.transaction(writes=False) as session:
        return read_app_balance(session, snapshot, user)


async def test_in_default_mode_it_is_the_wallet(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "u1", 5 * NANOS)
    assert seen(snapshot) == AppBalance(5 * NANOS, 0, 5 * NANOS)


@pytest.mark.unhurried
async def test_an_app_sees_the_least_of_wallet_and_cap_and_only_what_it_holds_itself(database: str) -> None:
    first, second = make_snapshot(mode=Mode.SHARED), make_snapshot(mode=Mode.SHARED)
    assert seen(first) == AppBalance()
    ada, _ = await sign_in("ada@example.org")
    top_up(ada, 50 * NANOS)
    await connect(first, ada, cap_nanos=2 * NANOS)
    await connect(second, ada, cap_nanos=1_000 * NANOS)
    assert seen(first) == AppBalance(2 * NANOS, 0, 2 * NANOS)
    assert seen(second).spendable_nanos == purse(ada).available_nanos
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(first, "u1", request(max_tokens=1_000), "req_1", None)
        assert isinstance(run, Run)
        held = run.held.amount
        assert seen(first) == AppBalance(2 * NANOS - held, held, 2 * NANOS - held)
        assert seen(second) == AppBalance(purse(ada).available_nanos, 0, purse(ada).available_nanos)
        assert visible_balance(first, run.held.applied) == 2 * NANOS - held
        released = await chat.release(run)
    assert visible_balance(first, released) == 2 * NANOS < purse(ada).available_nanos

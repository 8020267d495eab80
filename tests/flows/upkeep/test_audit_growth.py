"""What the job finds of new rows is what the whole audit finds, and writers beside it raise no false alarm."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from app import db
from app.domain import clock, rows
from app.domain.ids import new_id
from app.domain.ledger.apply import apply_one
from app.domain.ledger.invariants import Finding
from app.domain.ledger.operations import Applied, Hold, Operation, Release, SetCap, Settle
from app.domain.money import NANOS, Environment, Unit
from app.domain.pricing.quote import Price, Tokens, charge_nanos
from app.domain.usage import requests
from app.domain.usage.requests import Asked, Metered
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet
from app.flows.upkeep.audit import audit, read_newest, run_audit
from tests.domain.ledger.money import deposit, do, execute, to_revenue

pytestmark = pytest.mark.usefixtures("database")

PRICE = Price("prc_1", "m", 3, Unit.USD, 2_500_000_001, 1_250_000_003, 10_000_000_007, 1_111, 5, 1_250)
TOKENS = Tokens(prompt=1_234, output=567, cached=89)
BUDGET = "cap:of-a-month"
WALLET = app_wallet("pw", "ada", Environment.SANDBOX, Unit.USD)
FAULTS = {
    "a charge that nothing was taken for": "UPDATE ledger_hold SET status = 'settled', asked = 3, charged = 3"
    " WHERE request_id = '{released}'",
    "a request that says it cost something": "UPDATE request SET charge_nanos = 3 WHERE id = '{released}'",
    "a request that seems to run": "UPDATE request SET status = 'running' WHERE id = '{released}'",
    "a request that seems to have ended": "UPDATE request SET status = 'released' WHERE id = '{running}'",
    "a charge without a request": "DELETE FROM request WHERE id = '{paid}'",
    "a receipt that is gone": "UPDATE request SET receipt = NULL WHERE id = '{paid}'",
    "a request that cost less than was taken": "UPDATE request SET charge_nanos = 1 WHERE id = '{paid}'",
    "a hold that charged less than was taken": "UPDATE ledger_hold SET charged = 1 WHERE request_id = '{paid}'",
    "a posting without transfers": "INSERT INTO ledger_posting VALUES ('d:empty', 'hash', 0, {now})",
    "a posting that was something else": "UPDATE ledger_posting SET inputs_hash = 'x' WHERE id = 'd:new'",
    "a wallet with more than it got": "UPDATE ledger_account SET posted = posted + 1 WHERE id = '{wallet}'",
    "two balances that lie together": "UPDATE ledger_account SET posted = posted + CASE kind WHEN 'world' THEN 1"
    " ELSE -1 END WHERE kind IN ('world', 'revenue')",
    "a wallet that holds more than its holds": "UPDATE ledger_account SET held = held + 1 WHERE id = '{wallet}'",
    "a budget that has spent more than was charged": "UPDATE ledger_budget SET spent = spent + 1",
    "a budget that still holds what was released": "UPDATE ledger_budget SET held = held + 1",
    "a trigger that is gone": "",
}


def fund() -> None:
    do(deposit("d:old", 1_000 * NANOS, WALLET.account))
    do(SetCap(BUDGET, WALLET.account, 1_000 * NANOS))


def run(operation: Operation, beside: Any) -> None:
    with db.transaction() as session:
        applied = apply_one(session, operation)
        rows.write(session, [beside(applied)])


def begin(request_id: str) -> Asked:
    asked = Asked(request_id, None, WALLET, RequestKind.CHAT, "m", "demo", True, Unit.USD, PRICE)
    hold = Hold(requests.hold_id(request_id), WALLET.account, NANOS // 100, 1, NANOS // 100, "process", request_id,
                (BUDGET,))  # fmt: skip
    run(hold, lambda held: requests.begin(asked, held))
    return asked


def pay() -> str:
    asked = begin(new_id("req"))
    settle = Settle(requests.hold_id(asked.id), charge_nanos(PRICE, TOKENS), to_revenue(WALLET.account))
    run(settle, lambda settled: requests.finish(asked, Metered(TOKENS), settled))
    return asked.id


def release() -> str:
    asked = begin(new_id("req"))

    def beside(_released: Applied) -> rows.Row:
        return requests.let_go(asked.id)

    run(Release(requests.hold_id(asked.id), WALLET.account), beside)
    return asked.id


@pytest.mark.plain_sql
@pytest.mark.unhurried
@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_the_whole_audit_finds_in_new_rows_the_job_finds(fault: str, database: str) -> None:
    fund()
    pay()
    was_open = begin(new_id("req")).id
    assert await run_audit() == 0
    do(deposit("d:new", NANOS, WALLET.account))
    names = {"paid": pay(), "released": release(), "running": was_open, "wallet": WALLET.account.id}
    assert await run_audit() == 0
    broken = FAULTS[fault].format(**names, now=clock.now())
    if not broken:
        broken = "DROP TRIGGER ledger_transfer_no_update" if database.startswith("sqlite") else (
            "DROP TRIGGER ledger_transfer_append_only ON ledger_transfer")  # fmt: skip
    execute(broken)
    with db.transaction(writes=False) as session:
        wanted = [finding.message for finding in audit(session)]
    assert wanted
    assert await run_audit() == len(wanted)
    with db.transaction(writes=False) as session:
        newest = read_newest(session)
    assert newest is not None and list(newest.first) == wanted


async def test_what_was_open_and_has_ended_since_is_looked_at() -> None:
    fund()
    asked = begin(new_id("req"))
    execute(f"UPDATE ledger_hold SET created_at = created_at - {3_600 * clock.SECOND}")
    old_id = "req_" + "0" * 22
    execute(f"UPDATE request SET id = '{old_id}' WHERE id = '{asked.id}'")
    execute(f"UPDATE ledger_hold SET request_id = '{old_id}'")
    assert await run_audit() == 0
    run(Release(requests.hold_id(asked.id), WALLET.account), lambda _released: requests.let_go(old_id))
    assert await run_audit() == 0


@pytest.mark.slow
async def test_writers_beside_the_job_raise_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds, in which threads write while the job looks: only they land in another order than that of their ids."""
    looked_at_all = 0

    def count(*asked: Any) -> Iterator[Finding]:
        nonlocal looked_at_all
        looked_at_all += 1
        return audit(*asked)

    monkeypatch.setattr("app.flows.upkeep.audit.audit", count)
    fund()
    assert await run_audit() == 0

    def write(number: int) -> None:
        for turn in range(25):
            (pay if turn % 3 else release)()
            do(deposit(f"d:{number}:{turn}", NANOS, WALLET.account))

    writers = [asyncio.create_task(asyncio.to_thread(write, number)) for number in range(4)]
    runs = 0
    while not all(writer.done() for writer in writers):
        assert await run_audit() == 0
        runs += 1
    await asyncio.gather(*writers)
    assert await run_audit() == 0
    assert runs > 2 and looked_at_all == 1

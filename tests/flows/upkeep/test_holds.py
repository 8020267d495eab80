"""Holds whose process is gone are closed; those of the living are left alone."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from app import db
from app.commit_queue import CommitQueue
from app.domain import clock
from app.domain.earnings.charge_split import charge_split
from app.domain.ledger.operations import Extend, Hold, Release, Settle, Split
from app.domain.money import NANOS, Unit, format_decimal
from app.domain.pricing.quote import Tokens, charge_nanos
from app.domain.usage import requests
from app.domain.usage.requests import Asked, Metered, read_receipt
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import Balance, read_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.chat.call import Run
from app.flows.limits.spending import SpendLimits
from app.flows.upkeep import holds, lease
from app.flows.upkeep.holds import count_open_holds, fold
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.handed import charge, reap_holds
from tests.support.scripted import Scripted, flows, request


async def hold(queue: CommitQueue, snapshot: Snapshot, owner: str, request_id: str) -> Asked:
    wallet = snapshot.wallet("ada")
    asked = Asked(request_id, None, wallet, RequestKind.CHAT, "m", "demo", True, Unit.USD, None)
    operation = Hold(requests.hold_id(request_id), wallet.account, 100, 100, 100, owner, request_id)
    await queue.commit(operation, lambda held: [requests.begin(asked, held)])
    return asked


def to_revenue(asked: Asked) -> Split:
    return charge_split(asked.wallet.account, asked.wallet.paywall_id, None)


def balance(snapshot: Snapshot) -> Balance:
    with db.transaction(writes=False) as session:
        return read_balance(session, snapshot.wallet("ada"))


@pytest.mark.unhurried
async def test_a_dead_process_holds_nothing_and_pays_for_its_last_checkpoint(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    await lease.renew("living", 60)
    async with running_queue() as queue:
        await hold(queue, snapshot, "living", "req_1")
        await hold(queue, snapshot, "dead", "req_2")
        await hold(queue, snapshot, "dead", "req_3")
        await queue.commit(Extend(requests.hold_id("req_3"), 0, 40))
        assert await reap_holds(queue) == 2
        assert await reap_holds(queue) == 0
    assert balance(snapshot) == Balance(NANOS - 40, 100)
    with db.transaction(writes=False) as session:
        found = [read_receipt(session, snapshot.paywall_id, f"req_{number}") for number in (1, 2, 3)]
    assert [(receipt.status, receipt.charge) for receipt in found] == [
        ("running", "0"), ("interrupted", "0"), ("interrupted", "0.00000004"),
    ]  # fmt: skip
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_late_finisher_pays_the_difference_once(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asked = await hold(queue, snapshot, "dead", "req_1")
        await queue.commit(Extend(requests.hold_id("req_1"), 0, 40))
        await reap_holds(queue)
        for _ in range(2):
            await queue.commit(
                Settle(requests.hold_id("req_1"), 70, to_revenue(asked)),
                lambda settled: [requests.finish(asked, Metered(None), settled)],
            )
    assert balance(snapshot) == Balance(NANOS - 70, 0)
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_late_finisher_adds_a_line_and_leaves_the_first_as_it_was(database: str) -> None:
    snapshot = make_snapshot()
    price = snapshot.offers["demo-mini"].price
    used, more = Tokens(10, 20), Tokens(10, 500)
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asked = replace(await hold(queue, snapshot, "dead", "req_1"), price=price)
        bound = charge_nanos(price, more)
        other = replace(asked, id="req_2")
        operation = Hold(requests.hold_id("req_2"), asked.wallet.account, bound, 1, bound, "dead", "req_2")
        await queue.commit(operation, lambda held: [requests.begin(other, held)])
        so_far = Metered(used, estimated=True)
        await queue.commit(
            Extend(requests.hold_id("req_2"), 0, charge_nanos(price, used)),
            lambda held: [requests.checkpoint(other, so_far, held)],
        )
        await reap_holds(queue)
        with db.transaction(writes=False) as session:
            first = read_receipt(session, snapshot.paywall_id, "req_2")
        settle = Settle(
            requests.hold_id("req_2"),
            charge_nanos(price, more),
            to_revenue(asked),
        )
        await queue.commit(settle, lambda settled: [requests.finish(other, Metered(more), settled)])
    with db.transaction(writes=False) as session:
        found = read_receipt(session, snapshot.paywall_id, "req_2")
    assert (first.status, first.charge, first.late) == ("interrupted", format_decimal(charge_nanos(price, used)), None)
    assert (found.status, found.lines, found.charge) == ("settled", first.lines, format_decimal(bound))
    assert found.late is not None
    assert found.late["split"]["developer"] == format_decimal(bound - charge_nanos(price, used))
    assert balance(snapshot) == Balance(NANOS - bound, 0)
    assert_books_balance()


async def test_folding_leaves_no_deltas_and_the_same_balances(database: str) -> None:
    snapshot = make_snapshot()
    for _ in range(3):
        await give(snapshot, "ada", NANOS)
    assert await fold() == 3
    assert await fold() == 0
    assert balance(snapshot) == Balance(3 * NANOS, 0)
    assert_books_balance()


async def test_a_process_that_stops_renewing_loses_its_holds(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    await lease.begin("proc_test", 60)
    async with running_queue() as queue:
        await hold(queue, snapshot, "proc_test", "req_1")
        assert await reap_holds(queue) == 0
        later = clock.now() + 31 * clock.SECOND
        monkeypatch.setattr(clock, "now", lambda: later)
        assert await reap_holds(queue) == 1
    assert balance(snapshot) == Balance(NANOS, 0)
    assert_books_balance()


async def test_a_process_that_ends_well_leaves_its_holds_to_anybody(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    await lease.begin("proc_test", 60)
    async with running_queue() as queue:
        await hold(queue, snapshot, "proc_test", "req_1")
        await lease.end("proc_test")
        assert await reap_holds(queue) == 1
    assert balance(snapshot) == Balance(NANOS, 0)


@pytest.mark.unhurried
async def test_several_reapers_at_once_expire_each_hold_once(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        for number in range(20):
            await hold(queue, snapshot, "dead", f"req_{number}")
            await queue.commit(Extend(requests.hold_id(f"req_{number}"), 0, 40))
        await asyncio.gather(*(reap_holds(queue) for _ in range(5)))
        assert await reap_holds(queue) == 0
    assert balance(snapshot) == Balance(NANOS - 20 * 40, 0)
    assert_books_balance()


async def test_more_holds_than_one_batch_are_all_reaped_in_one_run(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "BATCH", 3)
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        for number in range(7):
            await hold(queue, snapshot, "dead", f"req_{number}")
        assert [await reap_holds(queue) for _ in range(2)] == [7, 0]
    with db.transaction(writes=False) as session:
        assert count_open_holds(session) == 0
    assert balance(snapshot) == Balance(NANOS, 0)


@pytest.mark.parametrize(("output", "checkpoint"), [(20, 0), (20, 40), (0, 0), (0, 40)])
async def test_a_request_that_finishes_after_it_was_given_up_pays_the_difference_and_has_one_receipt(
    database: str, output: int, checkpoint: int
) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())  # a process that was taken for dead and is not
        run = await chat.begin(snapshot, "ada", request(), "req_1", None)
        assert isinstance(run, Run)
        await queue.commit(Extend(requests.hold_id("req_1"), 0, checkpoint))
        await reap_holds(queue)
        met = min(checkpoint, run.held.amount)
        assert balance(snapshot) == Balance(NANOS - met, 0)
        for _ in range(2):
            await chat.settle(run, Metered(Tokens(10, output)))
    due = max(met, charge_nanos(run.leg.offer.price, Tokens(10, output)) if output else 0)
    assert balance(snapshot) == Balance(NANOS - due, 0)
    with db.transaction(writes=False) as session:
        found = read_receipt(session, snapshot.paywall_id, "req_1")
    assert (found.charge, found.status) == (format_decimal(due), "settled" if output else "interrupted")
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_late_finisher_takes_only_what_is_free(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "ada", request(), "req_1", None)
        assert isinstance(run, Run)
        await reap_holds(queue)
        await charge(queue, Standings(), SpendLimits(), snapshot, "ada", NANOS - 100, None, None, "req_2", None)
        settled = await chat.settle(run, Metered(Tokens(10, 20)))
    assert (settled.amount, balance(snapshot)) == (100, Balance(0, 0))
    assert_books_balance()


async def test_a_hold_that_ends_while_it_is_being_reaped_stays_as_it_ended(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        await hold(queue, snapshot, "dead", "req_1")
        (lost,) = await db.in_transaction(holds._lost_holds)
        release = Release(requests.hold_id("req_1"))
        await queue.commit(release, lambda _released: [requests.let_go("req_1")])
        await holds._expire(queue, 100, lost)
    with db.transaction(writes=False) as session:
        assert read_receipt(session, snapshot.paywall_id, "req_1").status == "released"
    assert balance(snapshot) == Balance(NANOS, 0)
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_hold_that_cannot_be_ended_keeps_no_other_from_its_end(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "BATCH", 2)
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        for number in range(5):
            await hold(queue, snapshot, "dead", f"req_{number}")
        with db.transaction() as session:
            connection = session.connection()
            connection.exec_driver_sql("UPDATE request SET receipt = '{' WHERE id IN ('req_0', 'req_1')")
        with capture_logs() as logs:
            assert await reap_holds(queue) == 3
        assert {line.get("item") for line in logs} == {
            requests.hold_id("req_0"), requests.hold_id("req_1"), None,
        }  # fmt: skip
        with db.transaction() as session:
            assert count_open_holds(session) == 2
            session.connection().exec_driver_sql("UPDATE request SET receipt = NULL WHERE receipt = '{'")
        assert await reap_holds(queue) == 2, "and they are looked at again in the next run"
    assert balance(snapshot) == Balance(NANOS, 0)
    assert_books_balance()

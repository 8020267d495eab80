"""Holds whose process is gone are closed; those of the living are left alone."""

from app import db
from app.commit_queue import CommitQueue
from app.domain.ledger.operations import Extend, Hold, Settle
from app.domain.money import NANOS, Unit
from app.domain.usage import requests
from app.domain.usage.requests import Asked, Metered, read_receipt
from app.domain.wallets.wallets import Balance, read_balance
from app.flows import process_lease
from app.flows.chat import revenue_split
from app.flows.housekeeping import fold, reap_holds
from app.flows.snapshot import Snapshot
from tests.flows.books import assert_books_balance, give, make_snapshot, running_queue


async def hold(queue: CommitQueue, snapshot: Snapshot, owner: str, request_id: str) -> Asked:
    wallet = snapshot.wallet("ada")
    asked = Asked(request_id, None, wallet, "chat", "m", "demo", True, Unit.USD, None)
    operation = Hold(requests.hold_id(request_id), wallet.account, 100, 100, 100, owner, request_id)
    await queue.commit(operation, lambda held: [requests.begin(asked, held)])
    return asked


def balance(snapshot: Snapshot) -> Balance:
    with db.transaction(writes=False) as session:
        return read_balance(session, snapshot.wallet("ada"))


async def test_a_dead_process_holds_nothing_and_pays_for_its_last_checkpoint(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    await process_lease.renew("living", 60)
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


async def test_a_late_finisher_pays_the_difference_once(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        asked = await hold(queue, snapshot, "dead", "req_1")
        await queue.commit(Extend(requests.hold_id("req_1"), 0, 40))
        await reap_holds(queue)
        for _ in range(2):
            await queue.commit(
                Settle(requests.hold_id("req_1"), 70, revenue_split(asked.wallet)),
                lambda settled: [requests.finish(asked, Metered(None), 100, settled)],
            )
    assert balance(snapshot) == Balance(NANOS - 70, 0)
    assert_books_balance()


async def test_folding_leaves_no_deltas_and_the_same_balances(database: str) -> None:
    snapshot = make_snapshot()
    for _ in range(3):
        await give(snapshot, "ada", NANOS)
    assert await fold() == 3
    assert await fold() == 0
    assert balance(snapshot) == Balance(3 * NANOS, 0)
    assert_books_balance()

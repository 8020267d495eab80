"""A request's lines come to its charge, whatever it was, and are in the order in which they happened."""

import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from app import db
from app.domain import clock
from app.domain.credits.history import EntryKind, entries_of, read_history
from app.domain.ids import least_id, new_id
from app.domain.legs.legs import Source
from app.domain.money import NANOS
from app.domain.pricing.quote import Tokens
from app.domain.usage.request_list import LOOKED_MAX
from app.domain.usage.requests import TABLE, Metered
from app.domain.usage.tables import RequestKind, RequestMode, RequestStatus
from app.flows.chat.call import Run
from tests.support.books import running_queue
from tests.support.credits import credits_account, credits_of, open_credits, someone_with_key
from tests.support.plans import plan_of, watched
from tests.support.scripted import Scripted, flows, request

ENDED = [status for status in RequestStatus if status is not RequestStatus.RUNNING]


def a_row(status: RequestStatus, credits: int, kind: RequestKind = RequestKind.CHAT) -> dict[str, Any]:
    named = ("client_request_id", "provider", "provider_cost_nanos", "price_version", "late", "user_from",
             "paywall_version", "key_id", "session", "agent", "order_id", "mode", "receipt")  # fmt: skip
    return {**dict.fromkeys(named), "id": "req_1", "kind": kind, "status": status, "external_id": "acc_1", "model": "m",
            "billing_source": "platform", "streamed": 0, "unit": "CREDIT", "charge_nanos": credits * NANOS,
            "hold_nanos": 9 * NANOS, "created_at": 1_000_000, "finished_at": 2_000_000}  # fmt: skip


@given(st.sampled_from(ENDED), st.integers(0, 1_000))
def test_the_lines_of_what_has_ended_come_to_its_charge(status: RequestStatus, credits: int) -> None:
    lines = entries_of(a_row(status, credits))
    assert sum(line.nanos for line in lines) == -credits * NANOS and all(line.nanos for line in lines)
    assert [line.receipt is not None for line in lines] == [True, False][: len(lines)]
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)


def test_what_runs_has_reserved_one_and_what_was_given_back_is_one_line() -> None:
    (running,) = entries_of(a_row(RequestStatus.RUNNING, 0))
    assert (running.id, running.kind, running.nanos) == ("req_1:reserve", EntryKind.RESERVE, -NANOS)
    (back,) = entries_of(a_row(RequestStatus.SETTLED, 3, RequestKind.REFUND))
    assert (back.kind, back.nanos) == (EntryKind.REFUND, 3 * NANOS)
    settled, reserved = entries_of(a_row(RequestStatus.SETTLED, 3))
    assert (settled.id, settled.nanos, reserved.nanos) == ("req_1:settle", -2 * NANOS, -NANOS)


@given(st.sampled_from(RequestStatus))
def test_what_own_keys_paid_for_reserved_nothing(status: RequestStatus) -> None:
    own = {"billing_source": "byok", "hold_nanos": 0, "mode": RequestMode.COMPARE}
    (line,) = entries_of({**a_row(status, 0), **own})
    assert (line.kind, line.nanos, line.receipt is not None) == (EntryKind.RESERVE, 0, True)
    held = entries_of({**a_row(RequestStatus.SETTLED, 0), **own, "hold_nanos": NANOS})  # for models that then failed
    assert [line.nanos for line in held] == [2 * NANOS, -2 * NANOS]


async def test_the_history_is_the_wallet_line_by_line(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    bob, other = await someone_with_key("bob@example.org")
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        for name, who, seen in (("req_1", ada, snapshot), ("req_2", bob, other), ("req_3", ada, snapshot)):
            run = await chat.begin(seen, who.account_id, request(model="demo-free"), name, None)
            assert isinstance(run, Run)
            await (chat.release(run) if name == "req_3" else chat.settle(run, Metered(Tokens(1, 1))))
    with db.transaction(writes=False) as session:
        found = read_history(session, credits_account(ada), 10)
        rest = read_history(session, credits_account(ada), 10, 2)
    assert [(one.kind, one.nanos // NANOS) for one in found] == [
        ("settle", 1), ("reserve", -1), ("reserve", -1), ("grant", 20),
    ]  # fmt: skip
    assert list(rest) == list(found[2:])
    assert sum(one.nanos for one in found) == credits_of(ada).posted_nanos == 19 * NANOS


async def test_a_line_that_came_late_stands_on_the_page_of_its_time(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        slow, *others = [
            await chat.begin(snapshot, ada.account_id, request(model="demo-free"), new_id("req"), None)
            for _ in range(4)
        ]  # fmt: skip
        for run in (*others, slow):
            assert isinstance(run, Run)
            await chat.release(run)
    with db.transaction(writes=False) as session:
        whole = read_history(session, credits_account(ada), 100)
        pages = [read_history(session, credits_account(ada), 1, at) for at in range(10)]
    assert isinstance(slow, Run) and whole[0].id == f"{slow.id}:settle" and len(whole) == 9
    assert [line.id for page in pages for line in page] == [line.id for line in whole]


async def test_pages_until_a_time_lose_and_double_nothing_while_more_comes_in(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    chance, account = random.Random(22), credits_account(ada)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, ada.account_id, request(model="demo-free"), new_id("req"), None)
        assert isinstance(run, Run)
        await chat.settle(run, Metered(Tokens(1, 1)))
    with db.transaction() as session:
        row = dict(session.execute(select(TABLE)).mappings().one())

    def ask(count: int) -> None:
        """Writes what was asked, some of it long ago and ended since, running, at no difference, or by an own key."""
        rows = []
        for _ in range(count):
            begun, status = chance.randrange(row["created_at"], clock.now()), chance.choice(list(RequestStatus))
            came = begun - chance.choice((0, 0, 30 * 60 * clock.SECOND))  # its body may have been long in coming
            changed = {"id": f"{least_id('req', came)}{new_id('x')[-13:]}", "created_at": begun, "status": status,
                       "mode": chance.choice([None, *RequestMode]), "charge_nanos": chance.randrange(6) * NANOS,
                       "billing_source": chance.choice(list(Source)), "hold_nanos": chance.randrange(2) * NANOS,
                       "kind": chance.choice([RequestKind.CHAT] * 4 + [RequestKind.REFUND])}  # fmt: skip
            ended = None if status is RequestStatus.RUNNING else chance.randrange(begun, clock.now())
            rows.append({**row, "claim_id": None, **changed, "finished_at": ended})
        with db.transaction() as session:
            session.execute(insert(TABLE), rows)

    ask(60)
    with db.transaction(writes=False) as session:
        whole, until = list(read_history(session, account, 1_000)), clock.now()
        for limit in (1, 2, 7):
            pages = [read_history(session, account, limit, at) for at in range(0, len(whole), limit)]
            assert [line for page in pages for line in page] == whole
    assert len(whole) > 80 and [line.at for line in whole] == sorted((line.at for line in whole), reverse=True)
    middle = whole[len(whole) // 2].at
    with db.transaction(writes=False) as session:
        older = [page for at in range(0, 200, 3) for page in read_history(session, account, 3, at, middle)]
    assert older == [line for line in whole if line.at < middle]
    time.sleep(0.002)  # what comes in now is newer than the millisecond of `until`
    row["created_at"] = clock.now()
    ask(20)
    with db.transaction(writes=False) as session:
        again = [line for at in range(0, len(whole), 7) for line in read_history(session, account, 7, at, until)]
        assert again == whole != list(read_history(session, account, 1_000))


async def test_what_everybody_else_asks_pushes_nobody_out_of_their_history(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, ada.account_id, request(model="demo-free"), "req_1", None)
        assert isinstance(run, Run)
        await chat.settle(run, Metered(Tokens(1, 1)))
    with db.transaction() as session:
        row = session.execute(select(TABLE)).mappings().one()
        theirs = {**row, "wallet_id": "w_bob", "external_id": "acc_bob", "claim_id": None}
        session.execute(insert(TABLE), [{**theirs, "id": f"req_2{number:05}"} for number in range(LOOKED_MAX)])
    with db.transaction(writes=False) as session:
        found = read_history(session, credits_account(ada), 10)
    assert [one.id for one in found][:1] == ["req_1:reserve"] and len(found) == 2


async def test_a_page_is_read_by_indexes_of_its_wallet_alone(database: str) -> None:
    await open_credits()
    ada, _ = await someone_with_key()
    account = credits_account(ada)
    with db.transaction(writes=False) as session, watched(session) as said:
        read_history(session, account, 10)
        plans = " ".join(plan_of(session, *one) for one in list(said))
    if db.is_sqlite():  # a planner that knows how little there is takes what it likes
        assert "ix_request_wallet_ended (wallet_id=? AND finished_at>?" in plans, plans
        assert "ix_ledger_transfer_out (debit_account_id=?" in plans and "SCAN request" not in plans, plans


@pytest.mark.parametrize(
    ("mode", "reserved"),
    [(RequestMode.MESH, 1), (RequestMode.COMPARE, 2), (RequestMode.BLEND, 4), (RequestMode.JUDGE, 5)],
)
def test_several_models_reserve_what_their_mode_does_and_then_differ(mode: RequestMode, reserved: int) -> None:
    settled, reserve = entries_of(a_row(RequestStatus.SETTLED, 7) | {"mode": mode})
    assert (settled.nanos, reserve.nanos) == ((reserved - 7) * NANOS, -reserved * NANOS)
    assert (settled.id, reserve.id) == ("req_1:settle", "req_1:reserve")

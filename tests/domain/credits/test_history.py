"""A request's lines come to its charge, whatever it was, and are in the order in which they happened."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import db
from app.domain.credits.history import EntryKind, entries_of, read_history
from app.domain.money import NANOS
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.domain.usage.tables import RequestKind, RequestMode, RequestStatus
from app.flows.chat.call import Run
from tests.support.books import running_queue
from tests.support.credits import credits_account, credits_of, open_credits, someone_with_key
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
    paywall_id = await open_credits()
    ada, snapshot = await someone_with_key()
    bob, other = await someone_with_key("bob@example.org")
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        for name, who, seen in (("req_1", ada, snapshot), ("req_2", bob, other), ("req_3", ada, snapshot)):
            run = await chat.begin(seen, who.account_id, request(model="demo-free"), name, None)
            assert isinstance(run, Run)
            await (chat.release(run) if name == "req_3" else chat.settle(run, Metered(Tokens(1, 1))))
    with db.transaction(writes=False) as session:
        found = read_history(session, credits_account(ada), paywall_id, ada.account_id, 10)
        rest = read_history(session, credits_account(ada), paywall_id, ada.account_id, 10, 2)
    assert [(one.kind, one.nanos // NANOS) for one in found] == [
        ("settle", 1), ("reserve", -1), ("reserve", -1), ("grant", 20),
    ]  # fmt: skip
    assert list(rest) == list(found[2:])
    assert sum(one.nanos for one in found) == credits_of(ada).posted_nanos == 19 * NANOS


@pytest.mark.parametrize(
    ("mode", "reserved"),
    [(RequestMode.MESH, 1), (RequestMode.COMPARE, 2), (RequestMode.BLEND, 4), (RequestMode.JUDGE, 5)],
)
def test_several_models_reserve_what_their_mode_does_and_then_differ(mode: RequestMode, reserved: int) -> None:
    settled, reserve = entries_of(a_row(RequestStatus.SETTLED, 7) | {"mode": mode})
    assert (settled.nanos, reserve.nanos) == ((reserved - 7) * NANOS, -reserved * NANOS)
    assert (settled.id, reserve.id) == ("req_1:settle", "req_1:reserve")

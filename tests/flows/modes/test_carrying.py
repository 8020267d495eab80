"""Whoever leaves pays for what was delivered, once, and every call is closed; what takes too long is free."""

import asyncio

import pytest

from app import db
from app.domain.errors import ProviderFailed
from app.domain.money import NANOS
from app.domain.pricing.receipts import Receipt
from app.domain.usage.requests import read_receipt
from app.flows.callers.snapshot import Snapshot
from app.flows.modes.feed import Piece
from app.flows.modes.members import Panel
from app.flows.modes.speaking import Patience
from app.flows.upkeep.holds import count_open_holds, reap_holds
from app.formats.account.modes import read_compare, read_judge
from tests.support.books import assert_books_balance, running_queue
from tests.support.credits import credits_of
from tests.support.panels import SAID, Models, Panels, credits_a_thousand, paying, saying, spoken
from tests.support.waiting import until

NAMES = ("a", "b", "c")
COMPARING = read_compare({"models": list(NAMES), "messages": SAID, "max_tokens": 200})


def receipt_of(snapshot: Snapshot, request_id: str) -> Receipt:
    with db.transaction(writes=False) as session:
        return read_receipt(session, snapshot.paywall_id, request_id)


def open_holds() -> int:
    with db.transaction(writes=False) as session:
        return count_open_holds(session)


async def test_who_leaves_pays_for_what_was_delivered_and_every_call_is_closed(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({name: [*(spoken("blue ") for _ in range(10)), None] for name in NAMES})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, COMPARING, "req_1")
        assert isinstance(panel, Panel)
        shown: list[Piece] = []

        async def show(piece: Piece) -> None:
            shown.append(piece)

        carrying = asyncio.create_task(panels.carrier.stream(panel, show))
        await until(lambda: len(shown) == 30)
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
        assert all(answer.closed for answer in models.answers.values())
    told = receipt_of(snapshot, "req_1")
    assert (told.status, told.disconnect, open_holds()) == ("settled", "cancel", 0)
    assert [(leg.status, leg.reason, leg.estimated) for leg in told.legs] == [("cut", "client_gone", True)] * 3
    output = [line.tokens for leg in told.legs for line in leg.lines if line.kind == "output"]
    assert output == [11] * 3 or output == [10] * 3
    assert credits_of(ada).posted_nanos == 320 * NANOS - int(told.charge) * NANOS
    assert_books_balance()


async def test_who_leaves_before_anything_came_pays_nothing(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({name: [None] for name in NAMES})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, COMPARING, "req_1")
        assert isinstance(panel, Panel)
        carrying = asyncio.create_task(panels.carrier.whole(panel, seconds=None))
        await until(lambda: len(models.answers) == 3)
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
    told = receipt_of(snapshot, "req_1")
    assert (told.status, told.charge, credits_of(ada).posted_nanos) == ("released", "0", 320 * NANOS)
    assert_books_balance()


async def test_an_answer_given_whole_that_takes_too_long_is_free(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": saying("Blue."), "b": [spoken("Well, "), None], "c": saying("{}")})
    async with running_queue() as queue:
        panels = Panels(queue, models, Patience(leg=60, late=60, whole=60))
        asking = read_judge({"contestants": ["a", "b"], "judge": "c", "messages": SAID, "stream": False})
        panel = await panels.begin(snapshot, asking, "req_1")
        assert isinstance(panel, Panel)
        with pytest.raises(ProviderFailed) as failed:
            await panels.carrier.whole(panel, seconds=0.2)
    assert failed.value.timed_out and models.answers["b"].closed
    assert (receipt_of(snapshot, "req_1").status, credits_of(ada).posted_nanos) == ("released", 320 * NANOS)
    assert_books_balance()


async def test_a_lost_process_is_charged_what_had_ended_and_its_hold_is_closed(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": saying("Blue."), "b": [spoken("Well, "), None], "c": [None]})
    async with running_queue() as queue:
        panels = Panels(queue, models)  # its process has no lease: to the house it is dead
        panel = await panels.begin(snapshot, COMPARING, "req_1")
        assert isinstance(panel, Panel)

        async def show(_piece: Piece) -> None:
            return

        carrying = asyncio.create_task(panels.carrier.stream(panel, show))
        await until(lambda: panel.answering[0].task is not None and panel.answering[0].task.done())
        assert await reap_holds(queue, 0) == 1 and open_holds() == 0
        told = receipt_of(snapshot, "req_1")
        assert (told.status, told.charge) == ("interrupted", "2")
        assert [(leg.status, leg.charge) for leg in told.legs] == [
            ("answered", "2"),
            ("skipped", "0"),
            ("skipped", "0"),
        ]
        assert_books_balance()
        carrying.cancel()  # it was only slow: what it delivered since is added, once
        with pytest.raises(asyncio.CancelledError):
            await carrying
    late = receipt_of(snapshot, "req_1")
    assert late.late is not None and int(late.charge) >= 2
    assert credits_of(ada).posted_nanos == 320 * NANOS - int(late.charge) * NANOS
    assert_books_balance()

"""Whoever leaves pays for what was delivered, once, and every call is closed; what takes too long is free."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from app import db
from app.domain.errors import ProviderFailed
from app.domain.ledger.tables import LedgerHold
from app.domain.money import NANOS
from app.domain.paywalls.configuration import Disconnect
from app.domain.people.account_keys import make_account_key
from app.domain.pricing.receipts import Receipt
from app.domain.usage.requests import read_receipt
from app.flows.callers.snapshot import Snapshot, read_account_snapshot
from app.flows.modes.carrying import Result
from app.flows.modes.feed import WAITING_BYTES_MAX, Piece
from app.flows.modes.members import Panel
from app.flows.modes.speaking import Patience
from app.flows.upkeep.holds import count_open_holds, reap_holds
from app.formats.account.modes import read_blend, read_compare, read_judge
from app.sql.columns import table_of
from tests.support.books import assert_books_balance, publish, running_queue
from tests.support.credits import credits_of
from tests.support.crowd import SANDBOX
from tests.support.panels import SAID, Models, Panels, credits_a_thousand, paying, saying, spoken
from tests.support.waiting import until

pytestmark = pytest.mark.plain_sql

HOLDS = table_of(LedgerHold)
NAMES = ("a", "b", "c")
COMPARING = read_compare({"models": list(NAMES), "messages": SAID, "max_tokens": 200})


def receipt_of(snapshot: Snapshot, request_id: str) -> Receipt:
    with db.transaction(writes=False) as session:
        return read_receipt(session, snapshot.paywall_id, request_id)


def open_holds() -> int:
    with db.transaction(writes=False) as session:
        return count_open_holds(session)


def carried(panels: Panels, panel: Panel) -> tuple[list[Piece], "asyncio.Task[Result]"]:
    """Begins to carry a panel; returns what is shown of it, as it comes, and what carries it."""
    shown: list[Piece] = []

    async def show(piece: Piece) -> None:
        shown.append(piece)

    return shown, asyncio.create_task(panels.carrier.stream(panel, show))


@pytest.mark.races
async def test_who_leaves_pays_for_what_was_delivered_and_every_call_is_closed(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({name: [*(spoken("blue ") for _ in range(10)), None] for name in NAMES})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, COMPARING, "req_1")
        assert isinstance(panel, Panel)
        shown, carrying = carried(panels, panel)
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


@pytest.mark.races
async def test_who_leaves_before_anything_came_pays_nothing(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({name: [None] for name in NAMES})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, COMPARING, "req_1")
        assert isinstance(panel, Panel)
        carrying = asyncio.create_task(panels.carrier.whole(panel))
        await until(lambda: len(models.answers) == 3)
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
    told = receipt_of(snapshot, "req_1")
    assert (told.status, told.charge, credits_of(ada).posted_nanos) == ("released", "0", 320 * NANOS)
    assert_books_balance()


def metered(request_id: str) -> int:
    """Returns what is charged of a request should its process die now."""
    with db.transaction(writes=False) as session:
        return int(session.scalar(select(HOLDS.c.metered).where(HOLDS.c.request_id == request_id)) or 0)


@pytest.mark.parametrize("has_enough", [False, True])
async def test_of_a_blend_nothing_is_charged_should_the_process_die_before_anything_was_shown(
    database: str, has_enough: bool
) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    asking = read_blend({"models": ["a", "b"], "synthesizer": "c", "messages": SAID, "max_tokens": 200})
    second: list[Any] = saying("Green.") if has_enough else [spoken("Well, "), None]
    models = Models({"a": saying("Blue."), "b": second, "c": [None]})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, asking, "req_1")
        assert isinstance(panel, Panel)
        shown, carrying = carried(panels, panel)
        await until(lambda: panel.members[int(has_enough)].has_ended)
        if has_enough:
            await until(lambda: metered("req_1") > 0 and len(shown) == 2)
        else:
            await asyncio.sleep(0.05)
            assert metered("req_1") == 0 and shown == []
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
    charge = int(receipt_of(snapshot, "req_1").charge) * NANOS
    assert (charge > 0) is has_enough and credits_of(ada).posted_nanos == 320 * NANOS - charge
    assert_books_balance()


async def test_an_answer_given_whole_that_takes_too_long_is_free(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": saying("Blue."), "b": [spoken("Well, "), None], "c": saying("{}")})
    async with running_queue() as queue:
        panels = Panels(queue, models, Patience(leg=60, late=60, whole=0.8))
        asking = read_judge({"contestants": ["a", "b"], "judge": "c", "messages": SAID, "stream": False})
        panel = await panels.begin(snapshot, asking, "req_1")
        assert isinstance(panel, Panel)
        with pytest.raises(ProviderFailed) as failed:
            await panels.carrier.whole(panel)
    assert failed.value.timed_out and models.answers["b"].closed
    assert (receipt_of(snapshot, "req_1").status, credits_of(ada).posted_nanos) == ("released", 320 * NANOS)
    assert_books_balance()


async def test_answers_that_stand_for_themselves_are_given_whole_without_those_that_are_late(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": saying("Blue."), "b": [spoken("Well, "), None], "c": [None]})
    async with running_queue() as queue:
        panels = Panels(queue, models, Patience(leg=60, late=60, whole=0.8))
        panel = await panels.begin(snapshot, COMPARING, "req_1")
        assert isinstance(panel, Panel)
        result = await panels.carrier.whole(panel)
        assert [(member.status.value, member.reason) for member in result.panel.answering] == [
            ("answered", None), ("cut", "too_slow"), ("cut", "too_slow")
        ]  # fmt: skip
        models.scripts = {name: [None] for name in NAMES}
        panel = await panels.begin(snapshot, COMPARING, "req_2")
        assert isinstance(panel, Panel)
        with pytest.raises(ProviderFailed) as failed:
            await panels.carrier.whole(panel)
    assert failed.value.timed_out and receipt_of(snapshot, "req_2").status == "released"
    assert credits_of(ada).posted_nanos == 320 * NANOS - result.settled.amount < 320 * NANOS
    assert_books_balance()


async def test_a_stream_ends_when_all_of_it_took_too_long_but_not_while_its_reader_is_slow(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": saying("Blue."), "b": [spoken("Well, "), None], "c": saying("Green.")})
    async with running_queue() as queue:
        panels = Panels(queue, models, Patience(leg=60, late=60, whole=60, stream=0.6))
        panel = await panels.begin(snapshot, COMPARING, "req_1")
        assert isinstance(panel, Panel)
        shown: list[Piece] = []

        async def slowly(piece: Piece) -> None:
            await asyncio.sleep(0.09)
            shown.append(piece)

        with pytest.raises(ProviderFailed) as failed:
            await panels.carrier.stream(panel, slowly)
        assert failed.value.timed_out and models.answers["b"].closed and len(shown) == 3 + 1 + 3 + 2
    told = receipt_of(snapshot, "req_1")
    assert (told.status, told.charge, told.legs[1].reason) == ("released", "0", "too_slow")
    assert (credits_of(ada).posted_nanos, open_holds()) == (320 * NANOS, 0)
    assert_books_balance()


async def test_who_leaves_where_that_is_free_pays_nothing_and_the_house_does(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name, "0.1") for name in NAMES])
    with db.transaction() as session:
        publish(session, snapshot.paywall_id, replace(snapshot.configuration, disconnect=Disconnect.FREE))
        key = make_account_key(session, ada.account_id, SANDBOX)
        snapshot = read_account_snapshot(session, key, NANOS)
    models = Models({name: saying("blue " * 40_000, output=40_000, pieces=40) for name in NAMES})
    asking = read_compare({"models": list(NAMES), "messages": SAID, "max_tokens": 50_000})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, asking, "req_1")
        assert isinstance(panel, Panel)
        shown: list[Piece] = []

        async def show(piece: Piece) -> None:
            if len(shown) == 6:
                await asyncio.Event().wait()
            shown.append(piece)

        carrying = asyncio.create_task(panels.carrier.stream(panel, show))
        await until(lambda: len(shown) == 6)
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
        await panels.chat.keeper.drain(10)
        assert all(answer.closed for answer in models.answers.values())
    told = receipt_of(snapshot, "req_1")
    assert (told.status, told.disconnect, open_holds()) == ("settled", "free", 0)
    assert (told.charge, {leg.status for leg in told.legs}) == ("0", {"cut"})
    assert told.shortfall != "0" and any(leg.tokens for leg in told.legs)
    assert credits_of(ada).posted_nanos == 320 * NANOS - int(told.charge) * NANOS
    assert_books_balance()


async def test_who_leaves_as_they_stop_a_model_whose_words_wait_holds_nothing(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand(name, "0.1") for name in NAMES])
    models = Models({name: saying("blue " * 40_000, output=40_000, pieces=40) for name in NAMES})
    asking = read_compare({"models": list(NAMES), "messages": SAID, "max_tokens": 50_000})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, asking, "req_1")
        assert isinstance(panel, Panel)

        async def never(_piece: Piece) -> None:
            await asyncio.Event().wait()

        carrying = asyncio.create_task(panels.carrier.stream(panel, never))
        await until(lambda: all(len(member.text) > WAITING_BYTES_MAX for member in panel.answering))
        panel.answering[0].is_stopped = True  # the stop and the leaving end its task together
        carrying.cancel()
        done, _ = await asyncio.wait((carrying,), timeout=5)
        assert done and carrying.cancelled()
        await panels.chat.keeper.drain(10)
    assert (receipt_of(snapshot, "req_1").status, open_holds()) == ("released", 0), "nothing was delivered"
    assert_books_balance()


async def test_what_somebody_stops_is_closed_and_charged_as_far_as_it_came_and_others_go_on(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": [*(spoken("blue ") for _ in range(10)), None], "b": saying("Green."), "c": [None]})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, COMPARING, "req_1")
        assert isinstance(panel, Panel)
        _, carrying = carried(panels, panel)
        first, second, third = panel.answering
        await until(lambda: first.delivered == 50 and second.has_ended and "c" in models.answers)
        assert [panels.speaking.stop(member) for member in (first, second)] == [True, False]
        await until(lambda: first.has_ended)
        assert (models.answers["a"].closed, models.answers["c"].closed, carrying.done()) == (1, 0, False)
        assert panels.speaking.stop(third)
        await carrying
    told = receipt_of(snapshot, "req_1")
    assert [(leg.status, leg.reason, leg.tokens is not None) for leg in told.legs] == [
        ("cut", "stopped", True), ("answered", None, True), ("cut", "stopped", False)
    ]  # fmt: skip
    assert told.legs[0].charge != "0" and credits_of(ada).posted_nanos == 320 * NANOS - int(told.charge) * NANOS
    assert_books_balance()


@pytest.mark.parametrize("read", [read_compare, read_judge])
async def test_who_stops_everybody_pays_for_what_was_said_and_no_judge_is_asked(database: str, read: Any) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": [spoken("blue "), None], "b": [None], "c": saying("{}")})
    asked = {"models": ["a", "b"]} if read is read_compare else {"contestants": ["a", "b"], "judge": "c"}
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, read({**asked, "messages": SAID, "max_tokens": 200}), "req_1")
        assert isinstance(panel, Panel)

        async def show(_piece: Piece) -> None:
            return

        carrying = asyncio.create_task(panels.carrier.stream(panel, show))
        await until(lambda: panel.answering[0].delivered == 5 and "b" in models.answers)
        for member in panel.answering:
            assert panels.speaking.stop(member)
        result = await carrying
    assert (result.outcome.reason, "c" in models.sent) == ("stopped", False)
    told = receipt_of(snapshot, "req_1")
    assert told.status == "settled" and int(told.charge) >= 1
    assert credits_of(ada).posted_nanos == 320 * NANOS - int(told.charge) * NANOS
    assert_books_balance()


@pytest.mark.races
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
        assert [(leg.status, leg.reason, leg.charge) for leg in told.legs] == [
            ("answered", None, "2"),
            ("cut", "interrupted", "0"),
            ("cut", "interrupted", "0"),
        ]
        assert_books_balance()
        carrying.cancel()  # it was only slow: what it delivered since is added, once
        with pytest.raises(asyncio.CancelledError):
            await carrying
    late = receipt_of(snapshot, "req_1")
    assert late.late is not None and int(late.charge) >= 2
    assert credits_of(ada).posted_nanos == 320 * NANOS - int(late.charge) * NANOS
    assert_books_balance()


async def test_a_lost_process_is_charged_nothing_of_what_it_would_have_given_whole(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": saying("Blue."), "b": [spoken("Well, "), None], "c": [None]})
    whole = read_compare({"models": list(NAMES), "messages": SAID, "max_tokens": 200, "stream": False})
    async with running_queue() as queue:
        panels = Panels(queue, models)  # its process has no lease: to the house it is dead
        panel = await panels.begin(snapshot, whole, "req_1")
        assert isinstance(panel, Panel)
        carrying = asyncio.create_task(panels.carrier.whole(panel))
        await until(lambda: panel.answering[0].task is not None and panel.answering[0].task.done())
        assert await reap_holds(queue, 0) == 1 and open_holds() == 0
        told = receipt_of(snapshot, "req_1")
        assert (told.status, told.charge, credits_of(ada).posted_nanos) == ("interrupted", "0", 320 * NANOS)
        assert [(leg.status, leg.charge) for leg in told.legs] == [("answered", "0"), ("cut", "0"), ("cut", "0")]
        assert_books_balance()
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
    assert (receipt_of(snapshot, "req_1").charge, credits_of(ada).posted_nanos) == ("0", 320 * NANOS)
    assert_books_balance()

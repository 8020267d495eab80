"""A leg has one deadline; what we cut is free, and a reader's slowness is nobody else's."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from app import db
from app.domain.money import NANOS
from app.domain.pricing.receipts import Receipt
from app.domain.usage.requests import read_receipt
from app.flows.callers.snapshot import Snapshot
from app.flows.modes.feed import WAITING_BYTES_MAX, Piece
from app.flows.modes.members import Panel
from app.flows.modes.speaking import Patience
from app.formats.account.modes import read_blend, read_compare
from tests.support.books import assert_books_balance, running_queue
from tests.support.credits import credits_of
from tests.support.panels import SAID, Models, Panels, credits_a_thousand, event, owed_for, paying, saying, spoken
from tests.support.waiting import until


def receipt_of(snapshot: Snapshot, request_id: str) -> Receipt:
    with db.transaction(writes=False) as session:
        return read_receipt(session, snapshot.paywall_id, request_id)


def asked(read: Any, *models: str) -> Any:
    return read({"models": list(models), "messages": SAID, "max_tokens": 200})


async def test_who_is_late_once_enough_have_answered_is_cut_and_free(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in ("a", "b", "c")])
    models = Models({"a": saying("Blue."), "b": saying("Green."), "c": [spoken("Well, "), None]})
    async with running_queue() as queue:
        panels = Panels(queue, models, Patience(leg=60, late=0.05, whole=60))
        result, _ = await panels.ask(snapshot, asked(read_blend, "a", "b", "c"))
    told = receipt_of(snapshot, result.panel.held.asked.id).legs
    assert [(leg.status, leg.reason, leg.charge != "0") for leg in told] == [
        ("answered", None, True), ("answered", None, True), ("cut", "too_slow", False), ("answered", None, True)
    ]  # fmt: skip
    assert models.answers["c"].closed
    assert_books_balance()


async def test_any_leg_ends_at_its_deadline_and_is_free_with_what_it_said(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand("a"), credits_a_thousand("b")])
    models = Models({"a": [spoken("Well, "), None], "b": saying("Green.")})
    async with running_queue() as queue:
        panels = Panels(queue, models, Patience(leg=2, late=60, whole=60))
        result, pieces = await panels.ask(snapshot, asked(read_compare, "a", "b"))
    told = receipt_of(snapshot, result.panel.held.asked.id).legs
    assert [(leg.status, leg.reason, leg.tokens) for leg in told] == [
        ("cut", "too_slow", None), ("answered", None, 200)
    ]  # fmt: skip
    assert models.answers["a"].closed and "Well, " in [piece.text for piece in pieces]
    owed, unpaid = owed_for(result.panel.id)
    assert owed - unpaid == 2 * NANOS and 0 < unpaid < NANOS, (
        "what the one had said is owed, and nobody's charge pays it"
    )
    assert_books_balance()


async def test_a_slow_reader_stops_each_leg_at_its_bound_and_no_deadline_passes(database: str) -> None:
    words = "blue " * 2_000  # ten thousand bytes a piece, twelve pieces
    prices = [credits_a_thousand(name, "0.01") for name in ("a", "b")]
    ada, snapshot = await paying(prices)
    models = Models({name: saying(words * 12, output=24_000, pieces=12) for name in ("a", "b")})
    goes_on = asyncio.Event()
    async with running_queue() as queue:
        panels = Panels(queue, models, Patience(leg=5, late=60, whole=60))
        asking = read_compare({"models": ["a", "b"], "messages": SAID, "max_tokens": 30_000})
        panel = await panels.begin(snapshot, asking)
        assert isinstance(panel, Panel)
        shown: list[Piece] = []

        async def show(piece: Piece) -> None:
            await goes_on.wait()
            shown.append(piece)

        carrying = asyncio.create_task(panels.carrier.stream(panel, show))
        await until(lambda: all(len(member.text) >= WAITING_BYTES_MAX for member in panel.answering))
        await asyncio.sleep(0.1)
        assert all(len(member.text) < WAITING_BYTES_MAX + 2 * len(words) for member in panel.answering)
        goes_on.set()
        result = await carrying
    assert [member.status.value for member in result.panel.answering] == ["answered", "answered"]
    assert credits_of(ada).posted_nanos == 320 * NANOS - result.settled.amount
    assert_books_balance()


STRANGE: Sequence[Mapping[str, Any]] = (
    {"choices": ["x"]},
    {"choices": 5},
    {"choices": [{"delta": "x"}]},
    {"choices": {"a": 1}},
)


async def test_a_provider_that_says_what_nobody_understands_ends_no_other_leg_and_no_request(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand("a"), credits_a_thousand("b")])
    first, *others = saying("Well, this is blue.")
    models = Models({"a": [first, *map(event, STRANGE), *others], "b": saying("Green.")})
    async with running_queue() as queue:
        result, _ = await Panels(queue, models).ask(snapshot, asked(read_compare, "a", "b"))
    assert [(one.status.value, one.text) for one in result.panel.answering] == [
        ("answered", "Well, this is blue."), ("answered", "Green.")
    ]  # fmt: skip
    assert {leg.status for leg in receipt_of(snapshot, result.panel.held.asked.id).legs} == {"answered"}
    assert_books_balance()

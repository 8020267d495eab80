"""Models of a panel that fail are left alone by the same rules as any other, and what they meet is told to all."""

from collections.abc import Sequence
from typing import Any

import pytest

from app import db
from app.domain.errors import AllRoutesOpen, ProviderFailed
from app.domain.money import NANOS
from app.domain.usage.requests import read_receipt
from app.flows.callers.snapshot import Snapshot
from app.flows.modes.stories import NotEnough
from app.formats.account.modes import read_blend, read_compare, read_judge
from tests.support.books import assert_books_balance, running_queue
from tests.support.credits import credits_of
from tests.support.meshing import moving
from tests.support.panels import SAID, Models, Panels, credits_a_thousand, paying, saying, spoken

FELL, WRONG = ProviderFailed("It fell over.", 500), ProviderFailed("What is this?", 400)
NAMES = ("a", "b", "c")


def compare(*models: str) -> Any:
    return read_compare({"models": list(models), "messages": SAID, "max_tokens": 100})


def lines(snapshot: Snapshot, request_id: str) -> Sequence[tuple[str, str | None]]:
    with db.transaction(writes=False) as session:
        return [(leg.status, leg.reason) for leg in read_receipt(session, snapshot.paywall_id, request_id).legs]


async def test_a_model_that_failed_three_times_is_passed_by_and_one_panel_tries_it_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": FELL, "b": saying("Blue."), "c": WRONG})
    with moving(monkeypatch) as moved:
        async with running_queue() as queue:
            panels = Panels(queue, models)
            for _ in range(3):
                await panels.ask(snapshot, compare(*NAMES))
            result, _ = await panels.ask(snapshot, compare(*NAMES))
            assert lines(snapshot, result.panel.held.asked.id) == [
                ("skipped", "circuit_open"), ("answered", None), ("failed", "provider_error")
            ]  # fmt: skip
            assert (len(models.sent["a"]), len(models.sent["c"])) == (3, 4), "what was asked wrongly opens nothing"
            moved.move(30)
            models.scripts = {**models.scripts, "a": saying("Green.")}
            for _ in range(2):
                result, _ = await panels.ask(snapshot, compare(*NAMES))
                assert lines(snapshot, result.panel.held.asked.id)[0] == ("answered", None)
            assert panels.chat.legs.breakers.listed() == []
    assert_books_balance()


async def test_where_too_few_are_left_nobody_is_asked_and_nothing_is_charged(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": FELL, "b": FELL, "c": saying("Blue.")})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        for one, other in (("a", "b"), ("b", "a")) * 3:  # of one request only one failure counts
            with pytest.raises(NotEnough):
                await panels.ask(snapshot, compare(one, other))
        for _ in range(3):
            await panels.ask(snapshot, compare("a", "c"))
            await panels.ask(snapshot, compare("b", "c"))
        spent, sent = credits_of(ada).posted_nanos, {name: len(bodies) for name, bodies in models.sent.items()}
        blend = read_blend({"models": list(NAMES), "synthesizer": "c", "messages": SAID, "max_tokens": 100})
        for asking in (compare("a", "b"), blend):
            with pytest.raises(AllRoutesOpen) as refused:
                await panels.ask(snapshot, asking)
            assert 1 <= refused.value.retry_after_seconds <= 30
        assert {name: len(bodies) for name, bodies in models.sent.items()} == sent
    assert (credits_of(ada).posted_nanos, credits_of(ada).held_nanos) == (spent, 0)
    assert_books_balance()


async def test_a_judge_that_is_left_alone_leaves_the_answers(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    models = Models({"a": saying("Blue."), "b": saying("Green."), "c": FELL})
    judging = read_judge({"contestants": ["a", "b"], "judge": "c", "messages": SAID, "max_tokens": 100})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        for _ in range(3):
            await panels.ask(snapshot, judging)
        result, _ = await panels.ask(snapshot, judging)
        assert (result.outcome.verdict, result.outcome.reason, len(models.sent["c"])) == (None, "circuit_open", 3)
    assert credits_of(ada).posted_nanos < 320 * NANOS
    assert_books_balance()


async def test_an_answer_that_ends_before_its_first_word_counts_and_one_that_breaks_off_behind_it_does_not(
    database: str,
) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in NAMES])
    broke = ProviderFailed("It broke off.")
    models = Models({"a": [broke], "b": saying("Blue."), "c": [spoken("Well, "), broke]})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        for _ in range(4):
            await panels.ask(snapshot, compare(*NAMES))
        assert (len(models.sent["a"]), len(models.sent["c"])) == (3, 4)
    assert_books_balance()

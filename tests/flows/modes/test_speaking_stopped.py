"""Whoever asked several models says twice that they want to hear no more of one."""

import asyncio
from typing import Any

import pytest

from app.flows.chat.answer import Carrier
from app.flows.modes.feed import Feed
from app.flows.modes.members import Member, Panel
from app.flows.modes.speaking import Speaking
from app.formats.account.modes import read_compare
from tests.support.books import assert_books_balance, running_queue
from tests.support.panels import SAID, Models, Panels, credits_a_thousand, paying, saying, spoken

pytestmark = pytest.mark.plain_sql


async def test_a_leg_that_is_stopped_twice_ends_once_and_the_others_are_heard(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second click comes while what was said by the first is counted."""
    _, snapshot = await paying([credits_a_thousand("a"), credits_a_thousand("b")])
    models = Models({"a": [spoken("Blue."), None], "b": saying("Green.")})
    counting, counted = asyncio.Event(), Carrier.count

    async def slowly(*args: Any) -> Any:
        counting.set()
        await asyncio.sleep(0.05)
        return await counted(*args)

    monkeypatch.setattr(Carrier, "count", slowly)
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, read_compare({"models": ["a", "b"], "messages": SAID, "max_tokens": 99}))
        assert isinstance(panel, Panel)
        first, heard = panel.members[0], asyncio.Event()

        async def show(piece: Any) -> None:
            if piece.member is first and piece.text:
                heard.set()

        carried = asyncio.create_task(panels.carrier.stream(panel, show))
        await heard.wait()
        assert panels.speaking.stop(first)
        await counting.wait()
        was_stopped_again = panels.speaking.stop(first)
        result = await asyncio.wait_for(carried, 5)
    assert not was_stopped_again
    assert [(one.status.value, one.reason) for one in panel.members] == [("cut", "stopped"), ("answered", None)]
    assert result.settled.amount > 0 and first.tokens.output > 0
    assert_books_balance()


async def test_a_leg_that_is_stopped_before_it_has_begun_says_nothing_and_ends_nobody_else(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The click comes in between: the leg is about to begin, and no step of it has run."""
    _, snapshot = await paying([credits_a_thousand("a"), credits_a_thousand("b")])
    start, stopped = Speaking.start, list[bool]()

    def start_and_stop(self: Speaking, panel: Panel, member: Member, feed: Feed, *, is_shown: bool) -> Any:
        task = start(self, panel, member, feed, is_shown=is_shown)
        if member.model == "b":
            stopped.append(self.stop(member))
        return task

    monkeypatch.setattr(Speaking, "start", start_and_stop)
    models = Models({"a": saying("Blue."), "b": saying("Green.")})
    async with running_queue() as queue:
        asking = read_compare({"models": ["a", "b"], "messages": SAID, "max_tokens": 99})
        result, _ = await asyncio.wait_for(Panels(queue, models).ask(snapshot, asking), 5)
    ended = [(one.status.value, one.reason, one.use.tokens is None) for one in result.panel.members]
    assert (stopped, ended) == ([True], [("answered", None, False), ("cut", "stopped", True)])
    assert "b" not in models.answers, "it was never asked"
    assert_books_balance()

"""What several models cost by now is told while they run: what has ended is known, what runs is guessed."""

import asyncio

from app.flows.modes.feed import Piece
from app.flows.modes.members import Panel
from app.flows.talk.about import about
from app.formats.account.modes import read_compare
from tests.support.books import running_queue
from tests.support.panels import SAID, Models, Panels, credits_a_thousand, paying, saying, spoken


async def test_it_rises_with_what_is_said_and_says_in_the_end_what_is_charged(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand("a", "6"), credits_a_thousand("b", "100")])
    models = Models({"a": saying("Blue."), "b": [spoken("Green" * 40), None]})
    asking = read_compare({"models": ["a", "b"], "messages": SAID, "max_tokens": 200})
    async with running_queue() as queue:
        panels = Panels(queue, models)
        panel = await panels.begin(snapshot, asking)
        assert isinstance(panel, Panel) and await about(panel) == "0 credits"
        heard = asyncio.Event()

        async def show(piece: Piece) -> None:
            if all(member.text for member in panel.members) and panel.members[0].has_ended:
                heard.set()

        carrying = asyncio.create_task(panels.carrier.stream(panel, show))
        await heard.wait()
        said = await about(panel)
        carrying.cancel()
        await asyncio.wait([carrying])
        await panels.chat.keeper.drain(5)
    # 1.2 of the one that has ended; of the other 200 letters, some fifty tokens, and a prompt.
    assert 6 <= int(said.removesuffix(" credits")) <= 20

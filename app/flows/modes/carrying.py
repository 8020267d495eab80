"""Carries what several models say to the client, and settles it: once, for all of them, whatever becomes of anybody.

A client that goes away closes every provider's call at once and pays for what was delivered, unless that is free; an
answer that is given whole has delivered nothing until it has. What ends in an error costs nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from app.domain.errors import CoinslotError, ProviderFailed, Unavailable
from app.domain.ledger.operations import Applied
from app.domain.legs.legs import tokens_of
from app.domain.paywalls.configuration import Disconnect
from app.domain.usage.idempotency import ChatAnswer
from app.domain.usage.requests import CLIENT_GONE, Metered
from app.domain.usage.tables import RequestMode
from app.each_alone import alone
from app.flows.chat.end import worded
from app.flows.chat.hold import Holds, Keep
from app.flows.modes.feed import Feed, Piece, paused
from app.flows.modes.members import Panel
from app.flows.modes.speaking import Speaking
from app.flows.modes.stories import Outcome, tell

Story = asyncio.Task[Outcome]
Show = Callable[[Piece], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Result:
    """How a request ended: what came of it, and what was charged."""

    panel: Panel
    outcome: Outcome
    settled: Applied


KeepResult = Callable[[Result], ChatAnswer]
"""Makes what is kept of an answer for a retry with its key."""


class PanelCarrier:
    """Carries the answers of one process."""

    def __init__(self, speaking: Speaking, holds: Holds) -> None:
        self._speaking, self._holds = speaking, holds

    async def stream(self, panel: Panel, show: Show, keep: KeepResult | None = None) -> Result:
        """Shows pieces as they come, and returns how the request ended.

        Raises AllRoutesOpen, and ProviderFailed where too few answered or all of it took too long: nothing is charged
        then; Unavailable if it could not be charged yet: it lands later. When the task is cancelled, the client is
        gone, and what was delivered is charged before that goes on, if the paywall says so.
        """

        async def deliver(piece: Piece) -> None:
            await show(piece)
            piece.member.delivered += len(piece.text)

        return await self._carry(panel, deliver, keep, self._speaking.patience.stream)

    async def whole(self, panel: Panel, keep: KeepResult | None = None) -> Result:
        """Returns how the request ended; nothing of it is delivered before. Raises as `stream` does.

        It takes no longer than the clients wait. Where each answer is one of its own, those that are late by then are
        left out; else nothing comes of it: ProviderFailed, `timed_out`.
        """

        async def show_later(_piece: Piece) -> None:
            return

        seconds: float | None = self._speaking.patience.whole
        if panel.asking.mode is RequestMode.COMPARE:
            panel.seconds, seconds = seconds, None
        return await self._carry(panel, show_later, keep, seconds)

    async def _carry(self, panel: Panel, show: Show, keep: KeepResult | None, seconds: float | None) -> Result:
        feed = Feed()
        story = asyncio.create_task(tell(self._speaking, panel, feed))
        is_over = False
        try:
            outcome = await self._hear(feed, story, show, seconds)
            is_over = True
        except CoinslotError as failure:
            is_over = True
            panel.held.failure = failure.reason if isinstance(failure, ProviderFailed) else failure.code
            await asyncio.shield(self._holds.keep(self._give_up(panel, story, feed)))
            raise
        finally:
            if not is_over:
                panel.held.failure = CLIENT_GONE
                with suppress(Unavailable):  # it lands later; what ended the request goes on
                    await asyncio.shield(self._holds.keep(self._leave(panel, story, feed)))
            if panel.own_use is not None:
                self._holds.keep(alone("modes", panel.id, panel.give_back_uses))
        panel.note()
        metered = Metered(None, disconnect=Disconnect.DRAIN if panel.has_left else None)
        settled = await asyncio.shield(self._holds.keep(self._settle(panel, metered, _keeping(panel, outcome, keep))))
        return Result(panel, outcome, settled)

    async def _hear(self, feed: Feed, story: Story, show: Show, seconds: float | None) -> Outcome:
        """Shows what is said; the time counts in which nothing is. Raises ProviderFailed where that was too long."""
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                async for piece in feed.read():
                    with paused(limit):
                        await show(piece)
                return await asyncio.shield(story)
        except TimeoutError:
            if not limit.expired():
                raise
            message = f"The models took longer than {seconds:g} seconds. Nothing was charged."
            raise ProviderFailed(message, timed_out=True) from None

    async def _give_up(self, panel: Panel, story: Story, feed: Feed) -> None:
        """Ends all that still runs, and gives the hold back."""
        story.cancel()
        feed.leave()
        await self._speaking.cut(*panel.members)
        await asyncio.wait((story,))
        panel.make_all_free()
        with suppress(Unavailable):  # it lands later; what ended the request goes on
            await self._holds.release(panel.held)

    async def _leave(self, panel: Panel, story: Story, feed: Feed) -> None:
        """Ends a request whose client is gone, as the paywall says.

        One with a key ends this way only when the process stops: it costs nothing, and its retry runs.
        """
        story.cancel()
        feed.leave()
        await self._speaking.leave(panel)
        await asyncio.wait((story,))
        if panel.held.asked.claim_id is not None:
            panel.make_all_free()
            await self._holds.release(panel.held)
            return
        policy = panel.held.snapshot.configuration.disconnect
        await self._settle(panel, Metered(None, disconnect=policy), is_free=policy is Disconnect.FREE)

    async def _settle(
        self, panel: Panel, metered: Metered, keep: Keep | None = None, *, is_free: bool = False
    ) -> Applied:
        if panel.held.admission is not None:
            panel.held.admission.used_tokens = tokens_of(panel.held.legs) or 0
        return await self._holds.settle_legs(panel.held, metered, keep, is_free=is_free)


def _keeping(panel: Panel, outcome: Outcome, keep: KeepResult | None) -> Keep | None:
    """Returns what makes a kept answer of a settlement; where that fails, only that there was one is kept."""
    if keep is None:
        return None
    nothing = ChatAnswer(None, panel.asking.is_stream)
    return lambda settled: worded(lambda: keep(Result(panel, outcome, settled)), nothing, panel.id)

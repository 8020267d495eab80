"""Carries what several models say to the client, and settles it: once, for all of them, whatever becomes of anybody.

A client that goes away closes every provider's call at once and pays for what was delivered; an answer that is given
whole has delivered nothing until it has. What ends in an error costs nothing.
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
from app.each_alone import alone
from app.flows.chat.end import worded
from app.flows.chat.hold import Holds, Keep
from app.flows.modes.feed import Feed, Piece
from app.flows.modes.members import Panel
from app.flows.modes.speaking import Speaking
from app.flows.modes.stories import Outcome, tell

TOOK_TOO_LONG = "provider_timeout"
"""Why a request whose answer is given whole came to nothing."""

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

        Raises ProviderFailed where too few answered, and Unavailable if it could not be charged yet; nothing is charged
        then, or it lands later. When the task is cancelled, what was delivered is charged before that goes on.
        """

        async def deliver(piece: Piece) -> None:
            await show(piece)
            piece.member.delivered += len(piece.text)

        return await self._carry(panel, deliver, keep)

    async def whole(self, panel: Panel, *, seconds: float | None, keep: KeepResult | None = None) -> Result:
        """Returns how the request ended; nothing of it is delivered before. Raises as `stream` does.

        What takes longer than so many seconds is ended, and free: ProviderFailed, `timed_out`.
        """

        async def show_later(_piece: Piece) -> None:
            return

        try:
            async with asyncio.timeout(seconds) as limit:
                why_left = lambda: TOOK_TOO_LONG if limit.expired() else CLIENT_GONE  # noqa: E731 - said once
                return await self._carry(panel, show_later, keep, why_left)
        except TimeoutError:
            message = f"The models took longer than {seconds:g} seconds; a stream waits longer. Nothing was charged."
            raise ProviderFailed(message, timed_out=True) from None

    async def _carry(
        self, panel: Panel, show: Show, keep: KeepResult | None, why_left: Callable[[], str] = lambda: CLIENT_GONE
    ) -> Result:
        feed = Feed()
        story = asyncio.create_task(tell(self._speaking, panel, feed))
        is_left = True
        try:
            async for piece in feed.read():
                await show(piece)
            outcome = await story
            is_left = False
        except CoinslotError as failure:
            is_left = False
            panel.held.failure = failure.code
            await asyncio.shield(self._holds.keep(self._give_up(panel)))
            raise
        finally:
            if is_left:
                panel.held.failure = why_left()
                with suppress(Unavailable):  # it lands later; what ended the request goes on
                    await asyncio.shield(self._holds.keep(self._leave(panel, story)))
            if panel.own_use is not None:
                self._holds.keep(alone("modes", panel.id, panel.give_back_uses))
        panel.note()
        metered = Metered(None, disconnect=Disconnect.DRAIN if panel.has_left else None)
        settled = await asyncio.shield(self._holds.keep(self._settle(panel, metered, _keeping(panel, outcome, keep))))
        return Result(panel, outcome, settled)

    async def _give_up(self, panel: Panel) -> None:
        panel.make_all_free()
        await self._holds.release(panel.held)

    async def _leave(self, panel: Panel, story: "asyncio.Task[Outcome]") -> None:
        """Ends a request whose client is gone, as the paywall says.

        One with a key ends this way only when the process stops: it costs nothing, and its retry runs.
        """
        story.cancel()
        await self._speaking.leave(panel)
        await asyncio.wait((story,))
        if panel.held.asked.claim_id is not None:
            await self._give_up(panel)
            return
        policy = panel.held.snapshot.configuration.disconnect
        if policy is Disconnect.FREE:
            panel.make_all_free()
        await self._settle(panel, Metered(None, disconnect=policy))

    async def _settle(self, panel: Panel, metered: Metered, keep: Keep | None = None) -> Applied:
        if panel.held.admission is not None:
            panel.held.admission.used_tokens = tokens_of(panel.held.legs) or 0
        return await self._holds.settle_legs(panel.held, metered, keep)


def _keeping(panel: Panel, outcome: Outcome, keep: KeepResult | None) -> Keep | None:
    """Returns what makes a kept answer of a settlement; where that fails, only that there was one is kept."""
    if keep is None:
        return None
    nothing = ChatAnswer(None, panel.asking.is_stream)
    return lambda settled: worded(lambda: keep(Result(panel, outcome, settled)), nothing, panel.id)

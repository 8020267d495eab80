"""What the page of a profile remembers of the playground: it needs no version, and counts at once."""

from collections.abc import Callable
from functools import partial
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError
from app.flows.paywalls.change import change
from app.flows.paywalls.profile import Opening
from app.web.developer.profile.rows import PlaygroundView, to_opening
from app.web.developer.publishing.state import PublishingState
from app.web.frame.format import plainly


class PlaygroundPart(PublishingState, mixin=True):
    """A page that opens and closes a playground."""

    playground: PlaygroundView = PlaygroundView()
    playground_error: str = ""

    @rx.event
    async def open_playground(self, form: dict[str, Any]) -> EventSpec | None:
        """Opens the playground, or bounds the open one anew."""
        return await self._set_playground(partial(to_opening, form, is_open=True))

    @rx.event
    async def close_playground(self) -> EventSpec | None:
        """Closes the playground; its address is given up for good."""
        return await self._set_playground(partial(Opening, False, self.playground.requests_per_hour))

    async def _set_playground(self, wanted: Callable[[], Opening]) -> EventSpec | None:
        manager = await self._managing()
        if manager is None:
            return self._leave()
        self.playground_error = ""
        try:
            await change(manager, wiring.get().parts.playground, wanted())
        except CoinslotError as error:
            self.playground_error = plainly(error)
        await self._show_again()
        return None

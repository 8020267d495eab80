"""What the page of settings remembers: which one is being changed, and what came of it."""

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app.domain.errors import CoinslotError
from app.flows.upkeep.choices import choose
from app.web.frame.format import plainly
from app.web.operator.frame.state import OperatorState, Work
from app.web.operator.settings.rows import SettingsPage, read_settings_page
from app.wiring import choices

TYPED_CHARACTERS_MAX = 200


class InstanceSettingsState(OperatorState, rx.State):
    """One open page of this instance's settings."""

    page: SettingsPage = SettingsPage()
    editing: str = ""
    """The name of the setting that is being changed."""
    error: str = ""
    done: str = ""
    """The name of the setting that was changed last."""

    def _work(self) -> Work:
        said = choices.said()
        return lambda session: {"page": read_settings_page(session, said)}

    @rx.event
    async def edit(self, name: str) -> EventSpec | None:
        """Opens the field of a setting; without a name it closes it."""
        if await self._operating() is None:
            return self._leave()
        self.editing, self.error, self.done = name[:100], "", ""
        return None

    @rx.event
    async def save(self, form: dict[str, Any]) -> EventSpec | None:
        """Chooses what was typed for the setting that is being changed."""
        return await self._choose(str(form.get("value", ""))[:TYPED_CHARACTERS_MAX])

    @rx.event
    async def give_back(self) -> EventSpec | None:
        """Leaves the setting that is being changed to the environment."""
        return await self._choose(None)

    async def _choose(self, typed: str | None) -> EventSpec | None:
        operator = await self._operating()
        if operator is None:
            return self._leave()
        if not self.editing:
            return None
        try:
            await choose(operator, self.editing, typed, choices.said())
            await choices.follow_once()
        except CoinslotError as error:
            self.error = plainly(error)
            return None
        self.done, self.editing, self.error = self.editing, "", ""
        await self._show_again()
        return None

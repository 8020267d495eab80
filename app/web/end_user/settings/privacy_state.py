"""What the section of privacy answers to: whether texts are kept, and that they be deleted."""

import reflex as rx
from reflex.event import EventSpec

from app.flows.conversations import privacy
from app.web.frame.session_state import VisitorState


class PrivacyPart(VisitorState, mixin=True):
    """The section of privacy, of a page that reads itself again."""

    asking: str = ""

    @rx.event
    async def keep_nothing(self) -> EventSpec | None:
        """Deletes what is kept, and keeps nothing from now on."""
        return await self._choose(is_on=True)

    @rx.event
    async def keep_again(self) -> EventSpec | None:
        """Keeps conversations again, from now on."""
        return await self._choose(is_on=False)

    @rx.event
    async def delete_conversations(self) -> EventSpec | None:
        """Deletes all conversations; later ones are kept."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self.asking = ""
        await privacy.delete_all(person.account_id)
        self._look_again()
        return None

    async def _choose(self, *, is_on: bool) -> EventSpec | None:
        person = await self._signed_in()
        if person is None:
            return self._leave()
        self.asking = ""
        await privacy.set_zero_retention(person.account_id, is_on=is_on)
        self._look_again()
        return None

"""What the wallet page remembers of an app's use of own keys while that is being changed. Whose consent it is, the flow
asks."""

import reflex as rx
from reflex.event import EventSpec

from app.domain.authorizations.own_keys import USUAL_PER_DAY, OwnKeyTerms, check_per_day
from app.domain.errors import CoinslotError
from app.flows.people import consent
from app.web.frame.format import plainly
from app.web.frame.session_state import VisitorState

ID_CHARACTERS_MAX, TYPED_CHARACTERS_MAX = 64, 8
NO, FIRST, ASKED = "no", "first", "asked"
"""What an app may do with own keys: nothing; use them before the wallet; use them only if it asks for that."""


class OwnKeysOfApps(VisitorState, mixin=True):
    """An app's use of own keys, as it is being changed."""

    own_of: str = ""
    own_use: str = NO
    own_per_day: str = str(USUAL_PER_DAY)
    own_error: str = ""

    @rx.event
    async def change_own(self, authorization_id: str, per_day: str, is_first: bool) -> EventSpec | None:
        """Begins to change what an app may do with own keys, from what it is; without an id it no longer does."""
        if await self._signed_in() is None:
            return self._leave()
        self.own_of, self.own_error = authorization_id[:ID_CHARACTERS_MAX], ""
        self.own_per_day = per_day[:TYPED_CHARACTERS_MAX] or str(USUAL_PER_DAY)
        self.own_use = NO if not per_day else FIRST if is_first else ASKED
        return None

    @rx.event
    async def choose_own(self, use: str) -> EventSpec | None:
        """Takes what the app shall be allowed."""
        if await self._signed_in() is None:
            return self._leave()
        self.own_use, self.own_error = (use if use in (FIRST, ASKED) else NO), ""
        return None

    @rx.event
    async def type_own(self, per_day: str) -> EventSpec | None:
        """Takes how many requests a day."""
        if await self._signed_in() is None:
            return self._leave()
        self.own_per_day, self.own_error = per_day[:TYPED_CHARACTERS_MAX], ""
        return None

    @rx.event
    async def save_own(self) -> EventSpec | None:
        """Saves what the app may do with own keys, from its next request on."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            per_day = None if self.own_use == NO else check_per_day(self.own_per_day.strip())
            await consent.change_own_keys(person, self.own_of, OwnKeyTerms(per_day, self.own_use != ASKED))
        except CoinslotError as error:
            self.own_error = plainly(error)
            return None
        self.own_of = ""
        self._look_again()
        return None

"""What the page of limits remembers of single users' and keys' limits. They need no version, and count at once."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import BadField, CoinslotError
from app.domain.paywalls.limits import Limits, Scope
from app.flows.paywalls.change import change
from app.flows.paywalls.limits import Override
from app.web.developer.limits import fields
from app.web.developer.limits.rows import read_override
from app.web.developer.publishing.state import PublishingState
from app.web.frame.format import plainly

PREFIX = "own."
SUBJECT_MAX = 128
SCOPES = (Scope.USER.value, Scope.KEY.value)


class OverridesPart(PublishingState, mixin=True):
    """The form of one user's or key's own limits."""

    own_scope: str = ""
    """`user` or `key` while the form is open, else empty."""
    own_subject: str = ""
    own_is_new: bool = False
    own_typed: dict[str, str] = {}
    own_on: list[str] = []
    own_problems: dict[str, str] = {}
    own_saved: int = 0
    asking: str = ""
    searched: str = ""

    def _asked(self) -> tuple[str, int]:
        asked = self.router.url.query_parameters
        page = asked.get("page", "1")
        is_number = page.isdecimal() and page.isascii() and len(page) < 6
        return asked.get("q", "")[:SUBJECT_MAX], int(page) if is_number else 1

    @rx.event
    async def search(self, words: str) -> EventSpec | None:
        """Looks for users and keys with limits of their own; the address says for which."""
        if await self._managing() is None:
            return self._leave()
        words = words[:SUBJECT_MAX].strip()
        return rx.redirect("?" + urlencode({"q": words} if words else {}), replace=True)

    @rx.event
    async def open_own(self, scope: str, subject: str) -> EventSpec | None:
        """Opens the form of a user's or key's own limits; for somebody new without a name."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        if scope not in SCOPES:
            return None
        subject = subject[:SUBJECT_MAX]
        typed: Mapping[str, str] = await db.in_transaction(
            lambda session: read_override(session, manager.paywall_id, scope, subject)
        )
        self.own_scope, self.own_subject, self.own_is_new = scope, subject, subject == ""
        self.own_typed = {PREFIX + name: value for name, value in typed.items()}
        self.own_on, self.own_problems, self.asking = sorted(self.own_typed), {}, ""
        return None

    @rx.event
    async def close_own(self) -> EventSpec | None:
        """Closes the form; nothing of it is kept."""
        if await self._managing() is None:
            return self._leave()
        self.own_scope, self.asking = "", ""
        return None

    @rx.event
    async def toggle_own(self, name: str) -> EventSpec | None:
        """Switches one of the open form's limits on or off."""
        if await self._managing() is None:
            return self._leave()
        if name.removeprefix(PREFIX) in fields.LIMITS:
            self.own_on = sorted({*self.own_on} ^ {PREFIX + name.removeprefix(PREFIX)})
        return None

    @rx.event
    async def save_own(self, form: dict[str, Any]) -> EventSpec | None:
        """Saves the open form, for the next request; what cannot be is said beside its field."""
        if await self._managing() is None:
            return self._leave()
        typed = {name: str(form.get(name, ""))[:24] for name in self.own_on}
        limits, self.own_problems = fields.limits_of(typed, PREFIX)
        subject = str(form.get("subject", ""))[:SUBJECT_MAX].strip() if self.own_is_new else self.own_subject
        if not self.own_problems and self.own_scope in SCOPES:
            await self._set_own(self.own_scope, subject, limits)
        return None

    @rx.event
    async def ask(self, what: str) -> EventSpec | None:
        """Asks once before limits go back to everybody's; without a name it no longer asks."""
        if await self._managing() is None:
            return self._leave()
        self.asking = what[:256]
        return None

    @rx.event
    async def give_back(self, scope: str, subject: str) -> EventSpec | None:
        """Lets everybody's limits count for a user or key again."""
        if await self._managing() is None:
            return self._leave()
        if scope in SCOPES:
            await self._set_own(scope, subject[:SUBJECT_MAX], None)
        return None

    async def _set_own(self, scope: str, subject: str, limits: Limits | None) -> None:
        manager = await self._managing()
        if manager is None:
            return
        try:
            await change(manager, wiring.get().parts.overrides, Override(Scope(scope), subject, limits))
        except BadField as error:
            self.own_problems = {"subject": plainly(error)}
            return
        except CoinslotError as error:
            self.own_problems = {"": plainly(error)}
            return
        self.own_scope, self.asking, self.own_problems, self.own_saved = "", "", {}, self.own_saved + 1
        await self._show_again()

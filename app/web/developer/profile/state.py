"""What the profile's form remembers: what was read, and what was typed, which no reading touches.

What is published is what was changed of what was read, on the newest version: two who change different things keep
both their changes.
"""

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import BadField, CoinslotError
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Manager
from app.flows.paywalls.change import Changed, change
from app.flows.paywalls.profile import Profile
from app.web.developer.frame.differences import DifferenceRow
from app.web.developer.frame.state import Work
from app.web.developer.profile.playground_state import PlaygroundPart
from app.web.developer.profile.rows import (
    ProfileForm,
    as_typed,
    differing,
    in_words,
    merged,
    profile_of,
    read_form,
    read_playground_view,
    to_profile,
)


class ProfileState(PlaygroundPart, rx.State):
    """One open page of a paywall's profile."""

    form: ProfileForm = ProfileForm()
    """What the fields begin with; it stays while something is typed."""
    form_key: int = 0
    differences: list[DifferenceRow] = []
    is_touched: bool = False
    is_reviewed: bool = False
    field: str = ""
    error: str = ""
    icon_error: str = ""
    _read: Profile | None = None
    _typed: Profile | None = None

    def _is_dirty(self) -> bool:
        return self.is_touched

    def _work(self) -> Work:
        versions, site = self._versions(), wiring.get().links.base_url
        form, read, typed, is_touched = self.form, self._read, self._typed, self.is_touched

        def work(session: db.Session, manager: Manager) -> dict[str, Any]:
            known = versions(session, manager)
            found = {**known, "playground": read_playground_view(session, manager, site)}
            newest = profile_of(read_current(session, manager.paywall_id)[1])
            if not is_touched:
                shown = read_form(session, manager.paywall_id)
                return {**found, "form": shown, "form_key": shown.version, "_read": newest, "differences": []}
            if read is None or typed is None:
                return found
            wanted = merged(read, typed, newest)
            found["differences"] = differing(newest, wanted)
            if form.version != known["read_version"]:  # they go on from the newest version, and see what that says
                shown = as_typed(read_form(session, manager.paywall_id), wanted)
                found |= {"form": shown, "form_key": shown.version, "_read": newest, "_typed": wanted}
            return found

        return work

    @rx.event
    async def touch(self) -> EventSpec | None:
        """Notes that something is typed: it stays as it is, and is reviewed anew."""
        if await self._managing() is None:
            return self._leave()
        self.is_touched, self.is_reviewed, self.published, self._typed = True, False, 0, None
        self.differences = []
        return None

    @rx.event
    async def see_changes(self, form: dict[str, Any]) -> EventSpec | None:
        """Reads what was typed, and shows what publishing it would change; what cannot be is said beside its field."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        self.field, self.error, self.publish_error, self.published = "", "", "", 0
        self.is_touched, self._typed, self.is_reviewed = True, None, False
        _, current = await db.in_transaction(lambda session: read_current(session, manager.paywall_id))
        try:
            typed = to_profile(form, current)
        except BadField as error:
            self.field, self.error = error.field or "", in_words(error)
        else:
            self._typed, self.form, self.is_reviewed = typed, as_typed(self.form, typed), True
        await self._show_again()
        return None

    @rx.event
    async def discard(self) -> EventSpec | None:
        """Forgets what was typed."""
        if await self._managing() is None:
            return self._leave()
        self._forget()
        await self._show_again()
        self.form_key += 1  # other fields, which show what counts
        return None

    @rx.event
    async def publish(self) -> EventSpec | None:
        """Publishes what was reviewed, if the version that it was reviewed on is still the newest."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        read, typed = self._read, self._typed
        if read is None or typed is None:
            return None
        _, current = await db.in_transaction(lambda session: read_current(session, manager.paywall_id))
        wanted = merged(read, typed, profile_of(current))

        async def publishing() -> Changed[None]:
            return await change(manager, wiring.get().parts.profile, wanted, self.read_version)

        await self._publish(publishing)
        if self.published:
            self._forget()
        await self._show_again()
        return None

    @rx.event
    async def remove_icon(self) -> EventSpec | None:
        """Takes the icon away; the app's letters stand in its place."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        self.icon_error = ""
        try:
            await change(manager, wiring.get().parts.icon, None)
        except CoinslotError as error:
            self.icon_error = error.message
        await self._show_again()
        return None

    def _forget(self) -> None:
        self.is_touched, self.is_reviewed, self._typed = False, False, None
        self.field, self.error, self.differences = "", "", []

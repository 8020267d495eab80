"""What the profile's form remembers. No reading writes over what was typed: it is filled once, and when asked."""

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import BadField, CoinslotError, OutdatedVersion
from app.domain.paywalls.configuration import read_current
from app.flows.paywalls.change import change
from app.flows.paywalls.profile import Profile
from app.web.developer.frame.differences import DifferenceRow
from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.profile.rows import ProfileForm, as_typed, differing, read_form, to_profile


class ProfileState(PaywallState, rx.State):
    """One open page of a paywall's profile."""

    form: ProfileForm = ProfileForm()
    differences: list[DifferenceRow] = []
    is_reviewing: bool = False
    field: str = ""
    error: str = ""
    outdated: str = ""
    published: int = 0
    _typed: Profile | None = None

    def _work(self) -> Work:
        kept = self.form if self.form.version else None
        return lambda session, manager: {"form": kept or read_form(session, manager.paywall_id)}

    @rx.event
    async def review(self, form: dict[str, Any]) -> EventSpec | None:
        """Shows what publishing what was typed would change."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        self.field, self.error, self.outdated, self.published = "", "", "", 0
        _, current = await db.in_transaction(lambda session: read_current(session, manager.paywall_id))
        try:
            wanted = to_profile(form, current)
        except BadField as error:
            self.field, self.error = error.field or "", error.message
            return None
        self._typed, self.form = wanted, as_typed(self.form, wanted)
        self.differences, self.is_reviewing = differing(current, wanted), True
        return None

    @rx.event
    async def edit_again(self) -> EventSpec | None:
        """Goes back to the form, with what was typed."""
        if await self._managing() is None:
            return self._leave()
        self.is_reviewing = False
        return None

    @rx.event
    async def publish(self) -> EventSpec | None:
        """Publishes what was reviewed, if the version that it was typed on is still the newest."""
        manager = await self._managing()
        if manager is None or self._typed is None:
            return self._leave() if manager is None else None
        try:
            made = await change(manager, wiring.get().parts.profile, self._typed, self.form.version)
        except OutdatedVersion as error:
            self.outdated = error.message
        except BadField as error:
            self.field, self.error, self.is_reviewing = error.field or "", error.message, False
        except CoinslotError as error:
            self.error, self.is_reviewing = error.message, False
        else:
            self.is_reviewing, self.differences, self._typed = False, [], None
            self.published, self.form = made.version, ProfileForm()
        await self._show_again()
        return None

    @rx.event
    async def take_newest(self) -> EventSpec | None:
        """Goes on with what was typed, on the newest version, and shows anew what it would change there."""
        manager = await self._managing()
        if manager is None or self._typed is None:
            return self._leave() if manager is None else None
        _, current = await db.in_transaction(lambda session: read_current(session, manager.paywall_id))
        newest = await db.in_transaction(lambda session: read_form(session, manager.paywall_id))
        self.form, self.outdated = as_typed(newest, self._typed), ""
        self.differences = differing(current, self._typed)
        return None

    @rx.event
    async def remove_icon(self) -> EventSpec | None:
        """Takes the icon away; the app's letters stand in its place."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        try:
            await change(manager, wiring.get().parts.icon, None)
        except CoinslotError as error:
            self.error = error.message
        await self._show_again()
        return None

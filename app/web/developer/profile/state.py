"""What the profile's form remembers. No reading writes over what was typed: it is filled once, and when asked."""

from collections.abc import Callable
from functools import partial
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import BadField, CoinslotError, OutdatedVersion
from app.domain.paywalls.configuration import read_current
from app.flows.paywalls.change import change
from app.flows.paywalls.profile import Opening, Profile
from app.web.developer.frame.differences import DifferenceRow
from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.profile.rows import (
    PlaygroundView,
    ProfileForm,
    as_typed,
    differing,
    read_form,
    read_playground_view,
    to_opening,
    to_profile,
)


class ProfileState(PaywallState, rx.State):
    """One open page of a paywall's profile."""

    form: ProfileForm = ProfileForm()
    differences: list[DifferenceRow] = []
    is_reviewing: bool = False
    field: str = ""
    error: str = ""
    outdated: str = ""
    published: int = 0
    playground: PlaygroundView = PlaygroundView()
    playground_error: str = ""
    _typed: Profile | None = None

    def _work(self) -> Work:
        kept = self.form if self.form.version else None
        site = wiring.get().links.base_url
        return lambda session, manager: {
            "form": kept or read_form(session, manager.paywall_id),
            "playground": read_playground_view(session, manager, site),
        }

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
            self.playground_error = error.message
        await self._show_again()
        return None

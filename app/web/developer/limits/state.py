"""What the page of limits remembers of everybody's: what was read, which limits are on, what was typed.

As long as something is typed no reading touches it. What is published is what was changed of what was read, on the
newest version: two who change different limits keep both their changes.
"""

from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.paywalls.configuration import UserFrom
from app.domain.paywalls.limits import Limits, PaywallLimits, Scope
from app.domain.paywalls.members import Manager
from app.flows.paywalls.change import Changed, change
from app.flows.paywalls.limits import Use
from app.web.developer.frame.state import Work
from app.web.developer.limits import fields
from app.web.developer.limits.overrides_state import OverridesPart
from app.web.developer.limits.rows import Form, LimitsPage, planned, read_form, read_page

NAMES = frozenset(f"{scope.value}.{name}" for scope in Scope for name in fields.LIMITS)


class LimitsState(OverridesPart, rx.State):
    """One open page of a paywall's limits."""

    page: LimitsPage = LimitsPage()
    form: Form = Form()
    """What was read; it stays while something is typed."""
    form_key: int = 0
    on: list[str] = []
    user_from: str = ""
    problems: dict[str, str] = {}
    is_touched: bool = False
    is_reviewed: bool = False
    _typed: tuple[Form, ...] = ()

    def _is_dirty(self) -> bool:
        return self.is_touched

    def _work(self) -> Work:
        versions, is_touched = self._versions(), self.is_touched
        draft = (self.form, *self._typed) if self._typed else ()
        words, page = self._asked()

        def read(session: db.Session, manager: Manager) -> dict[str, Any]:
            known = versions(session, manager)
            found: dict[str, Any] = {}
            if not is_touched:
                form = read_form(session, manager.paywall_id)
                found = {"form": form, "form_key": known["read_version"], "on": sorted(form.typed),
                         "user_from": form.user_from}  # fmt: skip
            shown = read_page(session, manager, draft, words, page)
            return {**known, **found, "page": shown, "searched": words}

        return read

    @rx.event
    async def touch(self) -> EventSpec | None:
        """Notes that something is typed: it stays as it is, and is reviewed anew."""
        if await self._managing() is None:
            return self._leave()
        self._note_touch()
        return None

    @rx.event
    async def toggle(self, name: str) -> EventSpec | None:
        """Switches one of everybody's limits on or off."""
        if await self._managing() is None:
            return self._leave()
        if name in NAMES:
            self.on = sorted({*self.on} ^ {name})
            self._note_touch()
        return None

    @rx.event
    async def name_users(self, place: str) -> EventSpec | None:
        """Says which place of a request names its user."""
        if await self._managing() is None:
            return self._leave()
        if place in list(UserFrom):
            self.user_from = place
            self._note_touch()
        return None

    @rx.event
    async def see_changes(self, form: dict[str, Any]) -> EventSpec | None:
        """Reads what was typed, and shows what publishing it would change; what cannot be is said beside its field."""
        if await self._managing() is None:
            return self._leave()
        typed = {name: str(form.get(name, ""))[:24] for name in self.on}
        self.problems = {
            name: problem for scope in Scope for name, problem in fields.limits_of(typed, f"{scope}.")[1].items()
        }
        self._typed = () if self.problems else (Form(_plain(typed), self.user_from),)
        self.is_touched, self.is_reviewed, self.publish_error = True, not self.problems, ""
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
        """Publishes what was reviewed, as one version."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        if not self._typed:
            return None
        typed, newest = self._typed[0], await db.in_transaction(lambda session: read_form(session, manager.paywall_id))
        wanted = planned((self.form, typed), newest)
        limits = {scope.value: _limits(wanted.typed, scope) for scope in Scope}

        async def publishing() -> Changed[None]:
            use = Use(PaywallLimits(**limits), UserFrom(wanted.user_from))
            return await change(manager, wiring.get().parts.limits, use, self.read_version)

        await self._publish(publishing)
        if self.published:
            self._forget()
        await self._show_again()
        return None

    def _note_touch(self) -> None:
        self.is_touched, self.is_reviewed, self.published = True, False, 0
        self._typed = ()

    def _forget(self) -> None:
        self.is_touched, self.is_reviewed, self.problems, self._typed = False, False, {}, ()


def _plain(typed: Mapping[str, str]) -> dict[str, str]:
    """Returns what was typed as it is stored: `1,000` is `1000`."""
    return {
        f"{scope}.{name}": value
        for scope in Scope
        for name, value in fields.typed_of(fields.limits_of(typed, f"{scope}.")[0]).items()
    }


def _limits(typed: Mapping[str, str], scope: Scope) -> Limits:
    return fields.limits_of(typed, f"{scope}.")[0]

"""What a form remembers that publishes a version: which version it was read from, and what was published since.

As long as something is typed or drafted, no reading touches either: the draft is published on the version that its
developer saw, and refused where another one is the newest (`decisions.md` 34).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import reflex as rx
from reflex.event import EventSpec

from app.db import Session
from app.domain.errors import CoinslotError, OutdatedVersion
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Manager
from app.flows.paywalls.change import Changed
from app.web.developer.frame.state import PaywallState
from app.web.developer.publishing.rows import Since, read_since

Outcome = TypeVar("Outcome")


class PublishingState(PaywallState, mixin=True):
    """A page with a form that publishes. `read_version` is the version that its draft is about."""

    read_version: int = 0
    since: Since = Since()
    published: int = 0
    """The version that the last click published, 0 before one."""
    publish_error: str = ""
    is_reviewing: bool = False

    def _begin_anew(self) -> None:
        """Keeps what is typed and drafted, unseen, until `_goes_on` can say whether the page is the same."""
        self.phase = "loading"

    def _goes_on(self, session_id: str) -> bool:
        # A search or another page of a list is the same form: what is typed and drafted stays with it.
        return self._session_id == session_id != "" and self.paywall.id == self._paywall_id()

    def _is_dirty(self) -> bool:
        """Tells whether something is typed or drafted that was not published; each page says what that is."""
        return False

    def _versions(self) -> Callable[[Session, Manager], Mapping[str, Any]]:
        """Returns what reads the version and what happened since, to be called with the page's reading."""
        kept = self.read_version if self._is_dirty() else 0

        def read(session: Session, manager: Manager) -> dict[str, Any]:
            newest = read_current(session, manager.paywall_id)[0].version
            since = read_since(session, manager.paywall_id, kept, newest) if kept else Since()
            return {"read_version": kept or newest, "since": since}

        return read

    async def _publish(self, publishing: Callable[[], Awaitable[Changed[Outcome]]]) -> Outcome | None:
        """Publishes, and returns what came of it; None where it was refused, which `publish_error` says."""
        before = self.read_version
        try:
            changed = await publishing()
        except CoinslotError as refusal:
            self.published = 0
            # What was published meanwhile stands in `since`, with what to do about it.
            self.publish_error = "" if isinstance(refusal, OutdatedVersion) else refusal.message
            return None
        self.published = changed.version if changed.version != before else 0
        self.publish_error, self.is_reviewing = "", False
        return changed.outcome

    @rx.event
    async def accept_newest(self) -> EventSpec | None:
        """Goes on with what is typed and drafted, on the newest version."""
        if await self._managing() is None:
            return self._leave()
        if self.since.newest:
            self.read_version, self.publish_error, self.since = self.since.newest, "", Since()
        await self._show_again()
        return None

    @rx.event
    async def review(self, is_shown: bool) -> EventSpec | None:
        """Shows what publishing would change, or hides it."""
        if await self._managing() is None:
            return self._leave()
        self.is_reviewing = is_shown
        return None

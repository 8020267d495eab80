"""What the page of messages remembers: the words as they are typed, which no reading writes once they were begun.

The endpoint's secret never comes here: the browser fetches it when it is made.
"""

from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.domain.errors import CoinslotError, OutdatedVersion
from app.domain.paywalls.messages import PLACEHOLDERS, TEMPLATE_CHARACTERS_MAX
from app.domain.people.sessions import Person
from app.flows.paywalls.change import change
from app.web.developer.frame.state import PaywallState, Work
from app.web.developer.messages.rows import EndpointPart, MessageRow, Words, changed_since, message_rows, read_words

_TYPED_MAX = TEMPLATE_CHARACTERS_MAX + 500
"""So that what is too long is said to be, and not cut in silence."""


class MessagesState(PaywallState, rx.State):
    """One open page of a paywall's messages."""

    rows: list[MessageRow] = []
    endpoint: EndpointPart = EndpointPart()
    may_read: bool = True
    changes: int = 0
    problems: list[str] = []
    is_sent_shown: bool = False
    replayed: int = 0
    error: str = ""
    published: int = 0
    tried: str = ""
    tried_text: str = ""
    is_trying: bool = False
    based_on: int = 0
    replaced: int = 0
    """How often other words took the place of those that were typed."""
    is_outdated: bool = False
    """Whether another version was published while somebody typed on `based_on`."""
    _base: dict[str, str] = {}
    _typed: dict[str, str] = {}
    _words: Words | None = None
    _others: str = ""
    """What others changed since `based_on`, in a sentence."""

    def _work(self) -> Work:
        based_on, base = (self.based_on, self._base) if self.changes else (0, {})

        def read(session: Any, manager: Any) -> Mapping[str, Any]:
            words, endpoint, may_read = read_words(session, manager)
            others = changed_since(session, manager.paywall_id, based_on, base, words) if based_on else ""
            return {"_words": words, "endpoint": endpoint, "may_read": may_read, "_others": others}

        return read

    def _show(self, person: Person | None, values: Mapping[str, Any]) -> None:
        super()._show(person, values)
        self._fill()

    def _fill(self) -> None:
        """Takes up what is published, unless somebody types; the version that they read is kept with that."""
        if self._words is not None and not self.changes:
            self._typed, self._base = dict(self._words.published), dict(self._words.published)
            self.based_on, self.is_outdated = self.paywall.version, False
        self._draw()

    def _draw(self) -> None:
        if self._words is None:
            return
        rows = message_rows(self._words, self._typed)
        self._put({
            "rows": rows, "changes": sum(row.is_changed for row in rows),
            "problems": [row.title for row in rows if row.problem],
        })  # fmt: skip

    @rx.event
    async def type_text(self, event: str, text: str) -> EventSpec | None:
        """Takes an event's words as they are typed."""
        if await self._signed_in() is None:
            return self._leave()
        if event in PLACEHOLDERS:
            self._typed = {**self._typed, event: text[:_TYPED_MAX]}
            self.error = ""
            self._draw()
        return None

    @rx.event
    async def edit(self, event: str) -> EventSpec | None:
        """Lets an event be said in the developer's words, which begin as ours."""
        if await self._signed_in() is None:
            return self._leave()
        if event in PLACEHOLDERS and self._words is not None:
            self._typed = {**self._typed, event: self._words.ours(event)}
            self._draw()
        return None

    @rx.event
    async def use_ours(self, event: str) -> EventSpec | None:
        """Lets an event be said in our words again."""
        if await self._signed_in() is None:
            return self._leave()
        self._typed = {name: text for name, text in self._typed.items() if name != event}
        self._draw()
        return None

    @rx.event
    async def discard(self) -> EventSpec | None:
        """Forgets what was typed, and shows what is published now."""
        if await self._signed_in() is None:
            return self._leave()
        self.changes, self.error = 0, ""
        self.replaced += 1
        self._fill()
        return None

    @rx.event
    async def publish(self) -> EventSpec | None:
        """Publishes what was typed as one version; one that was published meanwhile is named, and the typing stays."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        words = self._words
        kept = {event: text for event, text in self._typed.items() if words is None or text != words.ours(event)}
        try:
            made = await change(manager, wiring.get().parts.templates, kept, self.based_on)
        except OutdatedVersion as error:
            self.is_outdated = True
            await self._show_again()
            self.error = f"{error.message} {self._others}".strip()
            return None
        except CoinslotError as error:
            self.error = error.message
            return None
        self.published, self.changes, self.error = made.version, 0, ""
        await self._show_again()
        self._fill()
        return None

    @rx.event
    async def keep_both(self) -> EventSpec | None:
        """Puts what was typed on the newest version, whose other words stay as they were published."""
        if await self._signed_in() is None:
            return self._leave()
        if self._words is not None:
            mine = {event for event in PLACEHOLDERS if self._typed.get(event) != self._base.get(event)}
            theirs = {event: text for event, text in self._words.published.items() if event not in mine}
            self._typed = theirs | {event: text for event, text in self._typed.items() if event in mine}
            self._base, self.based_on = dict(self._words.published), self.paywall.version
            self.is_outdated, self.error = False, ""
            self._draw()
        return None

    @rx.event
    async def show_sent(self, is_sent: bool) -> EventSpec | None:
        """Shows messages as they are sent, or as an app shows them."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_sent_shown = is_sent
        return None

    @rx.event
    async def play(self) -> EventSpec | None:
        """Lets the previews stream once more."""
        if await self._signed_in() is None:
            return self._leave()
        self.replayed += 1
        return None

    @rx.event
    async def endpoint_saved(self) -> EventSpec | None:
        """Shows what the browser has posted of the endpoint."""
        if await self._signed_in() is None:
            return self._leave()
        self.tried = self.tried_text = ""
        await self._show_again()
        self._fill()
        return None

    @rx.event
    async def try_endpoint(self, event: str) -> EventSpec | None:
        """Asks the endpoint for a message as a user's request would, and shows its answer and how long it took."""
        manager = await self._managing()
        if manager is None:
            return self._leave()
        try:
            found = await wiring.get().instead.responses.try_out(manager, event)
        except CoinslotError as error:
            self.tried, self.tried_text = error.message, ""
            return None
        self.tried_text = found.text
        self.tried = found.problem or f"{found.milliseconds:,} ms, {len(found.text):,} characters"
        return None

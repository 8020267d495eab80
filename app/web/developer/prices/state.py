"""What the page of prices remembers beside its draft and its form: what is looked for, and the chat that is tried."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec

from app import db
from app.domain.paywalls.members import Manager
from app.flows.pricing.sheet import Show
from app.web.developer.frame.state import Work
from app.web.developer.prices.draft_state import WORDS_MAX, read_desk
from app.web.developer.prices.editor_state import PriceEditor
from app.web.developer.prices.rows import ChatView, read_chat, read_page

TYPICAL: Mapping[str, str] = {"prompt": "1200", "cached": "0", "output": "400"}
"""The tokens of a typical chat."""


class PricesState(PriceEditor, rx.State):
    """One open page of a paywall's prices."""

    chat: ChatView = ChatView()
    searched: str = ""
    _chat_typed: tuple[tuple[str, str], ...] = tuple(TYPICAL.items())

    def _work(self) -> Work:
        steps, query, versions = self._steps, self._query(), self._versions()
        model, typed = self._chat_model, dict(self._chat_typed)

        def read(session: db.Session, manager: Manager) -> dict[str, Any]:
            desk = read_desk(session, manager)
            page, planned = read_page(desk, steps, query)
            return {
                "searched": query.words,
                "page": page,
                "chat": read_chat(desk, planned, model, typed),
                **versions(session, manager),
            }

        return read

    @rx.event
    async def search(self, words: str) -> EventSpec | None:
        """Looks for models; the address says for which."""
        if await self._managing() is None:
            return self._leave()
        show = self._query().show
        asked = {"q": words[:WORDS_MAX].strip(), "show": "" if show is Show.ALL else show.value}
        return rx.redirect("?" + urlencode({name: value for name, value in asked.items() if value}), replace=True)

    @rx.event
    async def try_chat(self, name: str, value: str) -> EventSpec | None:
        """Takes what was typed of the chat that is tried."""
        if await self._managing() is None:
            return self._leave()
        if name in TYPICAL:
            self._chat_typed = tuple({**dict(self._chat_typed), name: value[:12]}.items())
        await self._show_again()
        return None

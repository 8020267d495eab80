"""What the page of the help remembers: the page that is read, and the newest answer."""

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import wiring
from app.db import Session
from app.domain.errors import CoinslotError
from app.domain.people.sessions import Person
from app.flows.help.corpus import Corpus
from app.flows.help.desk import QUESTION_CHARACTERS_MAX
from app.web.frame.format import plainly
from app.web.frame.session_state import Read, VisitorState
from app.web.public.help.rows import AnswerRow, ReadPage, answer_row, page_row
from app.wiring.answering import help as helping

ID_CHARACTERS_MAX = 300


class HelpState(VisitorState, rx.State):
    """One open page of the help. Anybody reads; who asks is signed in."""

    page: ReadPage = ReadPage()
    answer: AnswerRow = AnswerRow()
    is_asking: bool = False
    error: str = ""
    _chosen: str = ""
    """The section that was opened without another address, empty for what the address says."""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the page that the address names, and who may ask."""
        corpus = await helping.desk().corpus()
        async for event in self._live(partial(self._reader, corpus), _nothing):
            yield event

    def _reader(self, corpus: Corpus, _person: Person | None) -> Read:
        asked: str = self.router.url.query_parameters.get("page", "")
        page, _, anchor = (self._chosen or asked)[:ID_CHARACTERS_MAX].partition("#")

        def read(_session: Session) -> dict[str, Any]:
            return {"page": page_row(corpus, page, wiring.get().links.base_url, anchor)}

        return read

    @rx.event
    async def open_section(self, section_id: str) -> None:
        """Opens a section beneath the answer that cites it; anybody may read it."""
        corpus = await helping.desk().corpus()
        self._chosen = section_id[:ID_CHARACTERS_MAX]
        page, _, anchor = self._chosen.partition("#")
        self.page = page_row(corpus, page, wiring.get().links.base_url, anchor)

    @rx.event(background=True)
    async def ask(self, form: dict[str, Any]) -> AsyncIterator[EventSpec | None]:
        """Answers a question of whoever is signed in."""
        async with self:
            person, question = await self._signed_in(), str(form.get("question", ""))[: QUESTION_CHARACTERS_MAX + 1]
            if person is None:
                yield self._leave()
                return
            if self.is_asking:
                return
            self.is_asking, self.error, network = True, "", self._network()
        desk, error, row = helping.desk(), "", AnswerRow()
        try:
            row = answer_row(await desk.corpus(), question, await desk.ask(question, person.account_id, network))
        except CoinslotError as refusal:
            error = plainly(refusal)
        async with self:
            if await self._signed_in() is not None:
                self.is_asking, self.error, self.answer = False, error, row if not error else self.answer


def _nothing(_person: Person | None, _values: Mapping[str, Any]) -> list[Any]:
    return []

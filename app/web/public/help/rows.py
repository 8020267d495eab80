"""What the page of the help shows, ready to be read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from app.flows.help.addresses import address_of
from app.flows.help.corpus import Corpus
from app.flows.help.desk import Answer
from app.flows.help.showing import show_answer, show_page


@dataclass(frozen=True)
class BlockRow:
    """A piece of a text: HTML of ours, or code to be copied where that is empty."""

    html: str = ""
    code: str = ""


@dataclass(frozen=True)
class PartRow:
    """A section of the page that is read."""

    anchor: str = ""
    heading: str = ""
    blocks: list[BlockRow] = field(default_factory=list)


@dataclass(frozen=True)
class ReadPage:
    """The page that is read; `at` is the section that was asked for."""

    id: str = ""
    title: str = ""
    parts: list[PartRow] = field(default_factory=list)
    at: str = ""


@dataclass(frozen=True)
class CitedRow:
    """A section that an answer rests on, and where it is read."""

    number: int = 0
    id: str = ""
    name: str = ""
    href: str = ""


@dataclass(frozen=True)
class AnswerRow:
    """What was asked and answered; of a question without an answer `is_found` is False."""

    question: str = ""
    is_found: bool = False
    blocks: list[BlockRow] = field(default_factory=list)
    cited: list[CitedRow] = field(default_factory=list)


class _Block(Protocol):
    @property
    def html(self) -> str: ...

    @property
    def code(self) -> str: ...


def page_row(corpus: Corpus, page_id: str, base_url: str, at: str = "") -> ReadPage:
    """Returns a page to read, of the page that names all others where there is none such."""
    known, title, parts = show_page(corpus, page_id, base_url)
    return ReadPage(known, title, [PartRow(one.anchor, one.heading, _rows(one.blocks)) for one in parts], at)


def answer_row(corpus: Corpus, question: str, answer: Answer) -> AnswerRow:
    """Returns an answer to show."""
    cited = [CitedRow(number, one.id, one.name, address_of(one)) for number, one in enumerate(answer.cited, 1)]
    return AnswerRow(question, answer.is_found, _rows(show_answer(corpus, answer)), cited)


def _rows(blocks: Iterable[_Block]) -> list[BlockRow]:
    return [BlockRow(one.html, one.code) for one in blocks]

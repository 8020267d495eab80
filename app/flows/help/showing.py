"""Pages and answers as they are shown: HTML that loads nothing, code to be copied, links to pages of the help."""

from dataclasses import dataclass

from app.flows.help.addresses import links_of
from app.flows.help.corpus import CONTENTS, Corpus
from app.flows.help.desk import Answer
from app.flows.help.quoting import personal
from app.formats.markdown.html import Block, blocks_of


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a page; the one under the title has neither anchor nor heading."""

    anchor: str
    heading: str
    blocks: tuple[Block, ...]


def show_page(corpus: Corpus, page_id: str, base_url: str) -> tuple[str, str, tuple[Part, ...]]:
    """Returns the id, the title and the parts of a page, of the page that names all others where there is none such."""
    page = corpus.pages.get(page_id) or corpus.pages[CONTENTS]
    to_link = links_of(page.id, corpus.pages, outside=True)
    return page.id, page.title, tuple(
        Part(one.anchor, one.heading, tuple(blocks_of(personal(one.text, base_url), to_link))) for one in page.sections
    )  # fmt: skip


def show_answer(corpus: Corpus, answer: Answer) -> list[Block]:
    """Returns an answer in pieces. Its links lead to pages of the help alone, whoever worded it."""
    page = answer.cited[0].page if answer.cited else CONTENTS
    return blocks_of(answer.text, links_of(page, corpus.pages, outside=False))

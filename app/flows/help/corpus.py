"""All that the help knows: the README, the guide's pages for users, and lists of operations, codes and events."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from app.flows.help.lists import codes_of, events_of, operations_of
from app.flows.help.sections import Page, Section, cut

_APP = Path(__file__).parents[2]
GUIDE = _APP / "guide" / "use"
README = _APP.parent / "README.md"
FIRST = ("questions", "first-paywall", "chat", "errors")
"""The pages that most people look for, first in the list of all."""
CONTENTS = "contents"
"""The page that names all others."""
SAID_ELSEWHERE = frozenset(
    {CONTENTS, "errors#codes", "readme#where-everything-else-is", "readme#how-quick-its-pages-are"}
)
"""Tables whose rows are sections of their own, and lists of links."""


class Corpus:
    """Pages by their ids, in the order in which they are listed."""

    def __init__(self, pages: tuple[Page, ...]) -> None:
        self.pages: Mapping[str, Page] = {page.id: page for page in pages}

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All sections of all pages."""
        return tuple(section for page in self.pages.values() for section in page.sections)

    @cached_property
    def searched(self) -> tuple[Section, ...]:
        """The sections that questions are looked for in: each says something that no other does."""
        return tuple(section for section in self.sections if section.id not in SAID_ELSEWHERE)

    @cached_property
    def by_id(self) -> Mapping[str, Section]:
        """All sections by the name that they are cited by."""
        return {section.id: section for section in self.sections}


def read_corpus(document: Mapping[str, Any]) -> Corpus:
    """Reads the guide as this process came with it; `document` is the API's own OpenAPI document. Blocking."""
    texts = {path.stem: path.read_text() for path in sorted(GUIDE.glob("*.md"))}
    contents = cut(CONTENTS, texts.pop("README"))
    if README.exists():  # a wheel comes without it
        texts["readme"] = README.read_text()
    listed = sorted(texts, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))
    made = (codes_of(texts["errors"]), events_of(), operations_of(document))
    return Corpus((contents, *(cut(name, texts[name]) for name in listed), *made))

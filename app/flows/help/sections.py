"""What the help knows, cut into sections: a part of a page under its heading, by which it is found, shown and cited."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_HEADING = re.compile(r"(#{1,6}) +(.+?) *#*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_MARKS = re.compile(r"[`*]|\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page. `text` is Markdown without the heading; `anchor` is empty for what stands under the title."""

    page: str
    anchor: str
    title: str
    heading: str
    text: str

    @property
    def id(self) -> str:
        """The name by which it is cited: `stripe#test-mode`, or the page's alone."""
        return f"{self.page}#{self.anchor}" if self.anchor else self.page

    @property
    def name(self) -> str:
        """What people read of it where it is cited."""
        return f"{self.title}: {self.heading}" if self.heading else self.title


@dataclass(frozen=True, slots=True)
class Page:
    """A page with its sections in their order."""

    id: str
    title: str
    sections: tuple[Section, ...]


def cut(page_id: str, text: str) -> Page:
    """Returns a page of Markdown, cut at its headings, whose anchors are GitHub's."""
    title, seen = "", Counter[str]()
    sections: list[Section] = []
    for level, heading, body in _parts(text):
        if level == 1 and not title:
            title = heading
            sections.append(Section(page_id, "", title, "", body))
        elif level:
            sections.append(Section(page_id, _anchor(heading, seen), title, heading, body))
    return Page(page_id, title, tuple(sections))


def plain(text: str) -> str:
    """Returns a line of Markdown without its marks."""
    return _MARKS.sub(lambda found: found[1] or "", text)


def _parts(text: str) -> Iterator[tuple[int, str, str]]:
    """Yields each heading with its level and what follows it; what stands before the first has level 0."""
    level, heading, lines, fence = 0, "", list[str](), ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        found = None if fence else _HEADING.fullmatch(line)
        if found is None:
            lines.append(line)
            continue
        yield level, heading, "\n".join(lines).strip()
        level, heading, lines = len(found[1]), plain(found[2]), []
    yield level, heading, "\n".join(lines).strip()


def _anchor(heading: str, seen: Counter[str]) -> str:
    made = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    seen[made] += 1
    return made if seen[made] == 1 else f"{made}-{seen[made] - 1}"

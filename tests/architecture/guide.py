"""The pages of the guide, and what their text names: code in backticks, fenced commands, links."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT

GUIDE = ROOT / "app" / "guide"
README = ROOT / "README.md"
FENCED = re.compile(r"^```.*?^```", re.M | re.S)
SHELL = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
IN_LINE = re.compile(r"`([^`]+)`")
COMMENT = re.compile(r"(?:^|\s)#\s.*$", re.M)


def pages() -> tuple[Path, ...]:
    """Returns the pages of the guide."""
    return tuple(sorted(GUIDE.rglob("*.md")))


def shown() -> tuple[Path, ...]:
    """Returns all that is shown to people: the README, and the pages of the guide."""
    return (README, *pages())


def name_of(page: Path) -> str:
    """Returns a page's path from the root of the repository."""
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


def fenced_commands(text: str) -> Iterator[str]:
    """Yields each command of the blocks of `sh`: without comments, continued lines joined, `a && b` as two."""
    for block in SHELL.findall(text):
        for line in COMMENT.sub("", block.replace("\\\n", " ")).splitlines():
            yield from (part.strip() for part in line.split("&&") if part.strip())


def in_line(text: str) -> Iterator[tuple[int, str]]:
    """Yields the line and text of everything in backticks outside of blocks."""
    plain = FENCED.sub(lambda block: "\n" * block[0].count("\n"), text)
    for found in IN_LINE.finditer(plain):
        yield plain.count("\n", 0, found.start()) + 1, found[1].replace("\n", " ")

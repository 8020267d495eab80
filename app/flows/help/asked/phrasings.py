"""The phrasings beside the guide: how people ask for each section, and what they ask that is about something else.

A file `PAGE.txt` has the ids of sections behind `# `, and under each one phrasing a line. They are found, never shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parents[3] / "guide" / "asked"
ELSEWHERE, ORDERS, ANYWHERE = "_elsewhere.txt", "_orders.txt", "_anywhere.txt"


@dataclass(frozen=True, slots=True)
class Asked:
    """Phrasings by the ids of the sections that answer them; those of other subjects; orders to whoever answers; and
    the words that are said in questions about whatever it may be."""

    of_section: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    elsewhere: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    anywhere: frozenset[str] = frozenset()

    def phrasings(self) -> tuple[str, ...]:
        """Returns what is asked here."""
        return tuple(line for lines in self.of_section.values() for line in lines)

    def others(self) -> tuple[str, ...]:
        """Returns what is said about anything else, to anybody else, and of anything."""
        return (*self.elsewhere, *self.orders, *sorted(self.anywhere))


def read_asked() -> Asked:
    """Reads what came with this process. Blocking."""
    of_section: dict[str, tuple[str, ...]] = {}
    for path in sorted(FOLDER.glob("[!_]*.txt")):
        of_section |= phrasings_of(path.read_text())
    anywhere = frozenset((FOLDER / ANYWHERE).read_text().lower().split())
    return Asked(of_section, _lines_of(ELSEWHERE), _lines_of(ORDERS), anywhere)


def _lines_of(name: str) -> tuple[str, ...]:
    return tuple(line for lines in phrasings_of((FOLDER / name).read_text()).values() for line in lines)


def phrasings_of(text: str) -> dict[str, tuple[str, ...]]:
    """Returns the lines of a text by the heading that they stand under."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("# "):
            lines = found.setdefault(line[2:], [])
        else:
            lines.append(line)
    return {heading: tuple(lines) for heading, lines in found.items()}

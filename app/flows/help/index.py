"""The index: every section in SQLite's FTS5, in memory, with its own copy of the text, passage by passage."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.flows.help.lists import LISTS
from app.flows.help.passages import passages_of
from app.flows.help.sections import Section, plain
from app.flows.help.spelling import Spelling
from app.flows.help.words import SUBJECTS, Word, normal, words_of
from app.sql.full_text import open_full_text

TITLE, HEADING, TEXT = 8.0, 4.0, 1.0
"""What a word counts in a section's title, heading and text."""
BESIDE = 0.3
"""What a section's second passage counts beside its best."""
UNKNOWN = 3
_KINDS = {**dict.fromkeys(LISTS, 0.75), "questions": 1.25}
"""What pages count beside others: an entry of a list less than the guide, which tells what to do; the page that answers
in the words of those who ask, more."""
SEVERAL = 3
"""Of so many words a heading is a question that nobody asks by chance."""
NAMED = 0.6
"""What it counts beside that a heading asks what is asked, in the same words and no others."""
ALSO = 0.6
"""What a word counts that stands there by another name."""
_BY_TERM = f"SELECT rowid, -bm25(passage, {TITLE}, {HEADING}, {TEXT}) FROM passage WHERE passage MATCH ?"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Found:
    """A section that has words of a question: its best passage, how well it fits, what share of the question that has,
    by weight, and which words of it. One that `is_asked` has a heading of several words, all of them the question's."""

    section: Section
    passage: str
    score: float
    share: float
    having: frozenset[str]
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found of a question, the best first: `subjects` of its words name what this product is about, `unknown`
    ones stand nowhere in what the help knows."""

    found: tuple[Found, ...]
    subjects: frozenset[str]
    unknown: frozenset[str]


class Index:
    """Sections, found by words. Threads may ask; each waits for the one before, a millisecond or two."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self._rows = [(one, passage) for one in sections for passage in passages_of(one.text)]
        self._lengths = {one.id: len(words_of(one.heading)) for one in sections}
        self._lock = threading.Lock()
        self._spelling = Spelling(f"{one.title} {one.heading} {one.text}" for one in sections)
        tokenize = "porter unicode61 tokenchars '_'"
        self._database = open_full_text()
        for table in ("passage(title, heading, text", "subject(text"):
            self._database.execute(f'CREATE VIRTUAL TABLE {table.replace("(", " USING fts5(")}, tokenize="{tokenize}")')
        self._database.execute("INSERT INTO subject(text) VALUES (?)", (SUBJECTS,))
        self._database.executemany(
            "INSERT INTO passage(rowid, title, heading, text) VALUES (?, ?, ?, ?)",
            [(at, *map(normal, (one.title, one.heading, plain(text)))) for at, (one, text) in enumerate(self._rows)],
        )

    def find(self, question: str, most: int) -> Evidence:
        """Returns the sections that fit a question best, at most so many."""
        words = words_of(self._spelling.mended(question))
        with self._lock:
            fits = {word.said: self._fits(word) for word in words}
            named = {word.said: self._named(word.said) for word in words}
            subjects = frozenset(word.said for word in words if self._is_subject(word, bool(fits[word.said])))
        unknown = frozenset(said for said, rows in fits.items() if not rows) - subjects
        return Evidence(tuple(self._weighed(fits, named)[:most]), subjects, unknown)

    def _fits(self, word: Word) -> dict[int, float]:
        """Returns the passages that have a word, each with how well it fits: by what it is called best there."""
        found: dict[int, float] = {}
        for at, term in enumerate(word.terms):
            for row, score in self._database.execute(_BY_TERM, (term,)):
                found[row] = max(score * (ALSO if at else 1), found.get(row, 0))
        return found

    def _weighed(self, fits: Mapping[str, Mapping[int, float]], named: Mapping[str, frozenset[int]]) -> list[Found]:
        weights = {said: self._weight(len(rows)) for said, rows in fits.items()}
        whole = sum(weights.values())
        passages: dict[str, list[Found]] = {}
        for row in set().union(*fits.values()):
            having = frozenset(said for said, rows in fits.items() if row in rows)
            share = sum(weights[said] for said in having) / whole
            (section, passage), score = self._rows[row], sum(fits[said][row] for said in having) * share
            same, length = sum(row in rows for rows in named.values()), self._lengths[section.id]
            overlap = same / max(length, len(fits))
            counted = score * _KINDS.get(section.page, 1) * (1 + NAMED * overlap)
            passages.setdefault(section.id, []).append(
                Found(section, passage, counted, share, having, SEVERAL <= length <= same)
            )
        return sorted(map(_together, passages.values()), key=lambda one: -one.score)

    def _named(self, said: str) -> frozenset[int]:
        """Returns the passages whose heading has a word."""
        rows = self._database.execute("SELECT rowid FROM passage WHERE passage MATCH ?", (f'{{heading}} : "{said}"',))
        return frozenset(int(row) for (row,) in rows)

    def _is_subject(self, word: Word, is_known: bool) -> bool:
        """A name with `_`, or a status, is one wherever it stands."""
        if is_known and ("_" in word.said or (word.said.isdigit() and len(word.said) == 3)):
            return True
        said = f'"{word.said}"'
        return self._database.execute("SELECT 1 FROM subject WHERE subject MATCH ?", (said,)).fetchone() is not None

    def _weight(self, count: int) -> float:
        """Returns what a word tells that so many passages have: the fewer, the more; one that none has, as of three."""
        count = count or UNKNOWN
        return math.log(1 + (len(self._rows) - count + 0.5) / (count + 0.5))


def _together(passages: list[Found]) -> Found:
    """Returns a section by its best passage, with some of the next one's fit."""
    best, *others = sorted(passages, key=lambda one: -one.score)
    return replace(best, score=best.score + BESIDE * others[0].score) if others else best

"""The index: every section in SQLite's FTS5, in memory, passage by passage, and beside it how people ask for each.

A section fits by the words of its own text, by those of all that is asked of it, and by the nearest phrasing of all.
"""

import math
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from app.flows.help.asked.heard import Ear
from app.flows.help.asked.likeness import UNLIKE, Like
from app.flows.help.asked.phrasings import Asked
from app.flows.help.asked.stems import TOKENIZE
from app.flows.help.lists import LISTS
from app.flows.help.passages import passages_of
from app.flows.help.sections import Section, plain
from app.flows.help.spelling import Spelling
from app.flows.help.words import Word, normal_each, words_of
from app.sql.full_text import open_full_text

TITLE, HEADING, TEXT = 8.0, 4.0, 1.0
"""What a word counts in a section's title, heading and text."""
BESIDE = 0.3
"""What a section's second passage counts beside its best."""
UNKNOWN = 3
_KINDS = {**dict.fromkeys(LISTS, 0.7), "questions": 1.15}
"""What pages count beside others: an entry of a list less than the guide, which tells what to do; the page that answers
in the words of those who ask, more."""
NAMED = 0.6
"""What it counts beside that a heading asks what is asked, in the same words and no others."""
ALSO = 0.6
"""What a word counts that stands there by another name."""
OF_TEXT = 0.5
"""What the best text counts beside the best by all phrasings, and a phrasing in the same words: it is not written in
the words of those who ask."""
WORDS_POWER = 1.5
"""How much sooner the best by all phrasings stands before the next."""
SAME, KNOWN = 0.9, 0.5
"""How near a phrasing must be for a question to be one that is known to be asked, and what that counts."""
IN_FULL = 3.0
"""What it counts beside them that a question names a code, an event or an operation in full."""
NOBODY = Asked()
_BY_TERM = f"SELECT rowid, -bm25(passage, {TITLE}, {HEADING}, {TEXT}) FROM passage WHERE passage MATCH ?"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Found:
    """A section that may answer a question, its passage that fits best, and how well it fits."""

    section: Section
    passage: str
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found of a question, the best first. `fit` is how well its words fit the best text, `nearest` how near a
    phrasing is, from 0 to 1, `elsewhere` one about another subject. `leaning` is above 0 where it sounds like what is
    asked here, `ordering` where like an order."""

    found: tuple[Found, ...]
    fit: float
    nearest: float
    elsewhere: float
    leaning: float
    ordering: float


class Index:
    """Sections, found by words. Threads may ask; each waits for the one before, a millisecond or two."""

    def __init__(self, sections: Sequence[Section], asked: Asked = NOBODY) -> None:
        self._rows = [(one, passage) for one in sections for passage in passages_of(one.text)]
        self._first = {one.id: Found(one, passage, 0) for one, passage in reversed(self._rows)}
        self._lengths = {one.id: len(words_of(one.heading)) for one in sections}
        self._lock = threading.Lock()
        parts = [(one.title, one.heading, plain(text)) for one, text in self._rows]
        texts = [" ".join(part) for part in parts]
        normal = list(zip(*map(normal_each, zip(*parts, strict=True)), strict=True))
        self._ear = Ear(with_headings(asked, sections), map(" ".join, normal))
        self._spelling = Spelling((*texts, *asked.phrasings()), asked.others())
        self._names = _names(sections)
        self._database = open_full_text()
        self._database.execute(f'CREATE VIRTUAL TABLE passage USING fts5(title, heading, text, tokenize="{TOKENIZE}")')
        self._database.executemany(
            "INSERT INTO passage(rowid, title, heading, text) VALUES (?, ?, ?, ?)",
            ((row, *part) for row, part in enumerate(normal)),
        )

    def find(self, question: str, most: int) -> Evidence:
        """Returns the sections that fit a question best, at most so many."""
        mended = self._spelling.mended(question)
        words = words_of(mended)
        with self._lock:
            heard = self._ear.hear(mended)
            fits = {word.said: self._fits(word) for word in words}
            named = {word.said: self._named(word.said) for word in words}
        texts = self._weighed(fits, named)
        found = self._joined(texts, heard.likes, self._named_in(question))
        fit = max((one.score for one in texts), default=0.0)
        nearest = max((like.nearest for like in heard.likes.values()), default=0.0)
        return Evidence(tuple(found[:most]), fit, nearest, heard.elsewhere.nearest, heard.leaning, heard.ordering)

    def _named_in(self, question: str) -> str:
        """Returns the id of the code, event or operation that a question names, the longest name's; else nothing."""
        said = question.lower().replace(" /", "/")
        return self._names.get(max((name for name in self._names if name in said), key=len, default=""), "")

    def _joined(self, texts: Sequence[Found], likes: Mapping[str, Like], named: str) -> list[Found]:
        """Returns sections by their texts and by what is asked of them, each as a part of the best."""
        by_text = {one.section.id: one for one in texts}
        best_text = max((one.score for one in texts), default=0) or 1
        best_words = max((like.words for like in likes.values()), default=0) or 1
        found = []
        for name in (by_text.keys() | likes.keys() | {named}) & self._first.keys():
            one, like = by_text.get(name, self._first[name]), likes.get(name, UNLIKE)
            asked = (like.words / best_words) ** WORDS_POWER + like.nearest**2 + KNOWN * (like.nearest >= SAME)
            asked += IN_FULL * (name == named)
            score = (OF_TEXT * one.score / best_text + asked) * _KINDS.get(one.section.page, 1)
            found.append(replace(one, score=score))
        return sorted(found, key=lambda one: (-one.score, one.section.id))

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
        totals, shares = defaultdict[int, float](float), defaultdict[int, float](float)
        for said, rows in fits.items():
            for row, score in rows.items():
                totals[row] += score
                shares[row] += weights[said] / whole
        same = Counter(chain.from_iterable(named.values()))
        passages: dict[str, list[Found]] = {}
        for row, total in totals.items():
            section, passage = self._rows[row]
            overlap = same[row] / max(self._lengths[section.id], len(fits))
            found = Found(section, passage, total * shares[row] * (1 + NAMED * overlap))
            passages.setdefault(section.id, []).append(found)
        return [_together(of_section) for of_section in passages.values()]

    def _named(self, said: str) -> frozenset[int]:
        """Returns the passages whose heading has a word."""
        rows = self._database.execute("SELECT rowid FROM passage WHERE passage MATCH ?", (f'{{heading}} : "{said}"',))
        return frozenset(int(row) for (row,) in rows)

    def _weight(self, count: int) -> float:
        """Returns what a word tells that so many passages have: the fewer, the more; one that none has, as of three."""
        count = count or UNKNOWN
        return math.log(1 + (len(self._rows) - count + 0.5) / (count + 0.5))


def _names(sections: Iterable[Section]) -> dict[str, str]:
    """Returns the ids of codes, events and operations by what names them; an event also without what all begin with."""
    names = {one.anchor: one.id for one in sections if one.page in LISTS and re.search(r"[_./]", one.anchor)}
    return {name.removeprefix("paywall."): names[name] for name in names if name.count(".") > 1} | names


def _together(passages: list[Found]) -> Found:
    """Returns a section by its best passage, with some of the next one's fit."""
    best, *others = sorted(passages, key=lambda one: -one.score)
    return replace(best, score=best.score + BESIDE * others[0].score) if others else best


def with_headings(asked: Asked, sections: Sequence[Section]) -> Asked:
    """Returns what is asked, each heading of the guide as one more phrasing: many are questions."""
    of_section = dict(asked.of_section)
    for one in sections:
        if one.page not in LISTS:
            of_section[one.id] = (*of_section.get(one.id, ()), one.heading or one.title)
    return replace(asked, of_section=of_section)

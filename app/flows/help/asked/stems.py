"""Texts as stems, each with what it weighs: words that are said of anything weigh little, yet something."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise

from app.flows.help.asked.synonyms import SAME
from app.flows.help.words import STOP_WORDS, normal
from app.sql.full_text import open_full_text

Term = str | tuple[str, str]
"""A stem, or two that follow each other."""
Said = Mapping[Term, float]
"""Terms of a text, each once, with their weights."""
QUIET, COMMON = 0.35, 0.6
"""What a stop word weighs, and a word that is said of anything; every other word weighs 1."""
TWO = 0.5
"""What two words weigh that follow each other, beside the mean of both."""
TOKENIZE = "porter unicode61 tokenchars '_'"
_WORD = re.compile(r"[A-Za-z0-9_\u0080-\U0010ffff]+")


class Stems:
    """Stems as SQLite's FTS5 makes them. One thread at a time may ask."""

    def __init__(self, anywhere: Iterable[str] = ()) -> None:
        self._database = open_full_text()
        self._database.execute(f'CREATE VIRTUAL TABLE said USING fts5(word, tokenize="{TOKENIZE}")')
        self._database.execute("CREATE VIRTUAL TABLE stem USING fts5vocab(said, 'instance')")
        self._known: dict[str, str] = {}
        common = dict.fromkeys(self._stems_of([*anywhere]), COMMON)
        self.weights: Mapping[str, float] = common | dict.fromkeys(self._stems_of([*STOP_WORDS]), QUIET)
        """What those stems weigh that do not weigh 1."""

    def weighed(self, stems: Sequence[str]) -> Said:
        """Returns stems, and each two that follow each other, with what they weigh."""
        weights = [self.weights.get(stem, 1.0) for stem in stems]
        said: dict[Term, float] = dict(zip(stems, weights, strict=True))
        for at, two in enumerate(pairwise(stems)):
            said[two] = TWO * (weights[at] + weights[at + 1]) / 2
        return said

    def learn(self, texts: Iterable[str]) -> list[list[str]]:
        """Returns the stems of each normal text as they follow each other, and keeps them; `of` keeps none."""
        words = [_WORD.findall(text) for text in texts]
        new = sorted({*chain.from_iterable(words)} - self._known.keys())
        self._known |= zip(new, self._stems_of(new), strict=True)
        return [[self._known[word] for word in text] for text in words]

    def of(self, text: str) -> list[str]:
        """Returns the stems of a text as they follow each other."""
        words = _WORD.findall(normal(text))
        new = [word for word in words if word not in self._known]
        made = dict(zip(new, self._stems_of(new), strict=True))
        return [self._known.get(word) or made[word] for word in words]

    def _stems_of(self, words: Sequence[str]) -> list[str]:
        """Returns the stem of each word; the word where it has none."""
        self._database.executemany(
            "INSERT INTO said(rowid, word) VALUES (?, ?)", enumerate(SAME.get(word, word) for word in words)
        )
        made = dict(self._database.execute("SELECT doc, term FROM stem"))
        self._database.execute("DELETE FROM said")
        return [str(made.get(row, word)) for row, word in enumerate(words)]

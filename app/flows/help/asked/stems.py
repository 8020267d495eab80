"""Texts as stems, each with what it weighs: words that are said of anything weigh little, yet something."""

import re
from collections.abc import Iterable, Mapping, Sequence

from app.flows.help.words import STOP_WORDS, normal, normal_each
from app.sql.full_text import open_full_text

Said = Mapping[str, float]
"""Stems of a text, each once, with their weights."""
QUIET, COMMON = 0.35, 0.6
"""What a stop word weighs, and a word that is said of anything; every other word weighs 1."""
TOKENIZE = "porter unicode61 tokenchars '_'"
_WORD = re.compile(r"[A-Za-z0-9_\u0080-\U0010ffff]+")
_APOSTROPHE = re.compile(r"(?<=[A-Za-z])['’](?:s|t|m|re|ve|ll|d)\b", re.I)


class Stems:
    """Stems as SQLite's FTS5 makes them. One thread at a time may ask."""

    def __init__(self, anywhere: Iterable[str] = ()) -> None:
        self._database = open_full_text()
        self._database.execute(f'CREATE VIRTUAL TABLE said USING fts5(word, tokenize="{TOKENIZE}")')
        self._database.execute("CREATE VIRTUAL TABLE stem USING fts5vocab(said, 'instance')")
        self._known: dict[str, str] = {}
        common = dict.fromkeys(self._stems_of([*anywhere]), COMMON)
        self.weights: Said = common | dict.fromkeys(self._stems_of([*STOP_WORDS]), QUIET)
        """What those stems weigh that do not weigh 1."""

    def weighed(self, stems: Iterable[str]) -> Said:
        """Returns stems with what they weigh."""
        return {stem: self.weights.get(stem, 1.0) for stem in stems}

    def learn(self, texts: Iterable[str]) -> list[list[str]]:
        """Returns the stems of each text as they follow each other, and keeps them: of what is asked, none is kept."""
        words = [_WORD.findall(text.lower()) for text in normal_each(_APOSTROPHE.sub("", text) for text in texts)]
        new = sorted({word for text in words for word in text} - self._known.keys())
        self._known |= zip(new, self._stems_of(new), strict=True)
        return [[self._known[word] for word in text] for text in words]

    def of(self, text: str) -> list[str]:
        """Returns the stems of a text as they follow each other."""
        words = _WORD.findall(normal(_APOSTROPHE.sub("", text)).lower())
        new = [word for word in words if word not in self._known]
        made = dict(zip(new, self._stems_of(new), strict=True))
        return [self._known.get(word) or made[word] for word in words]

    def _stems_of(self, words: Sequence[str]) -> list[str]:
        """Returns the stem of each word; the word where it has none."""
        self._database.executemany("INSERT INTO said(rowid, word) VALUES (?, ?)", enumerate(words))
        made = dict(self._database.execute("SELECT doc, term FROM stem"))
        self._database.execute("DELETE FROM said")
        return [str(made.get(row, word)) for row, word in enumerate(words)]

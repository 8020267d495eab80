"""Texts as stems, each with what it weighs: words that are said of anything weigh little, but tell `who paid` from `pay`."""

import re
from collections.abc import Iterable, Mapping

from app.flows.help.words import STOP_WORDS, normal
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

    def __init__(self, texts: Iterable[str], anywhere: Iterable[str] = ()) -> None:
        self._database = open_full_text()
        self._database.execute(f'CREATE VIRTUAL TABLE said USING fts5(word, tokenize="{TOKENIZE}")')
        self._database.execute("CREATE VIRTUAL TABLE stem USING fts5vocab(said, 'instance')")
        words = sorted({*anywhere, *STOP_WORDS, *_WORD.findall(" ".join(texts).lower())})
        self._database.executemany("INSERT INTO said(rowid, word) VALUES (?, ?)", enumerate(words))
        self._known = {words[row]: str(stem) for stem, row in self._database.execute("SELECT term, doc FROM stem")}
        self._database.execute("DELETE FROM said")
        common = {self._stem(word): COMMON for word in anywhere}
        self.weights: Said = common | {self._stem(word): QUIET for word in STOP_WORDS}
        """What those stems weigh that do not weigh 1."""

    def of(self, text: str) -> Said:
        """Returns the stems of a text."""
        return {stem: self.weights.get(stem, 1.0) for stem in self.in_order(text)}

    def in_order(self, text: str) -> list[str]:
        """Returns the stems of a text as they follow each other."""
        return [self._stem(word) for word in _WORD.findall(normal(_APOSTROPHE.sub("", text)).lower())]

    def _stem(self, word: str) -> str:
        known = self._known.get(word)
        if known is not None:
            return known
        self._database.execute("INSERT INTO said(rowid, word) VALUES (1, ?)", (word,))
        made = self._database.execute("SELECT term FROM stem").fetchone()
        self._database.execute("DELETE FROM said")
        return str(made[0]) if made else word

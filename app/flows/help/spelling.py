"""Slips of the finger: a word that stands nowhere here, and is one slip away from one that does, is that one."""

import re
from collections import Counter
from collections.abc import Iterable

from app.flows.help.words import KNOWN, STOP_WORDS

LETTERS_LEAST = 5
"""Of shorter words too many are one letter apart."""
_WORD = re.compile(r"[a-z]+(?:_[a-z]+)*", re.I)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Spelling:
    """The words of some texts, and how often each stands in them."""

    def __init__(self, texts: Iterable[str]) -> None:
        counted = Counter(word.lower() for text in texts for word in _WORD.findall(text))
        self._known = counted + Counter(dict.fromkeys(KNOWN, 1))

    def mended(self, question: str) -> str:
        """Returns a question in which each such word is the one that was meant, most likely."""
        return _WORD.sub(lambda found: self._meant(found[0]), question)

    def _meant(self, word: str) -> str:
        said = word.lower()
        if len(said) < LETTERS_LEAST or said in self._known or said in STOP_WORDS or self._is_form(said):
            return word
        near = {one for one in _one_slip_away(said) if one in self._known and len(one) >= LETTERS_LEAST}
        return max(near, key=lambda one: (self._known[one], one), default=word)

    def _is_form(self, said: str) -> bool:
        """Tells whether it is a known word with another ending, which the index finds by itself."""
        stems = {said[: -len(end)] + more for end in ("s", "es", "d", "ed", "ing", "er", "ly") if said.endswith(end)
                 for more in ("", "e")}  # fmt: skip
        return any(stem in self._known for stem in stems) or any(f"{said}{end}" in self._known for end in ("s", "ed"))


def _one_slip_away(word: str) -> Iterable[str]:
    """Yields a word with a letter less, more or another, or two in the other order; the first letter stands."""
    for at in range(1, len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in _LETTERS)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in _LETTERS)

"""Slips of the finger: a word that stands nowhere here, and is a slip away from one that does, is that one."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from app.flows.help.words import KNOWN, STOP_WORDS

LETTERS_LEAST = 4
"""Of shorter words too many are one letter apart."""
OFTEN = 20
"""How often a word must stand here that a word of so few letters is taken for."""
LONG, ALIKE = 7, 0.75
"""From how many letters on a word may have several slips, and how alike its pairs of letters must be to another's."""
_WORD = re.compile(r"[a-z]+(?:_[a-z]+)*", re.I)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Spelling:
    """The words of some texts, and how often each stands in them. Words of `others` are right too, and never meant."""

    def __init__(self, texts: Iterable[str], others: Iterable[str] = ()) -> None:
        counted = Counter(_WORD.findall("\n".join(texts).lower()))
        self._known = counted + Counter(dict.fromkeys(KNOWN, 1))
        self._right = {*self._known, *STOP_WORDS, *_WORD.findall("\n".join(others).lower())}
        self._long: dict[str, list[tuple[str, set[str]]]] = defaultdict(list)
        for word in self._known:
            if len(word) >= LONG:
                self._long[word[0]].append((word, _pairs(word)))

    def mended(self, question: str) -> str:
        """Returns a question in which each such word is the one that was meant, most likely."""
        return _WORD.sub(lambda found: self._meant(found[0]), question)

    def _meant(self, word: str) -> str:
        said = word.lower()
        if len(said) < LETTERS_LEAST or said in self._right or self._is_form(said):
            return word
        least = 1 if len(said) > LETTERS_LEAST else OFTEN
        near = {one for one in _one_slip_away(said) if len(one) >= LETTERS_LEAST and self._known.get(one, 0) >= least}
        return max(near, key=lambda one: (self._known[one], one), default="") or self._alike(said) or word

    def _alike(self, said: str) -> str:
        """Returns the long word that a long one is most alike, nothing where none is alike enough."""
        pairs = _pairs(said)
        near = [(2 * len(pairs & others) / (len(pairs) + len(others)), one)
                for one, others in (self._long[said[0]] if len(said) >= LONG else ())]  # fmt: skip
        alike, one = max(near, default=(0, ""))
        return one if alike >= ALIKE else ""

    def _is_form(self, said: str) -> bool:
        """Tells whether it is a known word with another ending, which the index finds by itself."""
        stems = {said[: -len(end)] + more for end in ("s", "es", "ed", "ing", "er", "ly") if said.endswith(end)
                 for more in ("", "e") if not said.endswith("ss")}  # fmt: skip
        return any(stem in self._right for stem in stems) or any(f"{said}{end}" in self._right for end in ("s", "ed"))


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


def _pairs(word: str) -> set[str]:
    return {word[at : at + 2] for at in range(len(word) - 1)}

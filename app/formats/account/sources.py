"""Which answers each paragraph of an answer made of several rests on, as the model that wrote it says. Pure.

It is asked to end a paragraph with their names, `[A]` or `[A, C]`; that is no part of the answer, and is taken out of
it as it comes. What stands elsewhere, or in code, is text.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter

_NAMES = r"[A-I](?:, ?[A-I])*"
_BLANK = r"[ \t]{0,64}"
"""What may stand around a mark. No more: a model may write blanks without end, and from each of them one is looked for.
"""
_MARK = re.compile(rf"{_BLANK}\[({_NAMES})\]{_BLANK}(?=\n{_BLANK}\n|\Z)")
_BEGUN = re.compile(rf"{_BLANK}(?:\[(?:{_NAMES}(?:, ?)?)?(?:\]{_BLANK}(?:\n{_BLANK})?)?)?\Z")
"""The end of a text that may yet become a mark."""
_FENCE = "```"
_FENCE_LINE = f"\n{_FENCE}"


class SourceMarks:
    """Listens to one text, however it was cut, and gives it on without its marks."""

    def __init__(self) -> None:
        self._held = ""
        self._said: list[str] = []
        self._characters = self._fences = 0
        self._tail = "\n"
        self._found: list[tuple[int, str]] = []

    def feed(self, text: str) -> str:
        """Takes a piece, and returns what is known to be text of what came by now."""
        text = self._held + text
        begun = _BEGUN.search(text)
        end = len(text) if begun is None else begun.start()
        self._held = text[end:]
        return self._without(text[:end], text)

    def end(self) -> str:
        """Says that nothing more comes; returns the rest of the text."""
        text, self._held = self._held, ""
        return self._without(text, text)

    def _without(self, known: str, whole: str) -> str:
        """Returns what is known of a text without the marks in it, looking for their ends in the whole of it."""
        before, position = len(self._said), 0
        for mark in _MARK.finditer(whole):
            if mark.end() > len(known):
                break
            self._say(known[position : mark.start()])
            position = mark.start()
            if not self._fences % 2:  # in code it is text
                self._found.append((self._characters, mark[1]))
                position = mark.end()
        self._say(known[position:])
        return "".join(self._said[before:])

    def _say(self, text: str) -> None:
        """Notes text that is given on, and the lines in it that begin or end code."""
        self._fences += (self._tail + text).count(_FENCE_LINE)
        self._tail = (self._tail + text)[1 - len(_FENCE_LINE) :]
        self._characters += len(text)
        self._said.append(text)

    def parts(self) -> Sequence[Sequence[int]]:
        """Returns the places of the answers that each paragraph rests on, none for one that does not say it; nothing
        at all where none does."""
        if not self._found:
            return []
        return [self._named(begin, end) for begin, end in _paragraphs("".join(self._said))]

    def _named(self, begin: int, end: int) -> Sequence[int]:
        """Returns which answers are named behind a place and up to another."""
        first, last = (bisect_right(self._found, place, key=itemgetter(0)) for place in (begin, end))
        return sorted({ord(name) - ord("A") for _, names in self._found[first:last] for name in re.split(", ?", names)})


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Returns where each paragraph begins and ends: blank lines lie between them, but for those in code."""
    found: list[tuple[int, int]] = []
    begin, position, is_code = -1, 0, False
    for line in text.split("\n"):
        is_code ^= line.startswith(_FENCE)
        if line.strip() or is_code:
            begin = position if begin < 0 else begin
        elif begin >= 0:
            found.append((begin, position - 1))
            begin = -1
        position += len(line) + 1
    return [*found, (begin, len(text))] if begin >= 0 else found

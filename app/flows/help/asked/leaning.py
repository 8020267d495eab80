"""Whose subject a question is, and whether it is an order: words of what is asked here against those of others.

It is naive Bayes over phrasings: each word counts for whoever says it more often, and so do two that stand together.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from itertools import chain, repeat

Texts = Sequence[Sequence[str]]
"""Texts as their stems, in order."""
NEVER = 0.5
"""How often a word counts as said that never is."""
PASSAGE = 0.05
"""What a passage counts beside a phrasing: each says much that nobody asks."""
UNKNOWN = -3.0
"""What a word counts that nobody here says, and the others neither."""
NAME = 4.0
"""What a name of ours counts, such as a code or a status."""
TOGETHER = 0.55
"""What two words that stand together count beside what each does by itself."""
TOGETHER_NEVER = 0.25
"""How often what is compared counts as said that never is, in as many texts as the fewer are."""
TOGETHER_MOST = 3.0
"""What two words count at most: a few texts teach each of them."""


class Compared:
    """What some texts have that are `ours`, against what `others` have."""

    def __init__(self, ours: Iterable[Set[Hashable]], others: Iterable[Set[Hashable]]) -> None:
        here, there = [*ours], [*others]
        self._here, self._there = Counter(chain.from_iterable(here)), Counter(chain.from_iterable(there))
        self._of_here, self._of_there = 1 / (len(here) + 1), 1 / (len(there) + 1)
        self._never = TOGETHER_NEVER * max(self._of_here, self._of_there)

    def of(self, said: Iterable[Hashable]) -> float:
        """Returns how much more what is said is like ours than like others'."""
        return sum(map(self._count, said))

    def _count(self, one: Hashable) -> float:
        here = self._here[one] * self._of_here + self._never
        there = self._there[one] * self._of_there + self._never
        return max(-TOGETHER_MOST, min(TOGETHER_MOST, math.log(here / there)))


class Leaning:
    """The words of both sides, the guide's passages beside ours. `weights` has the stems that are said of anything."""

    def __init__(self, ours: Texts, passages: Texts, others: Texts, weights: Mapping[str, float]) -> None:
        here, there, beside = _counted(ours), _counted(others), _counted(passages)
        self._names = frozenset(filter(is_name, beside))
        self._weights = weights
        self._counts = {
            stem: math.log((here[stem] + PASSAGE * beside[stem] + NEVER) / (len(ours) + 1))
            - math.log((there[stem] + NEVER) / (len(others) + 1))
            for stem in {*here, *there, *beside}
        }
        self._together = Compared(map(_together, ours), map(_together, others))

    def of(self, question: Sequence[str]) -> float:
        """Returns how much more a question, as its stems in order, sounds like ours than like others'."""
        words = sum(self._weights.get(stem, 1.0) * self._count(stem) for stem in dict.fromkeys(question))
        return words + TOGETHER * self._together.of(_together(question))

    def _count(self, stem: str) -> float:
        return NAME if stem in self._names else self._counts.get(stem, 0 if stem in self._weights else UNKNOWN)


class Orders:
    """What is said to whoever answers, and what is asked, as stems in their order: two together count as well."""

    def __init__(self, asked: Texts, orders: Texts) -> None:
        self._said = Compared(map(_said, orders), map(_said, asked))

    def of(self, question: Sequence[str]) -> float:
        """Returns how much more a question sounds like an order than like what is asked, however long it is."""
        return self._said.of(_said(question)) / math.sqrt(len(set(question)) + 1)


def is_name(word: str) -> bool:
    """Tells whether a word is a name wherever it stands: one with `_`, or a status."""
    return "_" in word or (word.isdigit() and len(word) == 3)


def _counted(texts: Iterable[Iterable[str]]) -> Counter[str]:
    return Counter(chain.from_iterable(map(set, texts)))


def _together(stems: Sequence[str]) -> set[tuple[str, ...]]:
    """Returns each two stems that follow each other, and those that one stands between; the first follows nothing."""
    return {*zip(("", *stems), stems, strict=False), *zip(stems, stems[2:], repeat(""), strict=False)}


def _said(stems: Sequence[str]) -> set[Hashable]:
    return {*stems, *_together(stems)}

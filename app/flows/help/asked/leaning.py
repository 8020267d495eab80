"""Whose subject a question is, and whether it is an order: words of what is asked here against those of others.

It is naive Bayes over phrasings: each word counts for whoever says it more often.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from app.flows.help.asked.stems import Said

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
PAIR_NEVER = 0.5
"""How often a pair counts as said that never is, among as many texts as there are orders."""
PAIR_MOST = 5.0
"""What a pair of words counts at most: a few orders teach each of them."""


class Leaning:
    """The words of both sides, the guide's passages beside ours. `common` are those that are said of anything."""

    def __init__(self, ours: Texts, passages: Texts, others: Texts, common: Mapping[str, float]) -> None:
        here, there, beside = _counted(ours), _counted(others), _counted(passages)
        self._names = frozenset(filter(is_name, beside))
        self._common = common
        self._counts = {
            stem: math.log((here[stem] + PASSAGE * beside[stem] + NEVER) / (len(ours) + 1))
            - math.log((there[stem] + NEVER) / (len(others) + 1))
            for stem in {*here, *there, *beside}
        }

    def of(self, question: Said) -> float:
        """Returns how much more a question sounds like ours than like others'."""
        return sum(weight * self._count(stem) for stem, weight in question.items())

    def _count(self, stem: str) -> float:
        return NAME if stem in self._names else self._counts.get(stem, 0 if stem in self._common else UNKNOWN)


class Orders:
    """What is said to whoever answers, and what is asked, as stems in their order: two that follow count as well."""

    def __init__(self, asked: Texts, orders: Texts) -> None:
        here, there = _counted(map(_pairs, asked)), _counted(map(_pairs, orders))
        many = max(len(asked), 1) / max(len(orders), 1)
        counts = {
            pair: math.log(there[pair] + PAIR_NEVER) - math.log(here[pair] / many + PAIR_NEVER)
            for pair in {*here, *there}
        }
        self._counts = {pair: max(-PAIR_MOST, min(PAIR_MOST, count)) for pair, count in counts.items()}

    def of(self, question: Sequence[str]) -> float:
        """Returns how much more a question sounds like an order than like what is asked, however long it is."""
        return sum(self._counts.get(pair, 0) for pair in _pairs(question)) / math.sqrt(len(set(question)) + 1)


def is_name(word: str) -> bool:
    """Tells whether a word is a name wherever it stands: one with `_`, or a status."""
    return "_" in word or (word.isdigit() and len(word) == 3)


def _counted(texts: Iterable[Iterable[str]]) -> Counter[str]:
    return Counter(one for text in texts for one in set(text))


def _pairs(stems: Sequence[str]) -> set[str]:
    return {*stems, *(f"{one} {next_one}" for one, next_one in zip(("", *stems), stems, strict=False))}

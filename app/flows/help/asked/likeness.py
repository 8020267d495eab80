"""How like what people ask a question is: section by section, by all their words and by the nearest phrasing."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from app.flows.help.asked.stems import QUIET, Said, Term

SATURATION, LENGTH = 1.2, 0.5
"""BM25's k1 and b."""


@dataclass(frozen=True, slots=True)
class Like:
    """How like what is asked of one section a question is: `words` is BM25 over all phrasings of it, `nearest` the
    cosine of its nearest phrasing, from 0 to 1, in which a rare word counts more."""

    words: float
    nearest: float


UNLIKE = Like(0.0, 0.0)


class Likeness:
    """Phrasings of sections, as terms. A term weighs the same wherever it stands."""

    def __init__(self, asked: Mapping[str, Sequence[Said]]) -> None:
        self._sections = [section for section, phrasings in asked.items() for _ in phrasings]
        self._rows: dict[Term, list[int]] = defaultdict(list)
        weights: dict[Term, float] = {}
        for row, said in enumerate(chain.from_iterable(asked.values())):
            weights |= said
            for term in said:
                self._rows[term].append(row)
        many = len(self._sections)
        self._tells = {term: weight * _rarity(len(self._rows[term]), many) for term, weight in weights.items()}
        self._unknown = math.log(2 * many + 2)
        self._lengths = [sum(map(self._tells.__getitem__, said)) for said in chain.from_iterable(asked.values())]
        terms = {section: sum(map(len, phrasings)) for section, phrasings in asked.items()}
        mean = sum(terms.values()) / max(len(terms), 1) or 1
        self._bounds = {section: SATURATION * (1 - LENGTH + LENGTH * count / mean) for section, count in terms.items()}

    def of(self, question: Said) -> dict[str, Like]:
        """Returns every section that is asked for with a telling word of a question."""
        words, nearest = self._by_words(question), self._by_phrasing(question)
        return {section: Like(words.get(section, 0), near) for section, near in nearest.items()}

    def _by_words(self, question: Said) -> dict[str, float]:
        """BM25, a section's phrasings taken as one text."""
        found: dict[str, float] = defaultdict(float)
        for term, weight in question.items():
            counted = Counter(map(self._sections.__getitem__, self._rows.get(term, ())))
            tells = weight * _rarity(len(counted), len(self._bounds)) * (SATURATION + 1)
            for section, count in counted.items():
                found[section] += tells * count / (count + self._bounds[section])
        return found

    def _by_phrasing(self, question: Said) -> dict[str, float]:
        """Phrasings that share quiet words alone are like nothing."""
        telling = {term for term, weight in question.items() if weight > QUIET}
        shared = dict.fromkeys(chain.from_iterable(self._rows.get(term, ()) for term in telling or question), 0.0)
        for term in question:
            tells = self._tells.get(term, 0)
            for row in self._rows.get(term, ()):
                if row in shared:
                    shared[row] += tells
        length = sum(self._tells.get(term, weight * self._unknown) for term, weight in question.items())
        found: dict[str, float] = {}
        for row, both in shared.items():
            near = both / math.sqrt(length * self._lengths[row])
            found[self._sections[row]] = max(found.get(self._sections[row], 0), near)
        return found


def _rarity(having: int, many: int) -> float:
    """Returns what it tells that so many of so many texts have something: the fewer, the more."""
    return math.log(1 + (many - having + 0.5) / (having + 0.5))

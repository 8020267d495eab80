"""How like what people ask a question is: section by section, by all their words and by the nearest phrasing."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.flows.help.asked.stems import QUIET, Said

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
    """Phrasings of sections, as stems."""

    def __init__(self, asked: Mapping[str, Sequence[Said]]) -> None:
        self._asked = [(section, said) for section, phrasings in asked.items() for said in phrasings]
        self._rare = _rarity([said for _, said in self._asked])
        self._unknown = math.log(2 * len(self._asked) + 2)
        self._rows: dict[str, list[int]] = defaultdict(list)
        for row, (_, said) in enumerate(self._asked):
            for stem in said:
                self._rows[stem].append(row)
        self._lengths = [self._length(said) for _, said in self._asked]
        self._counts = _counts(asked)

    def of(self, question: Said) -> dict[str, Like]:
        """Returns every section that is asked for with a telling word of a question."""
        words, nearest = self._by_words(question), self._by_phrasing(question)
        return {section: Like(words.get(section, 0), near) for section, near in nearest.items()}

    def _by_words(self, question: Said) -> dict[str, float]:
        found: dict[str, float] = defaultdict(float)
        for stem, weight in question.items():
            for section, score in self._counts.get(stem, {}).items():
                found[section] += weight * score
        return found

    def _by_phrasing(self, question: Said) -> dict[str, float]:
        """Phrasings that share quiet words alone are like nothing."""
        telling = {stem for stem, weight in question.items() if weight > QUIET}
        rows = {row for stem in telling or question for row in self._rows.get(stem, ())}
        length, found = self._length(question), dict[str, float]()
        for row in rows:
            section, said = self._asked[row]
            shared = sum(self._rare[stem] * weight for stem, weight in said.items() if stem in question)
            found[section] = max(found.get(section, 0), shared / math.sqrt(length * self._lengths[row]))
        return found

    def _length(self, said: Said) -> float:
        return sum(weight * self._rare.get(stem, self._unknown) for stem, weight in said.items())


def _rarity(texts: Sequence[Iterable[str]]) -> dict[str, float]:
    """Returns what each stem tells by being there: the fewer texts have it, the more."""
    counted = Counter(stem for text in texts for stem in set(text))
    return {stem: math.log(1 + (len(texts) - count + 0.5) / (count + 0.5)) for stem, count in counted.items()}


def _counts(asked: Mapping[str, Sequence[Said]]) -> dict[str, dict[str, float]]:
    """Returns by stem what BM25 gives each section for having it, its phrasings taken as one text."""
    texts = {section: Counter(stem for said in phrasings for stem in said) for section, phrasings in asked.items()}
    rare = _rarity(list(texts.values()))
    mean = sum(text.total() for text in texts.values()) / max(len(texts), 1) or 1
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for section, text in texts.items():
        bound = SATURATION * (1 - LENGTH + LENGTH * text.total() / mean)
        for stem, count in text.items():
            found[stem][section] = rare[stem] * count * (SATURATION + 1) / (count + bound)
    return found

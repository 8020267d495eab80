"""What a question is heard as: what it is like of all that is asked, whose subject it is, whether it is an order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from app.flows.help.asked.leaning import Leaning, Orders
from app.flows.help.asked.likeness import UNLIKE, Like, Likeness
from app.flows.help.asked.phrasings import Asked
from app.flows.help.asked.stems import Stems
from app.flows.help.words import normal_each

ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Heard:
    """A question beside what people are known to ask: `likes` by section, `elsewhere` of all that is about other
    subjects, `leaning` above 0 where it sounds like ours, `ordering` where it sounds like an order."""

    likes: Mapping[str, Like]
    elsewhere: Like
    leaning: float
    ordering: float


class Ear:
    """All phrasings, as they are compared, and normal passages beside them. One thread at a time may ask."""

    def __init__(self, asked: Asked, passages: Iterable[str]) -> None:
        self._stems = stems = Stems(asked.anywhere)
        asked_here = stems.learn(normal_each(asked.phrasings()))
        each = iter(asked_here)
        ours = {section: [*islice(each, len(lines))] for section, lines in asked.of_section.items()}
        self._likeness = Likeness({section: [*map(stems.weighed, lines)] for section, lines in ours.items()})
        elsewhere = stems.learn(normal_each(asked.elsewhere))
        self._elsewhere = Likeness({ELSEWHERE: [*map(stems.weighed, elsewhere)]})
        self._leaning = Leaning(asked_here, stems.learn(passages), elsewhere, stems.weights)
        self._orders = Orders(asked_here, stems.learn(normal_each(asked.orders)))

    def hear(self, question: str) -> Heard:
        """Returns what a question sounds like."""
        stems = self._stems.of(question)
        said = self._stems.weighed(stems)
        elsewhere = self._elsewhere.of(said).get(ELSEWHERE, UNLIKE)
        return Heard(self._likeness.of(said), elsewhere, self._leaning.of(stems), self._orders.of(stems))

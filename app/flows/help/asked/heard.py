"""What a question is heard as: what it is like of all that is asked, whose subject it is, whether it is an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.flows.help.asked.leaning import Leaning, Orders
from app.flows.help.asked.likeness import UNLIKE, Like, Likeness
from app.flows.help.asked.phrasings import Asked
from app.flows.help.asked.stems import Stems

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
    """All phrasings, as they are compared. One thread at a time may ask."""

    def __init__(self, asked: Asked, passages: Sequence[str]) -> None:
        self._stems = stems = Stems(asked.anywhere)
        ours = {section: stems.learn(lines) for section, lines in asked.of_section.items()}
        asked_here = [one for lines in ours.values() for one in lines]
        self._likeness = Likeness({section: [*map(stems.weighed, lines)] for section, lines in ours.items()})
        elsewhere = stems.learn(asked.elsewhere)
        self._elsewhere = Likeness({ELSEWHERE: [*map(stems.weighed, elsewhere)]})
        self._leaning = Leaning(asked_here, stems.learn(passages), elsewhere, stems.weights)
        self._orders = Orders(asked_here, stems.learn(asked.orders))

    def hear(self, question: str) -> Heard:
        """Returns what a question sounds like."""
        stems = self._stems.of(question)
        said = self._stems.weighed(stems)
        elsewhere = self._elsewhere.of(said).get(ELSEWHERE, UNLIKE)
        return Heard(self._likeness.of(said), elsewhere, self._leaning.of(said), self._orders.of(stems))

"""What a question is heard as: what it is like of all that is asked, whose subject it is, whether it is an order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.flows.help.asked.leaning import Leaning, Orders
from app.flows.help.asked.likeness import Like, Likeness
from app.flows.help.asked.phrasings import Asked
from app.flows.help.asked.stems import Stems


@dataclass(frozen=True, slots=True)
class Heard:
    """A question beside what people are known to ask: `likes` by section, `leaning` above 0 where it sounds like ours,
    `ordering` where it sounds like an order."""

    likes: Mapping[str, Like]
    leaning: float
    ordering: float


class Ear:
    """All phrasings, as they are compared. One thread at a time may ask."""

    def __init__(self, asked: Asked, passages: Sequence[str]) -> None:
        self._stems = stems = Stems(asked.anywhere)
        ours = {section: stems.learn(lines) for section, lines in asked.of_section.items()}
        asked_here = [one for lines in ours.values() for one in lines]
        self._likeness = Likeness({section: [*map(stems.weighed, lines)] for section, lines in ours.items()})
        self._leaning = Leaning(asked_here, stems.learn(passages), stems.learn(asked.elsewhere), stems.weights)
        self._orders = Orders(asked_here, stems.learn(asked.orders))

    def hear(self, question: str) -> Heard:
        """Returns what a question sounds like."""
        stems = self._stems.of(question)
        said = self._stems.weighed(stems)
        return Heard(self._likeness.of(said), self._leaning.of(said), self._orders.of(stems))

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
        ours = [line for lines in asked.of_section.values() for line in lines]
        others = (*asked.elsewhere, *asked.orders)
        self._stems = stems = Stems((*passages, *ours, *others), asked.anywhere)
        said = {section: [*map(stems.of, lines)] for section, lines in asked.of_section.items()}
        flat = [one for lines in said.values() for one in lines]
        self._likeness = Likeness(said)
        self._leaning = Leaning(flat, map(stems.of, passages), [*map(stems.of, asked.elsewhere)], stems.weights)
        self._orders = Orders([*map(stems.in_order, ours)], [*map(stems.in_order, asked.orders)])

    def hear(self, question: str) -> Heard:
        """Returns what a question sounds like."""
        said = self._stems.of(question)
        ordering = self._orders.of(self._stems.in_order(question))
        return Heard(self._likeness.of(said), self._leaning.of(said), ordering)

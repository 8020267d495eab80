"""In which order the legs of a request are asked. Pure."""

from collections.abc import Sequence
from enum import StrEnum

from app.domain.record import record

TIE_PERCENT = 10
"""Legs that are no more than this slower than the quickest are as quick as it."""
TRIED_EVERY = 4
"""Every so many turns a leg of which too little is known is asked first."""


class Strategy(StrEnum):
    """How legs are put in order."""

    RATE_LIMIT = "rate-limit"
    """As the caller named them."""
    COST = "cost"
    """The cheapest first."""
    LATENCY = "latency"
    """The one first that has begun to answer quickest lately."""


@record(frozen=True, slots=True)
class Standing:
    """What is known of a leg: about what the request costs there, and how soon it begins to answer, None if unknown."""

    nanos: int
    milliseconds: int | None = None


def in_order(legs: Sequence[Standing], strategy: Strategy, turn: int) -> list[int]:
    """Returns the places of the legs in the order in which they are asked. `turn` counts requests."""
    places = list(range(len(legs)))
    if strategy is Strategy.COST:
        return sorted(places, key=lambda place: legs[place].nanos)
    if strategy is Strategy.LATENCY:
        return _by_latency(legs, turn)
    return places


def _by_latency(legs: Sequence[Standing], turn: int) -> list[int]:
    """Puts the quick ones first, those that are as quick as each other in turn.

    Of the others nothing would ever be known if they stood behind those for good: now and then one is asked first.
    """
    known = [(leg.milliseconds, place) for place, leg in enumerate(legs) if leg.milliseconds is not None]
    unknown = [place for place, leg in enumerate(legs) if leg.milliseconds is None]
    known.sort()
    quickest = known[0][0] if known else 0
    tied = [place for took, place in known if took * 100 <= quickest * (100 + TIE_PERCENT)]
    behind = [place for _, place in known[len(tied) :]]
    round_, rest = divmod(turn, TRIED_EVERY)
    in_turn = _rotated(sorted(tied), turn - round_)
    if unknown and known and rest == 0:
        first, *others = _rotated(unknown, round_)
        return [first, *in_turn, *behind, *others]
    return [*in_turn, *behind, *unknown]


def _rotated(places: list[int], turn: int) -> list[int]:
    begin = turn % len(places) if places else 0
    return [*places[begin:], *places[:begin]]

"""What a caller wants of routing."""

from app.domain.routing.strategies import Strategy
from app.domain.routing.wanted import LEGS_MAX, Routing


def test_without_a_word_legs_stand_as_they_were_named_and_refusals_are_answers() -> None:
    usual = Routing(("b",))
    assert (usual.strategy, usual.also, LEGS_MAX) == (Strategy.RATE_LIMIT, (), 4)

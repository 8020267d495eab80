"""What a caller wants of routing: which models may stand in for the first, in which order, and when."""

from app.domain.record import record
from app.domain.routing.auto import Goal
from app.domain.routing.strategies import Strategy

LEGS_MAX = 4
"""How many models a request may name, the first among them."""


@record(frozen=True, slots=True)
class Routing:
    """The models that may stand in, in the caller's order. `also` are failures that are followed beside the usual ones;
    `goal` is what counts where the first model is left to us, None where nothing was said of it.
    """

    fallback: tuple[str, ...] = ()
    strategy: Strategy = Strategy.RATE_LIMIT
    also: tuple[str, ...] = ()
    goal: Goal | None = None

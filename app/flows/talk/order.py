"""In which order models are offered to people who choose among them: what can be relied on first."""

from collections.abc import Sequence

from app.flows.callers.snapshot import Snapshot
from app.flows.modes.chosen import breaker_of
from app.flows.paywalls.demo import FAILING
from app.flows.providers.breakers import Breakers


def in_order(breakers: Breakers, snapshot: Snapshot) -> Sequence[str]:
    """Returns the models of a paywall in the catalogue's order, last those that failed when they were asked last, or
    are there to fail."""
    unsound = {
        model
        for model, offer in snapshot.offers.items()
        if model == FAILING or not breakers.is_free(breaker_of(snapshot, offer))
    }
    return sorted(snapshot.offers, key=lambda model: model in unsound)

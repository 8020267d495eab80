"""How often one account may have keys tried: each try asks a host that its owner names, from this instance's address.

Whoever tries out stolen keys, or has somebody else's server asked, wants to do so often. In this process's memory.
"""

from collections.abc import Callable

from app.domain import clock
from app.domain.errors import LimitReached
from app.domain.limits.budgets import Allowance, Budgets

AGAIN_SECONDS = 30
TRIED = Allowance(20, 1 / AGAIN_SECONDS)
"""As many at once as an account keeps, and from then on one in half a minute."""


class Pace:
    """The pace of all accounts in one process; `now` is in seconds."""

    def __init__(self, now: Callable[[], float] = clock.monotonic_seconds) -> None:
        self._of = Budgets(TRIED, now)

    def take(self, account_id: str) -> None:
        """Takes one try of an account's. Raises LimitReached where none may be made now."""
        if not self._of.take(account_id):
            message = "So many keys were tried just now. Wait half a minute, then try again."
            raise LimitReached(message, "too_often", AGAIN_SECONDS)

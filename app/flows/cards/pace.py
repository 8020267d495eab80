"""How often one person may have a rail asked about their cards: each click and each page that they come back to asks.

Nobody who has a card of their own needs so many; whoever tries stolen ones does. In this process's memory, which is
where pages are.
"""

from collections.abc import Callable

from app.domain import clock
from app.domain.errors import LimitReached
from app.domain.limits.budgets import Allowance, Budgets
from app.domain.people.sessions import Person

ASKED = Allowance(20, 1 / 30)
"""So often at once, and from then on once in half a minute."""


class Pace:
    """The pace of all people in one process; `now` is in seconds."""

    def __init__(self, now: Callable[[], float] = clock.monotonic_seconds) -> None:
        self._of = Budgets(ASKED, now)

    def has_room(self, person: Person) -> bool:
        """Takes one question of a person's, and tells whether it may be asked."""
        return self._of.take(person.account_id)

    def take(self, person: Person) -> None:
        """Takes one question of a person's. Raises LimitReached where it may not be asked now."""
        if not self.has_room(person):
            raise LimitReached("That was often. Wait half a minute, then try again.", "too_often", 30)

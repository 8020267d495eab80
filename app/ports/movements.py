"""Movements of the money at a rail, as its account lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.inbox.connections import Connection as Connection
from app.domain.movements.movements import Movement as Movement
from app.domain.movements.tables import MovementKind as MovementKind


@dataclass(frozen=True, slots=True)
class RailBalance:
    """All that an account holds, in cents of US dollars, None for one that settles in another currency.

    `at` is when that was said, in seconds of the rail's clock.
    """

    cents: int | None
    at: int


class RailMovements(Protocol):
    """The list of one account's movements. Its calls raise KeyRefused, CallRefused and Unavailable."""

    async def list_movements(self, since: int, until: int) -> Sequence[Movement]:
        """Returns all movements from one second of the rail's clock to another, both included; the oldest first."""
        ...

    async def read_balance(self) -> RailBalance:
        """Returns what the account holds now, what it cannot pay out yet included."""
        ...


class MovementLists(Protocol):
    """Finds the list of a connection."""

    def reach(self, connection: Connection) -> RailMovements:
        """Returns the list as a connection reaches it. Raises Unavailable for one without a key."""
        ...

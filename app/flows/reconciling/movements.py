"""What rails did with money by themselves: read from their lists, the fees posted, the rest compared to the cent.

Nothing is credited here, and nothing taken back: payments, refunds and disputes are posted by their own events.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import LedgerRefused
from app.domain.inbox.connections import Connection
from app.domain.instance import instance
from app.domain.ledger.apply import apply
from app.domain.movements import comparing, movements
from app.domain.movements.movements import Movement
from app.each_alone import Failed, alone
from app.ports.movements import MovementLists, RailMovements

log = structlog.get_logger()

RAIL = "stripe"
WINDOW_SECONDS = 24 * 3_600
"""How much of a list is read at once, and noted as read."""
BATCH = 100
SECONDS_A_CONNECTION = 120
"""How long one connection may keep a run; the next goes on where it stopped."""


@dataclass(frozen=True, slots=True)
class Bookkeeper:
    """Reads the movements of all connections, each alone."""

    lists: MovementLists

    async def read_all(self) -> int:
        """Reads what is new at every connection, beside each other; returns how many movements were new to us."""
        connections = await db.in_transaction(partial(movements.list_connections, rail=RAIL))
        found = await asyncio.gather(
            *(alone("movements", one.id, partial(self._read_in_time, one)) for one in connections)
        )
        return sum(count for count in found if not isinstance(count, Failed))

    async def _read_in_time(self, connection: Connection) -> int:
        async with asyncio.timeout(SECONDS_A_CONNECTION):
            return await self.read(connection)

    async def read(self, connection: Connection) -> int:
        """Reads what is new at one connection, posts its fees, and compares; returns how many movements were new.

        Compared is only a balance that was the same before the list was read and after. Raises KeyRefused, CallRefused
        and Unavailable.
        """
        rail = self.lists.reach(connection)
        before = await rail.read_balance()
        if before.cents is None:
            log.warning("movements", connection=connection.id, step="other_currency")
            return 0
        count = await _read_list(rail, connection, before.at)
        after = await rail.read_balance()
        balance = None if connection.paywall_id is not None else after.cents
        if balance is not None and balance != before.cents:
            log.info("movements", connection=connection.id, step="moved_meanwhile", count=count)
            return count
        differs = await db.in_transaction(partial(comparing.compare, connection=connection, balance_cents=balance),
                                          writes=True)  # fmt: skip
        say = log.info if differs == 0 else log.warning
        say("movements", connection=connection.id, step="compared", count=count, differs_cents=differs)
        return count


async def has_connections() -> bool:
    """Tells whether there is a connection whose list can be read."""
    return bool(await db.in_transaction(partial(movements.list_connections, rail=RAIL)))


async def _read_list(rail: RailMovements, connection: Connection, until: int) -> int:
    """Keeps all that a list says up to a second of the rail's clock, a day at a time."""
    since = await db.in_transaction(partial(movements.read_since, connection=connection), writes=True)
    count = 0
    while True:
        end = min(since + WINDOW_SECONDS, until)
        found = await rail.list_movements(since, end)
        for start in range(0, len(found), BATCH):
            some = found[start : start + BATCH]
            count += await db.in_transaction(partial(_take, connection=connection, some=some), writes=True)
        await db.in_transaction(partial(movements.note_read, connection=connection, until=end), writes=True)
        if end >= until:
            return count
        since = end


def _take(session: Session, connection: Connection, some: Sequence[Movement]) -> int:
    """Keeps movements, and posts their fees, in one transaction. Raises LedgerRefused, and has kept none then."""
    instance_id = instance.read_id(session)
    taken = [movements.take(session, connection, movement, instance_id) for movement in some]
    for outcome in apply(session, [posting for _, posting in taken if posting is not None]):
        if isinstance(outcome, LedgerRefused):
            raise outcome.unraised()
    return sum(is_new for is_new, _ in taken)

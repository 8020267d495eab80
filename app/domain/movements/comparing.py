"""Whether the ledger says of a rail's money what the rail says, to the cent.

What the rail holds for us is `world:<connection>` of all units, turned round; the rest of its balance is what was there
before and what stands in `rail_movement` alone. Of a developer's account only the payments are compared.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.inbox.connections import Connection
from app.domain.ledger.folding import read_balance
from app.domain.money import Unit, nanos_of_cents
from app.domain.movements.movements import world_of
from app.domain.movements.tables import RailReading


@dataclass(frozen=True, slots=True)
class Comparison:
    """A connection as it was compared last; amounts in cents of US dollars, times in microseconds.

    `ours_cents` is what the ledger says that the rail holds for us, `elsewhere_cents` what is there beside it, of
    which `opening_cents` was there before. Without a `balance_cents` only payments are compared, as in a developer's
    account. `differs_cents` is the rail's word less ours; None where nothing was compared yet.
    """

    connection_id: str
    read_at: int | None
    ours_cents: int
    elsewhere_cents: int
    opening_cents: int | None
    balance_cents: int | None
    compared_at: int | None
    differs_cents: int | None
    differs_since: int | None


def held_cents(session: Session, connection: Connection) -> int:
    """Returns what the ledger says that a connection's rail holds for us, all units together."""
    return sum(-read_balance(session, world_of(connection, unit)) // nanos_of_cents(1, unit) for unit in Unit)


def compare(session: Session, connection: Connection, balance_cents: int | None) -> int:
    """Compares a connection whose list was read to its end, keeps the outcome, and returns by how much the rail's word
    differs, in cents.

    `balance_cents` is the rail's balance at that very moment, None where only payments are compared. The first time it
    says what the account held before.
    """
    reading = session.get_one(RailReading, connection.id, with_for_update=True)
    held = held_cents(session, connection)
    if balance_cents is None:
        differs = reading.ours_cents - held
    else:
        if reading.opening_cents is None:
            reading.opening_cents = balance_cents - reading.ours_cents - reading.elsewhere_cents
        differs = balance_cents - reading.opening_cents - reading.elsewhere_cents - held
    now = clock.now()
    reading.balance_cents, reading.compared_at, reading.differs_cents = balance_cents, now, differs
    reading.differs_since = None if differs == 0 else reading.differs_since or now
    session.flush()
    return differs


def read_comparison(session: Session, connection: Connection) -> Comparison | None:
    """Returns how a connection compares, None for one whose movements were never read."""
    row = session.get(RailReading, connection.id)
    if row is None:
        return None
    return Comparison(
        connection_id=connection.id, read_at=row.read_at, ours_cents=held_cents(session, connection),
        elsewhere_cents=row.elsewhere_cents + (row.opening_cents or 0), opening_cents=row.opening_cents,
        balance_cents=row.balance_cents, compared_at=row.compared_at, differs_cents=row.differs_cents,
        differs_since=row.differs_since,
    )  # fmt: skip

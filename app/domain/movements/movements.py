"""Movements as they are listed: each is kept once, and of ours the fee is posted, once.

Credits, refunds and disputes are posted by their own events and never here; what a rail took for itself is known from
its list alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadOperation
from app.domain.inbox.connections import Connection, connection_of
from app.domain.inbox.tables import ConnectionRow
from app.domain.ledger.accounts import Account, Kind, account_of, parse
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Unit, nanos_of_cents
from app.domain.movements.tables import MovementKind, RailMovement, RailReading, Standing
from app.domain.topups.tables import Topup
from app.domain.wallets.trial import INSTANCE
from app.sql.columns import table_of

OVERLAP_SECONDS = 600
"""How much of the list is read again each time: movements come into it late."""
BEFORE_SECONDS = 3_600
"""From how long before a connection was made its list is read, whatever the clocks say."""
FEE = "rail_fee"
"""The type of a transfer that says what a rail kept for itself."""
BACK = (MovementKind.REFUND, MovementKind.REFUND_FAILED, MovementKind.DISPUTE)


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement as a rail lists it; amounts in cents of its currency (ISO 4217, capitals), `created` in its seconds.

    `instance`, `topup_id` and `account_id` are our marks on the payment, None where it carries none or another kind of
    object was listed.
    """

    id: str
    kind: MovementKind
    cents: int
    fee_cents: int
    currency: str
    created: int
    description: str = ""
    payment_id: str | None = None
    instance: str | None = None
    topup_id: str | None = None
    account_id: str | None = None


def list_connections(session: Session, rail: str) -> Sequence[Connection]:
    """Returns the connections of a rail that can be asked for their movements, closed ones too.

    One whose key is refused is left alone until it has another, or the refusal is a day old and forgotten.
    """
    table = table_of(ConnectionRow)
    has_key = (table.c.rail == rail, table.c.key_sealed.is_not(None), table.c.refused_at.is_(None))
    return [connection_of(row) for row in session.scalars(select(ConnectionRow).where(*has_key).order_by(table.c.id))]


def read_since(session: Session, connection: Connection) -> int:
    """Returns from where on a connection's movements are to be read, in seconds of the rail's clock."""
    return _begin(session, connection).read_to - OVERLAP_SECONDS


def take(session: Session, connection: Connection, movement: Movement, instance_id: str) -> tuple[bool, Post | None]:
    """Keeps a movement, once; says whether it was new, and returns the posting of its fee for the caller to post.

    There is no posting for one that was kept before or is not ours. Of a developer's account only ours are kept: what
    else is there is none of our business. One in another currency than US dollars is left alone.
    """
    if movement.currency != "USD" or session.get(RailMovement, (connection.id, movement.id)) is not None:
        return False, None
    reading = _begin(session, connection)
    unit, topup_id = _whose(session, connection, movement, instance_id)
    if unit is None and connection.paywall_id is not None:
        return False, None
    fee_nanos = 0 if unit is None else _fee(session, connection, movement, unit, topup_id)
    session.add(
        RailMovement(
            connection_id=connection.id, id=movement.id, kind=movement.kind,
            standing=Standing.ELSEWHERE if unit is None else Standing.OURS, cents=movement.cents,
            fee_cents=movement.fee_cents, payment_id=movement.payment_id, topup_id=topup_id, unit=unit,
            fee_nanos=fee_nanos,
            description=movement.description, created_at=movement.created * clock.SECOND, listed_at=clock.now(),
        )
    )  # fmt: skip
    net = movement.cents - movement.fee_cents
    if unit is None:
        reading.elsewhere_cents += net
    else:
        reading.ours_cents += net
    session.flush()
    return True, None if unit is None or fee_nanos == 0 else _posting(connection, movement, unit, fee_nanos)


def note_read(session: Session, connection: Connection, until: int) -> None:
    """Notes that a connection's list was read up to a second of the rail's clock; it never goes back."""
    reading = _begin(session, connection)
    reading.read_to, reading.read_at = max(reading.read_to, until), clock.now()
    session.flush()


def _begin(session: Session, connection: Connection) -> RailReading:
    """Returns a connection's reading, made if need be, locked until the transaction ends."""
    found: RailReading | None = session.get(RailReading, connection.id, with_for_update=True)
    if found is None:
        made_at = session.get_one(ConnectionRow, connection.id).created_at
        since = made_at // clock.SECOND - BEFORE_SECONDS
        found = RailReading(connection_id=connection.id, read_to=since, ours_cents=0, elsewhere_cents=0)
        session.add(found)
        session.flush()
    return found


def _whose(
    session: Session, connection: Connection, movement: Movement, instance_id: str
) -> tuple[Unit | None, str | None]:
    """Returns the unit of the wallet whose payment moved, and its top-up; no unit for what is not ours.

    A payment says by its marks that it is ours, what came of it is known by the payment. In a developer's account
    there are dollars alone, whatever somebody writes into its payments.
    """
    if movement.payment_id is None:
        return None, None
    if movement.kind is not MovementKind.PAYMENT:
        return _known(session, connection, movement.payment_id)
    topup = session.get(Topup, movement.topup_id or "")
    topup_id = None if topup is None or topup.connection_id != connection.id else topup.id
    if movement.instance != instance_id:
        return None, None
    if connection.paywall_id is not None:
        return Unit.USD, topup_id
    try:
        wallet = parse(topup.account_id if topup is not None else movement.account_id or "")
    except BadOperation:
        return None, None
    return (wallet.unit, topup_id) if wallet.environment is connection.environment else (None, None)


def _known(session: Session, connection: Connection, payment_id: str) -> tuple[Unit | None, str | None]:
    table = table_of(RailMovement)
    statement = select(table.c.unit, table.c.topup_id).where(
        table.c.connection_id == connection.id,
        table.c.payment_id == payment_id,
        table.c.kind == MovementKind.PAYMENT.value,
    )
    found = session.execute(statement.limit(1)).first()
    return (None, None) if found is None else (found.unit, found.topup_id)


def _fee(session: Session, connection: Connection, movement: Movement, unit: Unit, topup_id: str | None) -> int:
    """Returns what a movement cost beside what its event posts: its fee, and what went back beyond what was credited.

    A payment's own surcharge is never credited, so that a refund or dispute of all that was paid takes more from the
    rail than from the wallet.
    """
    fee = nanos_of_cents(movement.fee_cents, unit)
    topup = session.get(Topup, topup_id or "")
    if movement.kind not in BACK or topup is None or topup.payment_id != movement.payment_id:
        return fee
    credited, table = topup.credited_nanos // nanos_of_cents(1, unit), table_of(RailMovement)
    statement = select(func.coalesce(func.sum(table.c.cents), 0)).where(
        table.c.connection_id == connection.id,
        table.c.payment_id == movement.payment_id,
        table.c.kind.in_([kind.value for kind in BACK]),
    )
    went = -int(session.scalar(statement) or 0)
    beyond = max(went - movement.cents - credited, 0) - max(went - credited, 0)
    return fee + nanos_of_cents(beyond, unit)


def world_of(connection: Connection, unit: Unit) -> Account:
    """Returns the account of the money outside that a connection holds in a unit."""
    return account_of(connection.environment, unit, Kind.WORLD, connection.id)


def fees_of(connection: Connection, unit: Unit) -> Account:
    """Returns the account of what rails kept: a paywall's whose developer bears it, else the instance's."""
    return account_of(connection.environment, unit, Kind.RAIL_FEES, connection.paywall_id or INSTANCE)


def _posting(connection: Connection, movement: Movement, unit: Unit, fee_nanos: int) -> Post:
    world, fees = world_of(connection, unit), fees_of(connection, unit)
    debit, credit = (fees, world) if fee_nanos > 0 else (world, fees)
    details = {"movement": movement.id, "payment": movement.payment_id}
    return Post(f"fee:{movement.id}", (Transfer(debit, credit, abs(fee_nanos), FEE, details=details),))

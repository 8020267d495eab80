"""Where a rail and the ledger differ: which payment, which posting, and by how many cents.

It reads all that was ever posted at a connection, so that it is asked for only where the sums differ.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain.inbox.connections import Connection
from app.domain.ledger.accounts import parse
from app.domain.ledger.tables import LedgerTransfer
from app.domain.money import Unit, nanos_of_cents
from app.domain.movements.movements import BACK, world_of
from app.domain.movements.tables import RailMovement, RailReading, Standing
from app.domain.refunds.tables import Refund
from app.domain.topups.tables import Topup, TopupStatus
from app.sql.columns import table_of

LINES_MAX = 50
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """A payment, a posting or a movement of which the rail says `cents` more than the ledger."""

    what: str
    cents: int


@dataclass(slots=True)
class _Said:
    """What both say: by payment in cents, and of fees by movement."""

    posted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    listed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    went: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    credited: dict[str, int] = field(default_factory=dict)
    fees_posted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    fees_listed: dict[str, int] = field(default_factory=dict)
    strange: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def explain(session: Session, connection: Connection) -> Sequence[Difference]:
    """Returns where a connection's rail and the ledger differ, at most 50 lines."""
    said = _Said()
    _read_ledger(session, connection, said)
    _read_list(session, connection, said)
    return list(islice(_differences(session, connection, said), LINES_MAX))


def _differences(session: Session, connection: Connection, said: _Said) -> Iterator[Difference]:
    for payment in sorted({*said.posted, *said.listed}):
        beyond = max(said.went[payment] - said.credited[payment], 0) if payment in said.credited else 0
        if cents := said.listed[payment] + beyond - said.posted[payment]:
            yield Difference(f"payment {payment}", cents)
    for movement in sorted({*said.fees_posted, *said.fees_listed}):
        if cents := -said.fees_listed.get(movement, 0) - said.fees_posted[movement]:
            yield Difference(f"fee {movement}", cents)
    for posting, cents in sorted(said.strange.items()):
        yield Difference(f"posting {posting}, which is of no payment", -cents)
    reading = session.get(RailReading, connection.id)
    if reading is not None and reading.balance_cents is not None and reading.opening_cents is not None:
        listed = reading.opening_cents + reading.ours_cents + reading.elsewhere_cents
        if cents := reading.balance_cents - listed:
            yield Difference("the rail's balance, which its list does not add up to", cents)


def _read_ledger(session: Session, connection: Connection, said: _Said) -> None:
    table = table_of(LedgerTransfer)
    for unit in Unit:
        world, after = world_of(connection, unit).id, 0
        is_at = or_(table.c.debit_account_id == world, table.c.credit_account_id == world)
        statement = select(table.c.id, table.c.posting_id, table.c.debit_account_id, table.c.amount)
        while rows := session.execute(
            statement.where(is_at, table.c.id > after).order_by(table.c.id).limit(_BATCH)
        ).all():
            payments = _payments_of(session, connection, [row.posting_id for row in rows])
            for row in rows:
                cents = row.amount // nanos_of_cents(1, unit) * (1 if row.debit_account_id == world else -1)
                _sort(said, payments, row.posting_id, cents)
            after = rows[-1].id


def _sort(said: _Said, payments: Mapping[str, str], posting_id: str, cents: int) -> None:
    kind, _, rest = posting_id.partition(":")
    owner = rest.partition(":")[0]
    if kind == "fee":
        said.fees_posted[rest] += cents
    elif owner in payments and kind in ("topup", "takeback", "refund", "refund_due"):
        said.posted[payments[owner]] += cents
    else:
        said.strange[posting_id] += cents


def _payments_of(session: Session, connection: Connection, posting_ids: Sequence[str]) -> dict[str, str]:
    """Returns which payment each top-up and refund is of that the postings name."""
    owners = {posting_id.split(":")[1] for posting_id in posting_ids if ":" in posting_id}
    found: dict[str, str] = {}
    for table in (table_of(Topup), table_of(Refund)):
        rows = session.execute(
            select(table.c.id, table.c.payment_id).where(table.c.id.in_(owners), table.c.connection_id == connection.id)
        )
        found |= {row.id: row.payment_id for row in rows if row.payment_id is not None}
    return found


def _read_list(session: Session, connection: Connection, said: _Said) -> None:
    table, after = table_of(RailMovement), ""
    is_ours = (table.c.connection_id == connection.id, table.c.standing == Standing.OURS.value)
    while rows := session.execute(
        select(table).where(*is_ours, table.c.id > after).order_by(table.c.id).limit(_BATCH)
    ).all():
        for row in rows:
            said.listed[row.payment_id] += row.cents
            said.fees_listed[row.id] = row.fee_nanos // nanos_of_cents(1, Unit(row.unit))
            if row.kind in BACK:
                said.went[row.payment_id] -= row.cents
        said.credited |= _credited_by(session, connection, {row.topup_id for row in rows if row.topup_id is not None})
        after = rows[-1].id


def _credited_by(session: Session, connection: Connection, topup_ids: set[str]) -> dict[str, int]:
    table = table_of(Topup)
    rows = session.execute(
        select(table.c.payment_id, table.c.credited_nanos, table.c.account_id).where(
            table.c.id.in_(topup_ids),
            table.c.connection_id == connection.id,
            table.c.status == TopupStatus.PAID.value,
        )
    )
    return {row.payment_id: row.credited_nanos // nanos_of_cents(1, parse(row.account_id).unit) for row in rows}

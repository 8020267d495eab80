"""Each connection as an operator sees it: whether its key, endpoint, list of events and money are as they should be."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.inbox import health
from app.domain.inbox.connections import connection_of
from app.domain.inbox.health import READ_SECONDS_MAX, Health
from app.domain.inbox.tables import ConnectionRow, EndpointStatus
from app.domain.movements import comparing
from app.domain.movements.comparing import Comparison
from app.domain.movements.explaining import Difference, explain
from app.sql.columns import table_of

DIFFERS_SECONDS_MAX = 900
"""How long a difference may last: a payment is listed some seconds after it was credited, or before."""
LINES_MAX = 5


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection with a key. `comparison` is None before its movements were read; `differences` are the first few."""

    health: Health
    comparison: Comparison | None
    differences: Sequence[Difference]
    now: int

    @property
    def is_behind(self) -> bool:
        """Tells whether its events were not read lately."""
        read_at = self.health.events_read_at
        return read_at is None or self.now - read_at > READ_SECONDS_MAX * clock.SECOND

    @property
    def differs(self) -> bool:
        """Tells whether its money differs from the ledger's, for longer than that takes to settle."""
        since = None if self.comparison is None else self.comparison.differs_since
        return since is not None and self.now - since > DIFFERS_SECONDS_MAX * clock.SECOND


def read_connections(session: Session, *, explains: bool = False) -> Sequence[ConnectionView]:
    """Returns every connection that has a key, by id; it `explains` what differs only if asked, which reads it all."""
    table = table_of(ConnectionRow)
    rows = session.scalars(select(ConnectionRow).where(table.c.key_sealed.is_not(None)).order_by(table.c.id)).all()
    found = []
    for row in rows:
        connection = connection_of(row)
        comparison = comparing.read_comparison(session, connection)
        differs = explains and comparison is not None and comparison.differs_cents
        lines = explain(session, connection)[:LINES_MAX] if differs else ()
        found.append(ConnectionView(health.read_health(session, row.id), comparison, lines, clock.now()))
    return found


def is_sound(one: ConnectionView) -> bool:
    """Tells whether nothing needs an operator; their own accounts must settle in US dollars."""
    health = one.health
    has_endpoint = health.endpoint_status in (None, EndpointStatus.ENABLED)
    has_dollars = health.paywall_id is not None or health.settles_usd is not False
    return has_endpoint and has_dollars and health.refused_at is None and not one.is_behind and not one.differs


def said_of(one: ConnectionView) -> str:
    """Returns what there is to say of a connection, in sentences."""
    whose = "the operator's" if one.health.paywall_id is None else f"of {one.health.paywall_id}"
    parts = [f"{one.health.rail}, {one.health.environment}, {whose}"]
    if one.health.refused_at is not None:
        parts.append(f"its key is refused: {one.health.last_error}")
    parts.append(f"endpoint {one.health.endpoint_status or 'none'}")
    parts.append("its events were not read lately" if one.is_behind else "events read")
    return "; ".join(parts) + "." + _said_of_money(one)


def _said_of_money(one: ConnectionView) -> str:
    comparison = one.comparison
    if one.health.settles_usd is False:
        return " It settles in another currency, so that its money is not compared."
    if comparison is None or comparison.differs_cents is None:
        return " Its money was not compared yet."
    if comparison.differs_cents == 0:
        return " Its money is the ledger's, to the cent."
    lines = ", ".join(f"{line.what} by {dollars(line.cents)}" for line in one.differences)
    return f" Its money differs by {dollars(comparison.differs_cents)}: {lines or 'nothing that can be named'}."


def dollars(cents: int) -> str:
    """Returns cents as dollars, with their sign."""
    return f"{'-' if cents < 0 else '+'}${abs(cents) // 100}.{abs(cents) % 100:02}"

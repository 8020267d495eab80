"""How a connection's account is reached: its key, our endpoint there, and what its events are signed by.

Keys and secrets are sealed before they come here. Disconnecting keeps the key, so that what is open can end; only
forgetting it deletes it.
"""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound
from app.domain.ids import as_id
from app.domain.inbox.connections import Connection, connection_of
from app.domain.inbox.tables import ConnectionRow, ConnectionSecret, EndpointStatus
from app.domain.money import Environment
from app.sql.columns import table_of

SECRET_KEPT_SECONDS = 86_400
"""How long the secret of an endpoint that was replaced is accepted still."""


def find_open(session: Session, rail: str, environment: Environment, paywall_id: str | None) -> Connection | None:
    """Returns the connection that takes new payments on a rail: of a paywall, or the operator's own (None)."""
    table = table_of(ConnectionRow)
    is_whose = table.c.paywall_id.is_(None) if paywall_id is None else table.c.paywall_id == paywall_id
    found = session.scalars(
        select(ConnectionRow)
        .where(table.c.rail == rail, table.c.environment == environment, is_whose, table.c.disconnected_at.is_(None))
        .order_by(table.c.created_at.desc(), table.c.id)
        .limit(1)
    ).first()
    return None if found is None else connection_of(found)


def list_endpoints(session: Session, rail: str) -> Sequence[tuple[Connection, str]]:
    """Returns the connections of a rail that have a webhook endpoint of ours there, and its id."""
    table = table_of(ConnectionRow)
    has_endpoint = (table.c.key_sealed.is_not(None), table.c.endpoint_id.is_not(None))
    rows = session.scalars(select(ConnectionRow).where(table.c.rail == rail, *has_endpoint).order_by(table.c.id))
    return [(connection_of(row), row.endpoint_id) for row in rows if row.endpoint_id is not None]


def list_of_paywall(session: Session, rail: str, paywall_id: str) -> Sequence[Connection]:
    """Returns all connections that a paywall ever had on a rail, the newest first."""
    table = table_of(ConnectionRow)
    rows = session.scalars(
        select(ConnectionRow)
        .where(table.c.paywall_id == paywall_id, table.c.rail == rail)
        .order_by(table.c.created_at.desc(), table.c.id.desc())
    )
    return [connection_of(row) for row in rows]


def list_of_operator(session: Session, rail: str, environment: Environment) -> Sequence[Connection]:
    """Returns all connections that the operator ever had on a rail in an environment, the newest first."""
    table = table_of(ConnectionRow)
    rows = session.scalars(
        select(ConnectionRow)
        .where(table.c.paywall_id.is_(None), table.c.rail == rail, table.c.environment == environment)
        .order_by(table.c.created_at.desc(), table.c.id.desc())
    )
    return [connection_of(row) for row in rows]


def read_endpoint_id(session: Session, connection_id: str) -> str | None:
    """Returns the rail's name of our endpoint at a connection, None where there is none. Raises NotFound."""
    row = session.get(ConnectionRow, as_id(connection_id))
    if row is None:
        raise NotFound("There is no such connection.")
    return row.endpoint_id


def keep_key(
    session: Session, connection_id: str, key_sealed: str, *, account: str | None, settles_usd: bool | None
) -> None:
    """Gives a connection its key, the first or another one of the same account, which opens it again.

    The caller has tried it. Whatever was wrong with the key before is forgotten. Raises NotFound.
    """
    row = lock(session, connection_id)
    row.key_sealed, row.account = key_sealed, account or row.account
    row.settles_usd = row.settles_usd if settles_usd is None else int(settles_usd)
    row.disconnected_at = row.refused_at = row.told_at = row.last_error = None
    session.flush()


def keep_endpoint(session: Session, connection_id: str, endpoint_id: str, secret_sealed: str) -> None:
    """Makes an endpoint the connection's own; the secrets of those before are accepted for a day more. NotFound."""
    row, now = lock(session, connection_id), clock.now()
    secrets = table_of(ConnectionSecret)
    session.execute(
        secrets.update()
        .where(secrets.c.connection_id == row.id, secrets.c.retires_at.is_(None))
        .values(retires_at=now + SECRET_KEPT_SECONDS * clock.SECOND)
    )
    session.add(
        ConnectionSecret(connection_id=row.id, endpoint_id=endpoint_id, secret_sealed=secret_sealed, created_at=now)
    )
    row.endpoint_id, row.endpoint_status, row.checked_at = endpoint_id, EndpointStatus.ENABLED, now
    session.flush()


def read_secrets(session: Session, connection_id: str) -> Sequence[tuple[str, str]]:
    """Returns what a connection's events may be signed with now: each endpoint's id and its sealed secret."""
    table = table_of(ConnectionSecret)
    is_accepted = table.c.retires_at.is_(None) | (table.c.retires_at > clock.now())
    rows = session.execute(
        select(table.c.endpoint_id, table.c.secret_sealed)
        .where(table.c.connection_id == as_id(connection_id), is_accepted)
        .order_by(table.c.created_at.desc(), table.c.endpoint_id)
    )
    return [(endpoint_id, sealed) for endpoint_id, sealed in rows]


def secret_context(connection_id: str, endpoint_id: str) -> str:
    """Returns what the secret of an endpoint is sealed for."""
    return f"webhook_secret:{connection_id}:{endpoint_id}"


def disconnect(session: Session, connection_id: str) -> bool:
    """Lets a connection take nothing new; False if it did so already. What is open there still ends. NotFound."""
    row = lock(session, connection_id)
    if row.disconnected_at is not None:
        return False
    row.disconnected_at = clock.now()
    session.flush()
    return True


def forget_key(session: Session, connection_id: str) -> None:
    """Deletes a connection's key and secrets, and disconnects it: nothing can be read or given back there any more."""
    disconnect(session, connection_id)
    row, secrets = lock(session, connection_id), table_of(ConnectionSecret)
    row.key_sealed = row.endpoint_id = row.endpoint_status = None
    session.execute(delete(secrets).where(secrets.c.connection_id == row.id))
    session.flush()


def lock(session: Session, connection_id: str) -> ConnectionRow:
    """Returns a connection's row, locked until the transaction ends. Raises NotFound."""
    row: ConnectionRow | None = session.get(ConnectionRow, as_id(connection_id), with_for_update=True)
    if row is None:
        raise NotFound("There is no such connection.")
    return row

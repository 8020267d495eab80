"""Who hears of it when something is wrong with a connection: its paywall's owner, or the operators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy.orm import Session

from app import db
from app.domain.inbox import health
from app.domain.inbox.connections import Connection
from app.domain.paywalls.configuration import read_current
from app.flows.events.mails import Desk, Notice
from app.ports.rail_errors import KeyRefused


async def tell_owner(desk: Desk, connection: Connection, subject: str, words: str) -> None:
    """Tells a connection's owner: its paywall's, or the operators where it is their own."""
    if connection.paywall_id is None:
        await desk.alert(subject, words)
        return
    name = await db.in_transaction(partial(_name_of, paywall_id=connection.paywall_id))
    await desk.tell(Notice(connection.paywall_id, name, subject, words))


async def tell_refused(desk: Desk, connection: Connection, refused: KeyRefused) -> None:
    """Notes that a rail refuses a connection's key, and tells its owner, at most once a day."""
    await db.in_transaction(
        partial(health.note_refused, connection_id=connection.id, error=refused.message), writes=True
    )
    await tell_untold(desk, connection)


async def tell_untold(desk: Desk, connection: Connection) -> None:
    """Tells a connection's owner of a refusal that was noted where nobody could be told."""
    said = await db.in_transaction(partial(health.take_untold, connection_id=connection.id), writes=True)
    if said is not None:
        await tell_owner(
            desk,
            connection,
            "Stripe refuses the key of your connection",
            f"{said} Until that is mended, or the account connected anew, payments there fail or are credited late."
            f" Connection: {connection.id}.",
        )


@asynccontextmanager
async def telling_refusals(desk: Desk, connection: Connection) -> AsyncIterator[None]:
    """Tells a connection's owner if its rail refuses our key in the block, which raises it all the same."""
    try:
        yield
    except KeyRefused as refused:
        await tell_refused(desk, connection, refused)
        raise


def _name_of(session: Session, paywall_id: str) -> str:
    return read_current(session, paywall_id)[1].app_name

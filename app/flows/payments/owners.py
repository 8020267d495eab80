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
    """Notes that a rail refuses a connection's key, and tells its owner, once until the rail accepts it again."""
    note = partial(health.note_refused, connection_id=connection.id, error=refused.message)
    if await db.in_transaction(note, writes=True):
        await tell_owner(
            desk,
            connection,
            "Stripe refuses the key of your connection",
            f"{refused.message} Until the account is connected anew nothing can be paid there, and what was paid is"
            f" credited only then. Connection: {connection.id}.",
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

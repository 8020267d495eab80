"""Events of rails that come by themselves: delivered to our endpoint, or read from the rail's own list.

Both go into the one inbox. Of an event only which object it is about is believed; its marks may only drop it: what
always bears marks, and bears none or another instance's, is of other apps on the account, and is stored nowhere.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import NotFound, Unavailable
from app.domain.inbox import access, connections, health, inbox
from app.domain.inbox.connections import Connection
from app.domain.inbox.inbox import StoredEvent
from app.domain.instance import instance
from app.domain.money import Environment
from app.each_alone import Failed, alone
from app.flows.payments.owners import tell_untold, telling_refusals
from app.flows.payments.received import STRIPE, PaymentDoor
from app.keeper import Keeper
from app.ports.accounts import Accounts, Told
from app.ports.seal import Sealer

log = structlog.get_logger()

ACTED_ON_AT_ONCE_MAX = 8
"""How many delivered events one process acts on at the same time; the inbox job has the others within seconds."""
READING_AT_ONCE_MAX = 20
SECONDS_A_READING = 120
"""How long one connection's list may be read; one that is cut is read anew, and what was stored stays stored."""


@dataclass(frozen=True, slots=True)
class _Knows:
    """What must be known to judge a connection's events."""

    connection: Connection
    secrets: tuple[str, ...]
    instance: str


class Ear:
    """Hears what rails say. `keeper` has the work that goes on after an endpoint was answered."""

    def __init__(self, accounts: Accounts, box: Sealer, door: PaymentDoor, keeper: Keeper) -> None:
        self._accounts = accounts
        self._box = box
        self._door = door
        self._keeper = keeper
        self._acting = 0

    async def hear(self, connection_id: str, body: bytes, signature: str) -> None:
        """Takes a delivered event: returns once it is stored, or forgotten because it is not ours.

        Raises NotFound for a connection that there is not, Unavailable where it has no secret or could not be stored,
        BadSignature, and BadField for what is signed and no event. What a connection says whose key was deleted is
        forgotten, and the operators are told once.
        """
        knows = await db.in_transaction(partial(_know, connection_id=connection_id, box=self._box))
        if knows.connection.key_sealed is None and not knows.connection.is_open:
            await self._forget(knows.connection)
            return
        if not knows.secrets:
            raise Unavailable(f"{connection_id} has no webhook endpoint that we know the secret of.")
        told = self._accounts.read_event(body, signature, knows.secrets)
        event = _ours(knows, told)
        if event is None:
            log.info("event_heard", connection=connection_id, inbox_event=told.id, type=told.type, step="forgotten")
            return
        if self._acting >= ACTED_ON_AT_ONCE_MAX:
            await db.in_transaction(lambda session: inbox.store_new(session, event), writes=True)
            log.info("event_heard", connection=connection_id, inbox_event=told.id, type=told.type, step="left")
            return
        self._acting += 1
        with ExitStack() as undone:
            undone.callback(self._end_acting)
            await db.in_transaction(lambda session: inbox.store(session, event), writes=True)
            undone.pop_all()
        log.info("event_heard", connection=connection_id, inbox_event=told.id, type=told.type, step="stored")
        self._keeper.keep(self._act(event))

    async def _act(self, event: StoredEvent) -> None:
        try:
            await self._door.act_on(event)
        finally:
            self._end_acting()

    def _end_acting(self) -> None:
        self._acting -= 1

    async def _forget(self, connection: Connection) -> None:
        error = "An event came, and the key of this connection was deleted, so that nothing can be done about it."

        def is_news(session: Session) -> bool:
            health.note_refused(session, connection.id, error)
            return health.take_untold(session, connection.id) is not None

        if await db.in_transaction(is_news, writes=True):
            await self._door.desk.alert(f"Events come from {connection.id}, whose key was deleted", error)

    async def read_lists(self) -> int:
        """Reads the lists of events that are due, to their ends, and stores what is ours; returns how many they were.

        Connections are read beside each other: one that is slow or away keeps no other waiting.
        """
        due = await db.in_transaction(partial(health.list_due, rail=STRIPE))
        room = asyncio.Semaphore(READING_AT_ONCE_MAX)

        async def read(connection_id: str) -> None:
            async with room:
                await self.read_list(connection_id)

        came = await asyncio.gather(*(alone("event_list", name, partial(read, name)) for name in due))
        return sum(not isinstance(one, Failed) for one in came)

    async def read_list(self, connection_id: str) -> None:
        """Reads one connection's list to its end. Raises NotFound, Unavailable, KeyRefused, which its owner is told."""
        knows = await db.in_transaction(partial(_know, connection_id=connection_id, box=None))
        cursor = await db.in_transaction(partial(health.read_cursor, connection_id=connection_id))
        await tell_untold(self._door.desk, knows.connection)
        began_at, newest, stored = clock.now(), None, 0
        async with telling_refusals(self._door.desk, knows.connection):
            account = self._accounts.reach(knows.connection)
            try:
                async with asyncio.timeout(SECONDS_A_READING):
                    async for page in account.list_events(cursor.since):
                        newest = newest or max((told.created for told in page), default=None)
                        stored += await db.in_transaction(partial(_store_page, knows=knows, page=page), writes=True)
            except TimeoutError:
                message = f"The events of {connection_id} could not be read in {SECONDS_A_READING} s."
                raise Unavailable(message) from None
        note = partial(health.note_events_read, connection_id=connection_id, began_at=began_at, newest=newest)
        await db.in_transaction(note, writes=True)
        log.info("event_list", connection=connection_id, step="read", stored=stored)


async def has_due() -> bool:
    """Tells whether any connection's list of events is to be read now; needs nothing of any rail."""
    return bool(await db.in_transaction(partial(health.list_due, rail=STRIPE)))


def _know(session: Session, connection_id: str, box: Sealer | None) -> _Knows:
    connection = connections.read_connection(session, connection_id)
    if connection.rail != STRIPE:
        raise NotFound("There is no such connection.")
    sealed = [] if box is None else access.read_secrets(session, connection_id)
    secrets = [] if box is None else [
        box.open(secret, access.secret_context(connection_id, endpoint_id)) for endpoint_id, secret in sealed
    ]  # fmt: skip
    return _Knows(connection, tuple(secrets), instance.read_id(session))


def _ours(knows: _Knows, told: Told) -> StoredEvent | None:
    """Returns what is stored of an event, None for one that cannot be ours."""
    is_other_mode = told.is_live != (knows.connection.environment is Environment.LIVE)
    is_others = told.instance != knows.instance if told.bears_marks else told.instance not in (None, knows.instance)
    if told.kind is None or is_other_mode or is_others:
        return None
    return StoredEvent(knows.connection.id, told.id, told.object_id, told.kind)


def _store_page(session: Session, knows: _Knows, page: Sequence[Told]) -> int:
    """Stores what is new of a page, to be acted on at once by the inbox job; returns how much that was."""
    ours = [event for told in page if (event := _ours(knows, told)) is not None]
    return sum(inbox.store_new(session, event) for event in ours)

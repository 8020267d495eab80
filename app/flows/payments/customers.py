"""Payers as an account at a rail knows them: made there once, for whoever is signed in, so that a card can be kept."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.cards import cards
from app.domain.cards.tables import Customer
from app.domain.errors import Refused
from app.domain.inbox.connections import Connection, read_connection
from app.domain.instance import instance
from app.domain.people.accounts import read_account
from app.domain.people.sessions import Person
from app.ports.cards import CardRails, NewCustomer
from app.ports.rail_errors import ObjectMissing

log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Payer:
    """A person as a connection's account knows them: `ref` is its name for them, `id` ours."""

    connection: Connection
    instance_id: str
    id: str
    ref: str


async def with_payer(rails: CardRails, connection_id: str, person: Person, ask: Callable[[Payer], Awaitable[T]]) -> T:
    """Returns what a rail answers that is asked about a person; one whom the account has lost is made anew, once.

    Raises as `open_payer` and `ask` do.
    """
    payer = await open_payer(rails, connection_id, person)
    try:
        return await ask(payer)
    except ObjectMissing as missing:
        if missing.param != "customer":
            raise
    log.warning("payer", connection=connection_id, customer=payer.id, step="lost")
    forget = partial(cards.forget_customer_ref, customer_id=payer.id, ref=payer.ref)
    await db.in_transaction(forget, writes=True)
    return await ask(await open_payer(rails, connection_id, person, lost=payer.ref))


async def open_payer(rails: CardRails, connection_id: str, person: Person, lost: str = "") -> Payer:
    """Returns a person as a connection's account knows them, made there if it does not yet.

    `lost` is what the account called them before and knows no more: it is asked for another. Raises NotFound, Refused
    where no cards are kept, as at developers' accounts, Unavailable.
    """
    connection, instance_id, customer, address = await db.in_transaction(
        lambda session: _open(session, connection_id, person), writes=True
    )
    ref = customer.ref
    if ref is None:
        new = NewCustomer(instance_id, customer.id, address, lost)
        made = await rails.reach_cards(connection).create_customer(new)
        ref = await db.in_transaction(partial(cards.note_customer_ref, customer_id=customer.id, ref=made), writes=True)
    return Payer(connection, instance_id, customer.id, ref)


def _open(session: Session, connection_id: str, person: Person) -> tuple[Connection, str, Customer, str | None]:
    connection = read_connection(session, connection_id)
    if not connection.is_open or connection.paywall_id is not None:
        raise Refused("Cards cannot be saved here.")
    customer = cards.open_customer(session, connection_id, person.account_id)
    return connection, instance.read_id(session), customer, read_account(session, person.account_id).email

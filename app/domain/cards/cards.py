"""Saved cards: whose they are, at which account, and that they are gone."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.cards import auto_topup
from app.domain.cards.tables import Card, Customer, OffReason
from app.domain.errors import NotFound
from app.domain.ids import as_id, derived_id
from app.domain.ledger.operations import BumpEpoch
from app.domain.turns import take_turns
from app.sql.columns import table_of

_ADD_CUSTOMER = text(
    "INSERT INTO card_customer (id, connection_id, person_id, created_at) VALUES (:id, :connection, :person, :now)"
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What an account says of a card. `country` is ISO 3166, "" where it is not known."""

    ref: str
    fingerprint: str
    brand: str
    last_four: str
    expiry_month: int
    expiry_year: int
    country: str


def open_customer(session: Session, connection_id: str, person_id: str) -> Customer:
    """Returns a person as an account knows them, made if there was none; its id is the same however often."""
    id_ = derived_id("cus", connection_id, person_id)
    values = {"id": id_, "connection": connection_id, "person": person_id, "now": clock.now()}
    session.execute(_ADD_CUSTOMER, values)
    return session.get_one(Customer, id_)


def note_customer_ref(session: Session, customer_id: str, ref: str) -> str:
    """Keeps the account's name of a person, once, and returns the one that counts."""
    row = session.get_one(Customer, customer_id, with_for_update=True, populate_existing=True)
    if row.ref is None:
        row.ref = ref
        session.flush()
    return row.ref


def forget_customer_ref(session: Session, customer_id: str, ref: str) -> None:
    """Forgets what an account called a person, if it still stands so: the account knows nobody of that name."""
    row = session.get_one(Customer, customer_id, with_for_update=True, populate_existing=True)
    if row.ref == ref:
        row.ref = None
        session.flush()


def find_customer(session: Session, connection_id: str, ref: str) -> Customer | None:
    """Returns whom an account means by a name of its own; None for somebody of whom we know nothing."""
    table = table_of(Customer)
    found: Customer | None = session.scalars(
        select(Customer).where(table.c.connection_id == connection_id, table.c.ref == ref)
    ).first()
    return found


def save(session: Session, customer: Customer, facts: CardFacts) -> Card:
    """Keeps a card that an account has for a person, or what is new of one; a removed one stays removed.

    A person's first card is their default. A card that was tried in vain is the same card when it is saved again.
    """
    id_ = derived_id("crd", customer.id, facts.ref)
    row = session.get(Card, id_, with_for_update=True)
    if row is None:
        before = _of_fingerprint(session, customer.id, facts.fingerprint)
        row = Card(
            id=id_, customer_id=customer.id, ref=facts.ref, fingerprint=facts.fingerprint, brand=facts.brand,
            last_four=facts.last_four, expiry_month=facts.expiry_month, expiry_year=facts.expiry_year,
            country=facts.country, created_at=clock.now(), attempts=max((c.attempts for c in before), default=0),
            attempts_since=min((c.attempts_since for c in before if c.attempts_since is not None), default=None),
        )  # fmt: skip
        session.add(row)
    row.fingerprint, row.brand, row.last_four = facts.fingerprint, facts.brand, facts.last_four
    row.expiry_month, row.expiry_year, row.country = facts.expiry_month, facts.expiry_year, facts.country
    if customer.default_card_id is None and row.removed_at is None:
        customer.default_card_id = row.id
    session.flush()
    return row


def take_turn(session: Session, customer: Customer) -> None:
    """Waits until nobody else keeps a card of a person's, until the transaction ends."""
    take_turns(session, f"cards:{customer.id}")


def list_twins(session: Session, customer: Customer, facts: CardFacts) -> Sequence[str]:
    """Returns the other names under which a person has saved this very card before, and not removed it.

    None where this name is known as well.
    """
    if find_by_ref(session, customer.connection_id, facts.ref) is not None:
        return []
    return [
        row.ref
        for row in _of_fingerprint(session, customer.id, facts.fingerprint)
        if row.removed_at is None and (row.expiry_month, row.expiry_year) == (facts.expiry_month, facts.expiry_year)
    ]


def _of_fingerprint(session: Session, customer_id: str, fingerprint: str) -> Sequence[Card]:
    table = table_of(Card)
    found = select(Card).where(table.c.customer_id == customer_id, table.c.fingerprint == fingerprint)
    return list(session.scalars(found))


def list_of_person(session: Session, person_id: str, connection_id: str) -> Sequence[Card]:
    """Returns the cards that a person has saved at an account and not removed, the newest first."""
    customers, table = table_of(Customer), table_of(Card)
    found = (
        select(Card)
        .join(customers, customers.c.id == table.c.customer_id)
        .where(
            customers.c.person_id == person_id, customers.c.connection_id == connection_id, table.c.removed_at.is_(None)
        )
        .order_by(table.c.created_at.desc(), table.c.id)
    )
    return list(session.scalars(found))


def read_own(session: Session, person_id: str, card_id: str) -> tuple[Card, Customer]:
    """Returns a card of a person's that they have not removed, and whom its account means. Raises NotFound."""
    card = session.get(Card, as_id(card_id))
    customer = None if card is None else session.get(Customer, card.customer_id)
    if card is None or customer is None or customer.person_id != person_id or card.removed_at is not None:
        raise NotFound("There is no such card.")
    return card, customer


def find_by_ref(session: Session, connection_id: str, ref: str) -> tuple[Card, Customer] | None:
    """Returns the card that an account means by a name of its own, and whose it is."""
    customers, table = table_of(Customer), table_of(Card)
    found = (
        select(Card, Customer)
        .join(customers, customers.c.id == table.c.customer_id)
        .where(customers.c.connection_id == connection_id, table.c.ref == ref)
    )
    row = session.execute(found).first()
    return None if row is None else (row[0], row[1])


def make_default(session: Session, person_id: str, card_id: str) -> None:
    """Makes a card the one that its owner pays with unless they choose another. Raises NotFound."""
    card, customer = read_own(session, person_id, card_id)
    customer.default_card_id = card.id
    session.flush()


def remove(session: Session, card: Card, customer: Customer) -> list[BumpEpoch]:
    """Marks a card as removed, and switches off whatever charges it, in this very transaction.

    Returns what the ledger is to be asked.
    """
    bumps = [
        bump
        for wallet_id in auto_topup.list_wallets_of_card(session, card.id)
        for bump in auto_topup.switch_off(session, wallet_id, OffReason.CARD_REMOVED)
    ]
    row = session.get_one(Card, card.id, with_for_update=True, populate_existing=True)
    row.removed_at = row.removed_at or clock.now()
    if customer.default_card_id == card.id:
        others = list_of_person(session, customer.person_id, customer.connection_id)
        customer.default_card_id = next((other.id for other in others if other.id != card.id), None)
    session.flush()
    return bumps


def list_others(session: Session, fingerprint: str, person_id: str) -> list[str]:
    """Returns who else has saved this very card, at any account (`decisions.md` 11)."""
    customers, table = table_of(Customer), table_of(Card)
    found = (
        select(customers.c.person_id)
        .join(table, table.c.customer_id == customers.c.id)
        .where(table.c.fingerprint == fingerprint, customers.c.person_id != person_id)
        .distinct()
    )
    return list(session.scalars(found))

"""What a person does with their saved cards: saves, chooses, removes one, pays with one, confirms at the bank.

Money that a person's card pays goes into their own shared wallet. Whoever acts is signed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.cards import cards, charges, notices, sums
from app.domain.cards.auto_topup import list_wallets_of_card
from app.domain.cards.charges import AlreadyCharging
from app.domain.cards.rules import Cents
from app.domain.cards.tables import Card, CardCharge, ChargeOutcome, Customer, NoticeKind
from app.domain.errors import LimitReached, NotFound, Refused
from app.domain.ids import as_id, derived_id
from app.domain.inbox import inbox
from app.domain.inbox.connections import SANDBOX, Connection, may_fund, read_connection
from app.domain.inbox.inbox import ObjectKind, StoredEvent
from app.domain.ledger.apply import apply_all
from app.domain.money import Environment, Unit
from app.domain.network import network_of
from app.domain.people.sessions import Person
from app.domain.topups.bounds import check_amount
from app.domain.topups.tables import Topup
from app.domain.topups.trying import DECLINES_MAX, DECLINES_SECONDS, check_declines
from app.domain.wallets.shared import is_frozen, open_shared_wallet
from app.domain.wallets.trial import mark_had
from app.flows.cards.charging import EVENT, Charging
from app.flows.payments.customers import Payer, with_payer
from app.flows.payments.received import SAVED, PaymentDoor
from app.ports.cards import CardOrder, CardRail, CardRails, Charge, ChargeState, SandboxCard, SandboxCards, SavedCard
from app.ports.payments import TopupKind
from app.ports.rail_errors import ObjectMissing

log = structlog.get_logger()

SAVED_BEFORE = "saved before"


async def begin_saving(charging: Charging, connection_id: str, person: Person, return_path: str, click_id: str) -> str:
    """Returns the address of the rail's page where a person saves a card.

    `return_path` is where on this site they come back to; `{saved}` in it becomes what `finish_saving` is told.
    `click_id` is of one click, so that a click that is repeated makes one page. Raises NotFound, LimitReached,
    Unavailable.
    """
    charging.pace.take(person)
    rails = charging.rails

    async def ask(payer: Payer) -> str:
        # The customer's name is part of the key: beside another one it would be another page.
        order = CardOrder(payer.instance_id, derived_id("sav", payer.ref, click_id), payer.ref, return_path)
        return (await rails.reach_cards(payer.connection).begin_saving(order)).url

    return await with_payer(rails, connection_id, person, ask)


async def finish_saving(charging: Charging, connection_id: str, person: Person, saved_ref: str) -> None:
    """Takes in a card that its owner says was saved, at once; the rail's own event tells of it as well.

    The rail is asked before anything is stored: what somebody made up, or what is not theirs, leaves nothing that would
    be asked about again. Raises NotFound, LimitReached, Unavailable.
    """
    charging.pace.take(person)
    connection = await db.in_transaction(partial(read_connection, connection_id=connection_id))
    found = await charging.rails.reach_cards(connection).read_saved(saved_ref)
    ref = found.customer_ref or ""
    owner = await db.in_transaction(partial(cards.find_customer, connection_id=connection_id, ref=ref))
    if owner is None or owner.person_id != person.account_id:
        raise NotFound("No card of yours was saved there.")
    await charging.door.receive(connection_id, SAVED + saved_ref, saved_ref, ObjectKind.CARD)


async def save_in_sandbox(door: PaymentDoor, rail: SandboxCards, token: str, card: SandboxCard) -> str:
    """Saves a card on the sandbox's page, and returns where its owner goes back to. Raises LinkInvalid."""
    ref = rail.saved(token, card)
    await door.receive(rail.connection_id, SAVED + ref, ref, ObjectKind.CARD)
    return rail.open_saving(token).return_url.replace("{saved}", ref)


async def confirm_in_sandbox(door: PaymentDoor, rail: SandboxCards, token: str) -> str:
    """Confirms a charge on the sandbox's bank page, and returns where its owner goes back to. Raises LinkInvalid."""
    payment_ref = rail.confirmed(token)
    await door.receive(rail.connection_id, EVENT + payment_ref, payment_ref)
    return rail.open_bank(token).return_url


@dataclass(frozen=True, slots=True)
class CardTaker:
    """Takes in what a rail tells of cards: saved, replaced by their bank, gone."""

    rails: CardRails

    async def take(self, connection: Connection, event: StoredEvent) -> None:
        """Reads a card back and keeps it; one that is nobody's any more is removed here too.

        One that its owner has saved before is forgotten by the rail again, so that it is shown and removed once; if the
        rail still has the one from before, of whose end nobody may have heard.
        """
        rail = self.rails.reach_cards(connection)
        saved = await rail.read_saved(event.object_id)
        for ref in await db.in_transaction(lambda session: _list_twins(session, connection, saved)):
            if await _is_gone(rail, ref, saved.customer_ref):
                await db.in_transaction(partial(_lose, connection=connection, ref=ref), writes=True)
        step = await db.in_transaction(lambda session: _keep(session, connection, event, saved), writes=True)
        if step == SAVED_BEFORE:
            await rail.remove(saved.facts.ref)
            await db.in_transaction(lambda session: inbox.finish(session, event), writes=True)
        log.info("card", connection=connection.id, inbox_event=event.id, step=step)


def _list_twins(session: Session, connection: Connection, saved: SavedCard) -> Sequence[str]:
    customer = cards.find_customer(session, connection.id, saved.customer_ref or "")
    return [] if customer is None else cards.list_twins(session, customer, saved.facts)


async def _is_gone(rail: CardRail, ref: str, customer_ref: str | None) -> bool:
    try:
        return (await rail.read_saved(ref)).customer_ref != customer_ref
    except ObjectMissing:
        return True


def _keep(session: Session, connection: Connection, event: StoredEvent, saved: SavedCard) -> str:
    """Keeps a card and finishes its event, unless it was saved before: of two savings at once the second waits here."""
    owner = cards.find_customer(session, connection.id, saved.customer_ref or "")
    if owner is not None:
        cards.take_turn(session, owner)
    if _list_twins(session, connection, saved):
        return SAVED_BEFORE
    if not inbox.finish(session, event):
        return "done before"
    if saved.customer_ref is None:
        return _lose(session, connection, saved.facts.ref)
    customer = cards.find_customer(session, connection.id, saved.customer_ref)
    if customer is None:
        return "not ours"
    before = next((c.last_four for c in cards.list_of_person(session, customer.person_id, connection.id)
                   if c.ref == saved.facts.ref), None)  # fmt: skip
    card = cards.save(session, customer, saved.facts)
    if connection.rail != SANDBOX:
        others = cards.list_others(session, card.fingerprint, customer.person_id)
        mark_had(session, customer.person_id, others, f"card:{card.fingerprint}")
    if before is not None and before != card.last_four:
        for wallet_id in list_wallets_of_card(session, card.id):
            notices.note(session, (wallet_id, customer.person_id), NoticeKind.CARD_REPLACED, card.last_four,
                         card_id=card.id)  # fmt: skip
        return "replaced"
    return "saved"


def _lose(session: Session, connection: Connection, ref: str) -> str:
    found = cards.find_by_ref(session, connection.id, ref)
    if found is None:
        return "not ours"
    apply_all(session, cards.remove(session, *found))
    return "removed"


async def remove(rails: CardRails, person: Person, card_id: str) -> None:
    """Removes a card of a person's: here first, with the automatic top-up that charges it, then at the rail.

    Raises NotFound, Unavailable where the rail could not be told; here it is gone all the same.
    """

    def forget(session: Session) -> tuple[Connection, Card]:
        card, customer = cards.read_own(session, person.account_id, card_id)
        apply_all(session, cards.remove(session, card, customer))
        return read_connection(session, customer.connection_id), card

    connection, card = await db.in_transaction(forget, writes=True)
    await rails.reach_cards(connection).remove(card.ref)


async def make_default(person: Person, card_id: str) -> None:
    """Makes a card the one that a person pays with unless they choose another. Raises NotFound."""
    await db.in_transaction(partial(cards.make_default, person_id=person.account_id, card_id=card_id), writes=True)


async def pay_now(
    charging: Charging, person: Person, environment: Environment, card_id: str, amount: str, click_id: str, *,
    unit: Unit = Unit.USDC,
) -> str:  # fmt: skip
    """Charges a saved card now, for the person's own wallet of a unit, and returns the top-up's id.

    `click_id` is of one button that was shown: pressing it again, or sending it twice, charges once. What came of it
    is read with the top-up; a bank may want it confirmed (`read_confirmation`). Raises BadField, NotFound,
    AlreadyCharging, LimitReached, Refused.
    """
    cents = check_amount(amount, charging.bounds())
    charging.pace.take(person)
    topup_id = derived_id("top", person.account_id, environment.value, click_id)

    def claim(session: Session) -> None:
        if session.get(Topup, topup_id) is not None:
            return
        card, customer = cards.read_own(session, person.account_id, card_id)
        lately, network = clock.now() - DECLINES_SECONDS * clock.SECOND, network_of(person.address)
        if sums.count_declined(session, person.account_id, lately) >= DECLINES_MAX:
            raise LimitReached("Your bank has declined too often within an hour. Try again later.",
                               "too_many_declines", DECLINES_SECONDS)  # fmt: skip
        wallet = open_shared_wallet(session, person.account_id, environment, unit)
        if is_frozen(session, wallet.owner):
            raise Refused("This wallet is frozen; nothing can be paid into it with a saved card.")
        if not may_fund(session, read_connection(session, customer.connection_id), wallet):
            raise Refused("This card cannot pay into this wallet.")
        check_declines(session, wallet.owner, network)
        asked = Cents(cents, charging.costs().fee_cents(cents))
        charges.claim(session, wallet, card, asked, TopupKind.CARD, topup_id=topup_id)
        session.get_one(Topup, topup_id).network = network

    try:
        await db.in_transaction(claim, writes=True)
    except (AlreadyCharging, IntegrityError):  # of two that came at once, one made the row
        if not await db.in_transaction(lambda session: session.get(Topup, topup_id) is not None):
            raise AlreadyCharging("A payment with a saved card is being made already.") from None
    await charging.go_on(topup_id, is_due=True)
    return topup_id


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the page shows that a bank's wish leads to. `is_open`: its owner can still confirm it."""

    topup_id: str
    paid_cents: int
    card: str
    outcome: ChargeOutcome
    environment: Environment

    @property
    def is_open(self) -> bool:
        return self.outcome is ChargeOutcome.WAITS


def read_confirmation(session: Session, person: Person, topup_id: str) -> Confirmation:
    """Returns what a person is asked to confirm; reading changes nothing. Raises NotFound for anybody else's."""
    topup, row = session.get(Topup, as_id(topup_id)), session.get(CardCharge, as_id(topup_id))
    card = None if row is None else session.get(Card, row.card_id)
    owner = None if card is None else session.get(Customer, card.customer_id)
    if topup is None or row is None or card is None or owner is None or owner.person_id != person.account_id:
        raise NotFound("There is no such payment.")
    environment = read_connection(session, topup.connection_id).environment
    name = f"{card.brand.title()} ···{card.last_four}"
    return Confirmation(topup.id, topup.paid_cents, name, row.outcome, environment)


async def confirm(charging: Charging, person: Person, topup_id: str, return_url: str) -> str | None:
    """Begins the confirmation of a charge at its bank, at a click, and returns the bank's address.

    None where there is nothing to confirm any more: what it came to is kept, and read with the top-up. Raises NotFound,
    LimitReached, Unavailable.
    """
    shown = await db.in_transaction(lambda session: read_confirmation(session, person, topup_id))
    if not shown.is_open:
        return None
    charging.pace.take(person)
    connection, ref, card_ref = await db.in_transaction(lambda session: _waiting(session, topup_id))
    if ref is None:
        return None
    begun = await charging.rails.reach_cards(connection).confirm(ref, card_ref, return_url)
    if not isinstance(begun, Charge):
        return begun
    if begun.state is ChargeState.PAID:
        await charging.door.receive(connection.id, EVENT + begun.payment_ref, begun.payment_ref)
    else:
        await charging.go_on(topup_id)
    return None


async def look_after(charging: Charging, person: Person, topup_id: str) -> ChargeOutcome:
    """Asks the rail what became of a charge whose owner comes back from the bank, and returns what it is now.

    Whoever comes back too often is told what is known; the job asks as well.
    """
    shown = await db.in_transaction(lambda session: read_confirmation(session, person, topup_id))
    if shown.outcome not in (ChargeOutcome.OPEN, ChargeOutcome.WAITS) or not charging.pace.has_room(person):
        return shown.outcome
    await charging.go_on(topup_id)
    return (await db.in_transaction(lambda session: read_confirmation(session, person, topup_id))).outcome


def _waiting(session: Session, topup_id: str) -> tuple[Connection, str | None, str]:
    topup, row = session.get_one(Topup, topup_id), session.get_one(CardCharge, topup_id)
    return read_connection(session, topup.connection_id), row.payment_ref, row.card_ref

"""One charge of a saved card, carried out: the rail is asked outside any transaction, and what it says is kept.

However often it is cut and repeated, and by whomever, one charge moves money once: its row was there before, its id is
the rail's key, and before anything is asked again the customer's payments are looked through for it. What was paid goes
through the one door like all money (`app/flows/payments/received.py`).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.cards import cards, charges, sums
from app.domain.cards.charges import ChargeView
from app.domain.cards.rules import UNKNOWN_SECONDS
from app.domain.cards.tables import Card, CardCharge, ChargeOutcome, Customer
from app.domain.errors import CoinslotError, Unavailable
from app.domain.events import catalogue
from app.domain.inbox.connections import Connection, read_connection
from app.domain.instance import instance
from app.domain.ledger.apply import apply_all
from app.domain.money import CENT_NANOS, Unit, format_decimal
from app.domain.topups.bounds import USUAL, TopupBounds
from app.domain.topups.surcharge import NO_SURCHARGE, Surcharge
from app.domain.topups.topups import CURRENCY
from app.flows.cards.pace import Pace
from app.flows.events.tell import tell
from app.flows.payments.owners import telling_refusals
from app.flows.payments.received import PaymentDoor
from app.ports.cards import Answered, CardRail, CardRails, Charge, ChargeOrder, ChargeState
from app.ports.payments import Marks, TopupKind
from app.ports.rail_errors import KeyRefused, ObjectMissing

log = structlog.get_logger()

CALL_SECONDS_MAX = 40
"""How long all calls of one attempt may take together; what has no answer by then is asked about again."""
EVENT = "charge:"
"""What the event of ours begins with that tells the one door of a paid charge."""
_OF_CARD = frozenset({"payment_method", "customer"})


@dataclass(frozen=True, slots=True)
class Charging:
    """Carries charges out, for one process.

    `costs` says what a charge costs beside what it credits, `bounds` how much it may be, both as the operator chose
    last; `pace` how often people may have their rail asked.
    """

    rails: CardRails
    door: PaymentDoor
    costs: Callable[[], Surcharge] = lambda: NO_SURCHARGE
    bounds: Callable[[], TopupBounds] = lambda: USUAL
    pace: Pace = field(default_factory=Pace)

    async def go_on(self, charge_id: str, *, is_due: bool = False) -> None:
        """Goes on with a charge that has not ended; with `is_due` only if it is its time.

        Whatever goes wrong is kept with the charge, which then waits for the next attempt, and raised.
        """
        taken = await db.in_transaction(partial(charges.take, charge_id=charge_id, is_due=is_due), writes=True)
        if taken is None:
            return
        connection, marks = await db.in_transaction(lambda session: _marked(session, taken))
        try:
            async with telling_refusals(self.door.desk, connection):
                answered = await self._ask(self.rails.reach_cards(connection), taken, marks)
        except ObjectMissing as missing:
            await self._give_up(taken, missing)
            return
        except CoinslotError as error:
            if taken.age_seconds >= UNKNOWN_SECONDS and _is_out_of_reach(connection, error):
                await self._void(taken, f"{connection.id} is not connected any more. {error.message}")
                return
            await db.in_transaction(partial(charges.note_error, charge_id=taken.id, error=error.message), writes=True)
            raise
        await self._note(taken, answered)

    async def _ask(self, rail: CardRail, taken: ChargeView, marks: Marks) -> Answered:
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX):
                return await self._call(rail, taken, marks)
        except TimeoutError:
            raise Unavailable(f"{rail.name} did not answer within {CALL_SECONDS_MAX} s.") from None

    async def _call(self, rail: CardRail, taken: ChargeView, marks: Marks) -> Answered:
        """Asks for the charge, or what became of it: nothing is asked for again that the rail may know of."""
        if taken.payment_ref is not None:
            is_over = taken.outcome is ChargeOutcome.WAITS and taken.is_unwanted
            return await (rail.cancel(taken.payment_ref) if is_over else rail.read_charge(taken.payment_ref))
        if taken.calls > 1:
            found = await rail.find_charge(taken.customer_ref, taken.id)
            seen = await self._see(taken, found)
            if found.charge is not None:
                return found
            if charges.is_forgotten(seen):
                await self._void(taken, f"{rail.name} knows of no such payment, and never will.")
                return Answered(None)
        order = ChargeOrder(marks, taken.customer_ref, taken.card_ref, CURRENCY, taken.description)
        return await rail.charge(order)

    async def _see(self, taken: ChargeView, answered: Answered) -> int | None:
        ref = None if answered.charge is None else answered.charge.payment_ref
        note = partial(charges.note_seen, charge_id=taken.id, payment_ref=ref, rail_at=answered.at)
        return await db.in_transaction(note, writes=True)

    async def _note(self, taken: ChargeView, answered: Answered) -> None:
        charge = answered.charge
        if charge is None:
            return
        await self._see(taken, answered)
        log.info("card_charge", charge=taken.id, payment=charge.payment_ref, step=charge.state)
        match charge.state:
            case ChargeState.PAID:
                await self.door.receive(taken.connection_id, EVENT + charge.payment_ref, charge.payment_ref)
            case ChargeState.NEEDS_OWNER:
                note = partial(charges.needs_owner, charge_id=taken.id, payment_ref=charge.payment_ref)
                await db.in_transaction(note, writes=True)
            case ChargeState.DECLINED:
                await db.in_transaction(partial(_decline, charge_id=taken.id, charge=charge), writes=True)
            case ChargeState.CANCELLED:
                await db.in_transaction(partial(charges.cancel, charge_id=taken.id), writes=True)
            case ChargeState.PENDING:
                pass  # it is asked about again when its pause has passed

    async def _give_up(self, taken: ChargeView, missing: ObjectMissing) -> None:
        """Ends a charge whose card, or payment, the rail does not know: nothing was charged."""
        is_of_card = missing.param in _OF_CARD and taken.payment_ref is None

        def end(session: Session) -> None:
            charges.void(session, taken.id, missing.message)
            if is_of_card:
                _forget_card(session, taken.id)

        if not is_of_card:
            await db.in_transaction(partial(charges.note_error, charge_id=taken.id, error=missing.message), writes=True)
            raise missing
        await db.in_transaction(end, writes=True)
        log.warning("card_charge", charge=taken.id, step="card_missing", error=missing.message)

    async def _void(self, taken: ChargeView, error: str) -> None:
        await db.in_transaction(partial(charges.void, charge_id=taken.id, error=error), writes=True)
        log.warning("card_charge", charge=taken.id, step="void", error=error)


def _is_out_of_reach(connection: Connection, error: CoinslotError) -> bool:
    """Tells whether nobody will ever say what became of a charge: its account takes nothing new, and its key is
    refused or was deleted. A wallet does not wait for that; money that comes all the same is credited."""
    return not connection.is_open and (isinstance(error, KeyRefused) or not connection.is_reachable)


def _marked(session: Session, taken: ChargeView) -> tuple[Connection, Marks]:
    marks = Marks(
        instance=instance.read_id(session), topup_id=taken.id, account_id=taken.account.id,
        paid_cents=taken.paid_cents, credited_nanos=taken.credited_nanos, kind=taken.kind, month=taken.month or "",
        n=taken.n or 0,
    )  # fmt: skip
    return read_connection(session, taken.connection_id), marks


def _decline(session: Session, charge_id: str, charge: Charge) -> None:
    said = charge.decline
    code = "card_declined" if said is None else said.code
    decline_code, advice_code = (None, None) if said is None else (said.decline_code, said.advice_code)
    was_open = session.get_one(CardCharge, charge_id).outcome in (ChargeOutcome.OPEN, ChargeOutcome.WAITS)
    bumps = charges.decline(session, charge_id, code, decline_code, advice_code)
    if was_open:
        _tell_failed(session, charge_id, code)
    apply_all(session, bumps)


def _tell_failed(session: Session, charge_id: str, code: str) -> None:
    told = sums.read_told(session, charge_id)
    if told is not None and told.kind is TopupKind.AUTO:
        data = {"amount": format_decimal(told.cents * CENT_NANOS), "currency": Unit.USD.value, "errorCode": code}
        tell(session, told.use.paywall_id, told.use.user, catalogue.AUTO_TOPUP_FAILED, charge_id, data)


def _forget_card(session: Session, charge_id: str) -> None:
    card = session.get_one(Card, session.get_one(CardCharge, charge_id).card_id)
    apply_all(session, cards.remove(session, card, session.get_one(Customer, card.customer_id)))

"""A person's cards and the automatic top-up of a wallet of their own: what the page shows, and what they switch.

The page and whatever charges read the same rows. The sentence under the switch (`State`) is made of one read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.authorizations.caps import month_of
from app.domain.cards import auto_topup, cards, sums
from app.domain.cards.auto_topup import Consent
from app.domain.cards.rules import (
    Answer,
    State,
    Terms,
    check_terms,
    consent_text,
    may_charge_unattended,
    state_of,
)
from app.domain.cards.tables import AutoTopup, Card, CardCharge, ChargeOutcome, Customer, OffReason, Switch
from app.domain.errors import NotFound, Refused
from app.domain.inbox.connections import may_fund, read_connection
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_all
from app.domain.money import Environment, Unit
from app.domain.people.sessions import Person
from app.domain.topups.surcharge import NO_SURCHARGE, Surcharge
from app.domain.topups.tables import Topup, TopupKind
from app.domain.wallets.shared import is_frozen, open_shared_wallet, read_shared_balance, shared_account
from app.flows.cards.auto_topup import AutoTopups
from app.sql.columns import table_of

SHOWN_CHARGES = 5


@dataclass(frozen=True, slots=True)
class CardView:
    """A saved card as its owner sees it. `may_be_unattended` is False where banks let no card be charged by itself."""

    id: str
    brand: str
    last_four: str
    expiry_month: int
    expiry_year: int
    is_default: bool
    is_for_auto_topup: bool
    may_be_unattended: bool

    @property
    def name(self) -> str:
        """What it is called in a sentence: `Visa ···4242`."""
        return f"{self.brand.title()} ···{self.last_four}"


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """One automatic charge: `at` (microseconds) is when it was claimed, `topup_id` leads to its receipt.

    `credited_nanos` are of the wallet's unit, and come once it is paid.
    """

    topup_id: str
    at: int
    paid_cents: int
    credited_nanos: int
    outcome: ChargeOutcome


@dataclass(frozen=True, slots=True)
class AutoTopupView:
    """Automatic top-up as its owner sees it, with all that its one sentence needs.

    `state` is which of six sentences it is; `terms` and `card` are None where it never was switched on. `month_cents`
    of `terms.cap_cents` are used in `month` (`2026-11`, UTC). `is_below`: the balance is below the threshold already,
    so that the next request adds money. WAITING: `confirm_topup_id` is what the bank wants confirmed, None where three
    charges came within a day. PAUSED: `declined_at` and `next_at` (microseconds). OFF: `off_reason`.
    """

    state: State
    terms: Terms | None
    card: CardView | None
    month: str
    month_cents: int
    is_below: bool
    is_in_flight: bool
    confirm_topup_id: str | None
    declined_at: int | None
    next_at: int | None
    off_reason: OffReason | None


@dataclass(frozen=True, slots=True)
class CardSettings:
    """All that a person's page of cards shows for one environment. `balance_nanos` is of `unit`."""

    environment: Environment
    unit: Unit
    balance_nanos: int
    is_frozen: bool
    cards: Sequence[CardView]
    auto: AutoTopupView
    charges: Sequence[ChargeRow]


def read_settings(
    session: Session, person: Person, environment: Environment, connection_id: str,
    surcharge: Surcharge = NO_SURCHARGE, unit: Unit = Unit.USDC,
) -> CardSettings:  # fmt: skip
    """Returns a person's saved cards at a connection, their automatic top-up and its last charges, in one read.

    `surcharge` is what a charge costs beside now. It works for empty and frozen wallets, and for somebody who never
    saved a card.
    """
    wallet = shared_account(person.account_id, environment, unit)
    row = auto_topup.find(session, wallet.owner)
    terms = None if row is None else auto_topup.terms_now(row, surcharge)
    balance = read_shared_balance(session, wallet).posted_nanos
    saved = cards.list_of_person(session, person.account_id, connection_id)
    default = _default_of(session, saved)
    views = [_card_view(card, default, row) for card in saved]
    return CardSettings(
        environment=environment, unit=wallet.unit, balance_nanos=balance,
        is_frozen=is_frozen(session, wallet.owner), cards=views,
        auto=_auto_view(session, wallet.owner, row, terms, balance, default),
        charges=_last_charges(session, wallet.owner),
    )  # fmt: skip


def _default_of(session: Session, saved: Sequence[Card]) -> str | None:
    return session.get_one(Customer, saved[0].customer_id).default_card_id if saved else None


def _card_view(card: Card, default: str | None, row: AutoTopup | None) -> CardView:
    return CardView(
        id=card.id, brand=card.brand, last_four=card.last_four, expiry_month=card.expiry_month,
        expiry_year=card.expiry_year, is_default=card.id == default,
        is_for_auto_topup=row is not None and row.card_id == card.id and row.switch is not Switch.OFF,
        may_be_unattended=may_charge_unattended(card.country),
    )  # fmt: skip


def _auto_view(
    session: Session, wallet_id: str, row: AutoTopup | None, terms: Terms | None, balance: int,
    default: str | None,
) -> AutoTopupView:  # fmt: skip
    month = month_of(clock.now())
    used = sums.month_cents(session, wallet_id, month)
    in_flight = sums.find_in_flight(session, wallet_id)
    is_waiting = in_flight is not None and in_flight.outcome is ChargeOutcome.WAITS
    card = None if row is None else session.get(Card, row.card_id)
    switch, reason = (None, None) if row is None else (row.switch, row.off_reason)
    return AutoTopupView(
        state=state_of(switch, reason, is_waiting=is_waiting, month_cents=used, terms=terms),
        terms=terms,
        card=None if card is None else _card_view(card, default, row),
        month=month,
        month_cents=used,
        is_below=row is not None and balance < row.threshold_nanos,
        is_in_flight=in_flight is not None and not is_waiting,
        confirm_topup_id=in_flight.id if in_flight is not None and is_waiting else None,
        declined_at=None if row is None else row.declined_at,
        next_at=None if row is None else row.next_at,
        off_reason=reason,
    )  # fmt: skip


def _last_charges(session: Session, wallet_id: str) -> Sequence[ChargeRow]:
    topups, rows = table_of(Topup), table_of(CardCharge)
    found = (
        select(topups.c.id, topups.c.created_at, topups.c.paid_cents, topups.c.credited_nanos, rows.c.outcome)
        .join(rows, rows.c.id == topups.c.id)
        .where(topups.c.wallet_id == wallet_id, topups.c.kind == TopupKind.AUTO)
        .order_by(topups.c.created_at.desc())
        .limit(SHOWN_CHARGES)
    )
    return [ChargeRow(*row) for row in session.execute(found)]


def consent_of(merchant: str, terms: Terms, unit: Unit) -> str:
    """Returns the words that `switch_on` keeps as agreed to. Raises BadField for terms that cannot be."""
    check_terms(terms, unit)
    return consent_text(merchant, terms, unit)


async def switch_on(
    person: Person, environment: Environment, card_id: str, terms: Terms, consent: Consent, merchant: str, *,
    unit: Unit = Unit.USDC,
) -> None:  # fmt: skip
    """Switches automatic top-up on, or changes it, with a consent that was just given; nothing is charged by that.

    `consent.text` is what the page showed. Raises BadField for terms that cannot be, Refused where what was shown is
    not what the terms mean, for a frozen wallet, for a card that may not be charged by itself; NotFound for the card.
    """

    def switch(session: Session) -> None:
        wallet = open_shared_wallet(session, person.account_id, environment, unit)
        if consent.text != consent_of(merchant, terms, wallet.unit):
            raise Refused("What you agreed to has changed meanwhile. Read it again.")
        if is_frozen(session, wallet.owner):
            raise Refused("This wallet is frozen; nothing is charged for it.")
        card, customer = cards.read_own(session, person.account_id, card_id)
        _check_pays(session, customer, wallet)
        _check_unattended(card)
        apply_all(session, [auto_topup.switch_on(session, wallet, person.account_id, card.id, terms, consent)])

    await db.in_transaction(switch, writes=True)


async def change_terms(person: Person, environment: Environment, terms: Terms, unit: Unit = Unit.USDC) -> bool:
    """Changes automatic top-up to terms that allow no more; False where the consent must be given again first.

    Raises BadField, NotFound where it is off.
    """

    def change(session: Session) -> bool:
        row = _own(session, shared_account(person.account_id, environment, unit))
        check_terms(terms, unit)
        if terms.raises(auto_topup.terms_of(row)):
            return False
        apply_all(session, [auto_topup.lower(session, row, terms)])
        return True

    return await db.in_transaction(change, writes=True)


async def use_card(person: Person, environment: Environment, card_id: str, unit: Unit = Unit.USDC) -> None:
    """Lets automatic top-up charge another card, which lets it go on where a bank's no stopped it.

    Raises NotFound, Refused for a card that may not be charged by itself.
    """

    def use(session: Session) -> None:
        wallet = shared_account(person.account_id, environment, unit)
        row = auto_topup.find(session, wallet.owner, is_locked=True)
        if row is None:
            raise NotFound("Automatic top-up was never switched on.")
        card, customer = cards.read_own(session, person.account_id, card_id)
        _check_pays(session, customer, wallet)
        _check_unattended(card)
        before = session.get_one(Card, row.card_id).fingerprint
        apply_all(session, auto_topup.use_card(session, row, card, before))

    await db.in_transaction(use, writes=True)


async def switch_off(person: Person, environment: Environment, unit: Unit = Unit.USDC) -> None:
    """Switches automatic top-up off; off already, it stays so. What was claimed already goes on."""
    wallet_id = shared_account(person.account_id, environment, unit).owner
    await db.in_transaction(partial(_switch_off, wallet_id=wallet_id), writes=True)


def _switch_off(session: Session, wallet_id: str) -> None:
    apply_all(session, auto_topup.switch_off(session, wallet_id, OffReason.BY_OWNER))


async def try_now(topups: AutoTopups, person: Person, environment: Environment, unit: Unit = Unit.USDC) -> Answer:
    """Lets automatic top-up go on at its owner's click: after three charges in a day, or before a bank's pause ends.

    Returns what the look came to; a charge is carried out before. Cap and attempts still hold.
    """
    wallet_id = shared_account(person.account_id, environment, unit).owner
    return (await topups.fill(wallet_id, is_clicked=True)).answer


def _own(session: Session, wallet: Account) -> AutoTopup:
    row = auto_topup.find(session, wallet.owner, is_locked=True)
    if row is None or row.switch is Switch.OFF:
        raise NotFound("Automatic top-up is off.")
    return row


def _check_pays(session: Session, customer: Customer, wallet: Account) -> None:
    """Raises Refused for a card of an account that takes nothing new, or nothing for this wallet."""
    connection = read_connection(session, customer.connection_id)
    if not connection.is_open or not may_fund(session, connection, wallet):
        raise Refused("This card cannot pay into this wallet.")


def _check_unattended(card: Card) -> None:
    if not may_charge_unattended(card.country):
        raise Refused("Banks in this card's country do not let it be charged by itself. You can still pay with it.")

"""Saved cards for tests: an account at a rail that keeps and charges them, and people who let themselves be charged."""

import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.cards import auto_topup, cards, charges
from app.domain.cards.auto_topup import Consent
from app.domain.cards.cards import CardFacts
from app.domain.cards.rules import Cents, Terms
from app.domain.cards.tables import AutoTopup, Card, CardCharge, ChargeOutcome, Switch
from app.domain.errors import Unavailable
from app.domain.ids import new_id
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_all, apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import NANOS, Environment
from app.domain.people.sessions import Person
from app.domain.people.tables import PersonAccount
from app.domain.topups.tables import Topup, TopupKind
from app.domain.wallets.shared import open_shared_wallet, read_shared_balance, shared_account
from app.domain.wallets.trial import INSTANCE
from app.flows.cards.auto_topup import AutoTopups
from app.flows.cards.cards import CardTaker
from app.flows.cards.charging import Charging
from app.flows.cards.mails import CardMails
from app.flows.payments.received import PaymentDoor
from app.flows.payments.refund import Refunds
from app.keeper import Keeper
from app.ports.cards import Answered, CardOrder, Charge, ChargeOrder, ChargeState, NewCustomer, SavedCard
from app.ports.payments import Checkout, PaymentStatus
from app.ports.rail_errors import Decline, ObjectMissing
from app.wiring.adapters import CardsByConnection, RailsByConnection
from tests.support.handed import desk
from tests.support.paying import Bank

SANDBOX = Environment.SANDBOX
BASE_URL = "https://coins.example"
TERMS = Terms(5 * NANOS, 2_000, 10_000)
"""Below 5.00, $20.00, at most $100.00 in a month."""
STOLEN = Decline("card_declined", "stolen_card", "do_not_try_again")
GENERIC = Decline("card_declined", "generic_decline", "try_again_later")
NO_MORE_WORK = 50
KEY_SECONDS = 24 * 3_600


class CardBank(Bank):
    """An account that keeps cards. A card does what `behaves` says: pay, be declined, or ask for its owner.

    `loses` answers after it did what was asked; `faults` are raised before anything is done. It forgets a key after 24
    hours of the tests' clock, and charges again then, as Stripe does.
    """

    def __init__(self, connection_id: str) -> None:
        super().__init__(connection_id)
        self.behaves: dict[str, ChargeState | Decline] = {}
        self.customers: dict[str, str] = {}
        self.made: dict[str, Charge] = {}
        self.of_topup: dict[str, list[str]] = {}
        self.keys: dict[str, tuple[int, ChargeOrder, str]] = {}
        self.orders: list[ChargeOrder] = []
        self.loses = 0
        self.gone: set[str] = set()

    async def create_customer(self, customer: NewCustomer) -> str:
        await self._call()
        return self.customers.setdefault(customer.id, f"cus_{customer.id}")

    async def begin_saving(self, order: CardOrder) -> Checkout:
        await self._call()
        return Checkout(f"cs_{order.id}", f"https://bank.example/{order.id}?back={order.return_url}")

    async def read_saved(self, object_ref: str) -> SavedCard:
        await self._call()
        customer_ref, _, name = object_ref.removeprefix("pm:").partition(":")
        if not object_ref.startswith("pm:"):
            raise ObjectMissing(f"There is no card {object_ref}.")
        facts = facts_of(name.partition("#")[0], ref=object_ref)  # the same card, saved again, is `4242#2`
        return SavedCard(None if object_ref in self.gone else customer_ref, facts)

    async def remove(self, card_ref: str) -> None:
        await self._call()
        self.gone.add(card_ref)

    async def charge(self, order: ChargeOrder) -> Answered:
        await self._call()
        if order.card_ref in self.gone:
            raise ObjectMissing("There is no such card.", "payment_method")
        self.orders.append(order)
        known = self.keys.get(order.marks.topup_id)
        if known is not None and clock.now() - known[0] < KEY_SECONDS * clock.SECOND:
            assert known[1] == order, "a repeated charge must be the same to the byte"
            return self._answer(known[2])
        ref = f"pi_{len(self.made)}"
        self.keys[order.marks.topup_id] = (clock.now(), order, ref)
        self.of_topup.setdefault(order.marks.topup_id, []).append(ref)
        does = self.behaves.get(order.card_ref, ChargeState.PAID)
        charge = Charge(ref, ChargeState.DECLINED, does) if isinstance(does, Decline) else Charge(ref, does)
        self.made[ref] = charge
        is_paid = charge.state is ChargeState.PAID
        self.pay(ref, order.marks, status=PaymentStatus.PAID if is_paid else PaymentStatus.UNPAID)
        if self.loses:
            self.loses -= 1
            raise Unavailable("The answer was lost.")
        return self._answer(ref)

    async def find_charge(self, customer_ref: str, topup_id: str) -> Answered:
        await self._call()
        refs = self.of_topup.get(topup_id, [])
        return self._answer(refs[-1]) if refs else Answered(None, clock.now())

    async def read_charge(self, payment_ref: str) -> Answered:
        await self._call()
        return self._answer(payment_ref)

    async def confirm(self, payment_ref: str, card_ref: str, return_url: str) -> str | Charge:
        await self._call()
        charge = self.made[payment_ref]
        return f"https://bank.example/{payment_ref}" if charge.state is ChargeState.NEEDS_OWNER else charge

    async def cancel(self, payment_ref: str) -> Answered:
        await self._call()
        charge = self.made[payment_ref]
        if charge.state is ChargeState.NEEDS_OWNER:
            self.made[payment_ref] = replace(charge, state=ChargeState.CANCELLED)
        return self._answer(payment_ref)

    def confirmed(self, payment_ref: str, outcome: ChargeState | Decline = ChargeState.PAID) -> None:
        """Lets the owner of a card confirm a charge at their bank, which then says yes or no."""
        if isinstance(outcome, Decline):
            self.made[payment_ref] = Charge(payment_ref, ChargeState.DECLINED, outcome)
            return
        self.made[payment_ref] = Charge(payment_ref, outcome)
        self.payments[payment_ref] = replace(self.payments[payment_ref], status=PaymentStatus.PAID)

    def _answer(self, ref: str) -> Answered:
        return Answered(self.made[ref], clock.now())

    @property
    def paid(self) -> list[str]:
        """The charges that moved money."""
        return [ref for ref, charge in self.made.items() if charge.state is ChargeState.PAID]


def facts_of(name: str, **changed: Any) -> CardFacts:
    """Returns a card; its name is its fingerprint, and its last four where it is long enough."""
    facts = CardFacts(ref=f"pm_{name}", fingerprint=name, brand="visa", last_four=name[-4:].rjust(4, "0"),
                      expiry_month=4, expiry_year=2029, country="US")  # fmt: skip
    return replace(facts, **changed)


def make_person(email: str = "ada@example.org") -> Person:
    """Makes an account, and whoever is signed in to it."""
    account_id = new_id("acc")
    with db.transaction() as session:
        session.add(PersonAccount(id=account_id, name="Ada", email=email, created_at=clock.now()))
    return Person(account_id, "ses_1", "Ada", email, email, "10.0.0.1")


def save_card(bank_or_id: CardBank | str, person: Person, name: str = "4242", **changed: Any) -> Card:
    """Saves a card as an account that knows the person has it."""
    connection_id = bank_or_id if isinstance(bank_or_id, str) else bank_or_id.connection_id
    with db.transaction() as session:
        customer = cards.open_customer(session, connection_id, person.account_id)
        ref = cards.note_customer_ref(session, customer.id, f"cus_{customer.id}")
        return cards.save(session, customer, facts_of(name, ref=f"pm:{ref}:{name}", **changed))


def switch_on(person: Person, card: Card, terms: Terms = TERMS) -> Account:
    """Switches a person's automatic top-up on."""
    with db.transaction() as session:
        wallet = open_shared_wallet(session, person.account_id, SANDBOX)
        bump = auto_topup.switch_on(
            session, wallet, person.account_id, card.id, terms, Consent("I allow it.", "10.0.0.1")
        )
        apply_one(session, bump)
        return wallet


def topups_of(*banks: CardBank, mailer: KeptMailer | None = None) -> AutoTopups:
    """Returns what looks after wallets in a process that reaches these accounts."""
    return AutoTopups(charging_of(*banks, mailer=mailer), mails(mailer), Keeper(), BASE_URL)


def mails(mailer: KeptMailer | None = None) -> CardMails:
    return CardMails(desk(mailer or KeptMailer(clock.now)), BASE_URL)


def charging_of(*banks: CardBank, mailer: KeptMailer | None = None) -> Charging:
    """Returns what carries charges out in a process that reaches these accounts."""
    rails, operators, of_cards = (
        RailsByConnection(*banks),
        desk(mailer or KeptMailer(clock.now)),
        CardsByConnection(*banks),
    )
    taker = {ObjectKind.CARD: CardTaker(of_cards)}
    return Charging(of_cards, PaymentDoor(rails, Refunds(rails, operators), operators, taker))


def row(wallet: Account) -> AutoTopup:
    with db.transaction(writes=False) as session:
        return session.get_one(AutoTopup, wallet.owner)


def switch(wallet: Account) -> tuple[Switch, str | None]:
    """Returns what a wallet's automatic top-up does, and why it is off."""
    found = row(wallet)
    return found.switch, found.off_reason


def card_row(card: Card) -> Card:
    with db.transaction(writes=False) as session:
        return session.get_one(Card, card.id)


def outcomes(wallet: Account) -> list[ChargeOutcome]:
    """Returns what became of a wallet's charges, the oldest first."""
    with db.transaction(writes=False) as session:
        found = select(CardCharge).join(Topup, Topup.id == CardCharge.id).where(Topup.wallet_id == wallet.owner)  # type: ignore[arg-type]
        return [row.outcome for row in session.scalars(found.order_by(Topup.created_at))]  # type: ignore[arg-type]


def charge_ids(wallet: Account, kind: TopupKind = TopupKind.AUTO) -> list[str]:
    """Returns a wallet's charges, the oldest first."""
    with db.transaction(writes=False) as session:
        found = select(Topup).where(Topup.wallet_id == wallet.owner, Topup.kind == kind)  # type: ignore[arg-type]
        return [row.id for row in session.scalars(found.order_by(Topup.created_at))]  # type: ignore[arg-type]


def balance(person: Person) -> int:
    """Returns what a person's wallet has, in cents of its unit."""
    with db.transaction(writes=False) as session:
        return read_shared_balance(session, shared_account(person.account_id, SANDBOX)).posted_nanos * 100 // NANOS


def spend_all(person: Person) -> None:
    """Takes everything out of a wallet, its trial money too, as charges of apps do."""
    spend_all_but(person, 0)


def spend_all_but(person: Person, left_nanos: int) -> None:
    """Takes what is more than something out of a wallet; trial money too where nothing is to be left."""
    with db.transaction() as session:
        wallet = shared_account(person.account_id, SANDBOX)
        found, spent = read_shared_balance(session, wallet), wallet.beside(Kind.WORLD, "spent")
        granted, own = (0 if left_nanos else found.trial_nanos), found.posted_nanos - found.trial_nanos - left_nanos
        parts = ((wallet.promo, wallet.beside(Kind.GRANTS, INSTANCE), granted), (wallet, spent, own))
        gone = tuple(Transfer(debit, credit, nanos, "charge") for debit, credit, nanos in parts if nanos)
        if gone:
            apply_one(session, Post(f"spent:{new_id('x')}", gone))


def claim(wallet: Account, card: Card, cents: int = 2_000, kind: TopupKind = TopupKind.AUTO) -> str:
    """Claims a charge, and returns its id."""
    with db.transaction() as session:
        return charges.claim(session, wallet, session.get_one(Card, card.id), Cents(cents), kind)


def decline(charge_id: str, said: Decline = GENERIC) -> None:
    with db.transaction() as session:
        apply_all(session, charges.decline(session, charge_id, said.code, said.decline_code, said.advice_code))


def run(work: Any) -> Any:
    return asyncio.run(work)

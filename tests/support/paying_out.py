"""Paywalls in shared mode with available earnings, payouts of them, and what became of those."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import select

from app import db
from app.domain.alerts.tables import KeptMail
from app.domain.earnings.earnings import Earnings, pending_account, read_earnings
from app.domain.ids import new_id
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.folding import read_balance
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment
from app.domain.payouts import requests, withdrawals
from app.domain.payouts.requests import Asked
from app.domain.payouts.rules import PayoutRules, nanos_of, units_of
from app.domain.payouts.tables import Payout, PayoutKind, PayoutStatus
from app.domain.payouts.withdrawals import Withdrawal
from app.domain.paywalls.modes import Mode
from app.domain.people.sessions import Person
from app.domain.transactions.world import world_of
from app.domain.wallets import lots
from app.domain.wallets.trial import INSTANCE
from app.flows.events.mails import Desk
from app.flows.settlement.payouts import ChainPayouts
from app.flows.settlement.sending import Pace
from app.ports.mail import Mail
from app.sql.columns import table_of
from tests.support import books
from tests.support.scripted_chain import KEYS, Cut, ToyChain
from tests.support.taking_back import someone

CHAIN = 31_337
RULES = PayoutRules()
ONE = 1_000_000


class Mails:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.sent.append(mail)


class Dies(Mails):
    """A mailer in whose hands the process dies."""

    async def send(self, mail: Mail) -> None:
        raise Cut(mail.subject)


def kept_mails() -> list[tuple[str, str]]:
    """Returns to whom stored mails are that were not sent, and their subjects, the oldest first."""
    with db.transaction(writes=False) as session:
        waiting = session.scalars(select(KeptMail).order_by(table_of(KeptMail).c.id)).all()
        return [(mail.address, mail.subject) for mail in waiting if mail.sent_at is None]


def make_earner(units: int) -> str:
    """Makes a paywall in shared mode with so much available, paid in by the chain; returns its id."""
    with db.transaction() as session:
        paywall_id = books.make_paywall(session, {"demo-mini": books.PRICE}, mode=Mode.SHARED)
    earn(paywall_id, units)
    return paywall_id


def earn(paywall_id: str, units: int, *, by_operator: bool = False) -> None:
    """Makes so much available to a paywall, paid in by the chain, or by what the operator has there already."""
    available = pending_account(Environment.SANDBOX, paywall_id).beside(Kind.EARNINGS, paywall_id)
    world = world_of(Environment.SANDBOX, CHAIN)
    payer = world.beside(Kind.OPERATOR_CAPITAL, INSTANCE) if by_operator else world
    with db.transaction() as session:
        moved = Transfer(payer, available, nanos_of(units), "earnings_available")
        apply_one(session, Post(f"earned:{new_id('t')}", (moved,)))


def make_saver(units: int, card_units: int = 0, email: str = "ada@example.org") -> tuple[Person, Account]:
    """Returns somebody and their shared wallet, with so much paid in by the chain, and by card."""
    person, wallet = someone(email)
    pay_in(wallet, units)
    pay_in(wallet, card_units, by_card=True)
    return person, wallet


def pay_in(wallet: Account, units: int, *, by_card: bool = False) -> None:
    """Pays so much into a shared wallet; what a card pays is at its rail."""
    payer = wallet.beside(Kind.WORLD, "x") if by_card else world_of(Environment.SANDBOX, CHAIN)
    kind, type_ = ("topup", "topup") if by_card else ("deposit", "deposit")
    move(Transfer(payer, wallet, nanos_of(units), type_), kind)


def spend(wallet: Account, units: int) -> None:
    """Lets an app charge a shared wallet so much."""
    move(Transfer(wallet, wallet.beside(Kind.PROVIDER_PAYABLE, "built-in"), nanos_of(units), "charge"), "chg")


def move(moved: Transfer, kind: str) -> None:
    """Posts a transfer, if it moves anything."""
    if moved.amount:
        with db.transaction() as session:
            apply_one(session, Post(f"{kind}:{new_id('t')}", (moved,)))


def withdraw(
    person: Person, units: int | None, address: str, click: str | None = None, rules: PayoutRules = RULES,
    kind: PayoutKind = PayoutKind.WITHDRAWAL,
) -> Payout:  # fmt: skip
    """Asks for a withdrawal."""
    asked = Withdrawal(person.account_id, Environment.SANDBOX, CHAIN, address, click or new_id("c"), units, kind)
    with db.transaction() as session:
        return withdrawals.request(session, rules, asked)[0]


def unspent(wallet: Account) -> int:
    """Returns how many units a page says can be withdrawn, with the wallet's lots brought up to now."""
    with db.transaction() as session:
        lots.bring_up(session, wallet, lots.lock(session, wallet.owner))
        return units_of(withdrawals.read_unspent(session, wallet).nanos)


def owe(paywall_id: str | None, units: int) -> None:
    """Lets a paywall owe so much."""
    assert paywall_id is not None
    shortfall = pending_account(Environment.SANDBOX, paywall_id).beside(Kind.SHORTFALL, paywall_id)
    owed = shortfall.beside(Kind.PROVIDER_PAYABLE, "built-in")
    with db.transaction() as session:
        apply_one(session, Post(f"owed:{new_id('t')}", (Transfer(shortfall, owed, nanos_of(units), "shortfall"),)))


def ask(
    paywall_id: str, units: int | None, address: str, click: str | None = None, rules: PayoutRules = RULES
) -> Payout:
    """Asks for a payout."""
    with db.transaction() as session:
        return requests.request(
            session, rules, Asked(paywall_id, CHAIN, address, "acc_1", click or new_id("c"), units)
        )[0]


def ask_many(count: int, units: int = 5 * ONE) -> Sequence[Payout]:
    """Asks for payouts of so many paywalls, each of a unit more, to an address of its own."""
    return [
        ask(make_earner(units + n), None, f"0xPayee{n}", rules=PayoutRules(day_units_max=10**12)) for n in range(count)
    ]


def find(payout_id: str) -> Payout:
    """Returns a payout as it is stored."""
    with db.transaction(writes=False) as session:
        return session.get_one(Payout, payout_id)


def statuses() -> list[PayoutStatus]:
    """Returns how far each payout is, the oldest first."""
    with db.transaction(writes=False) as session:
        return [one.status for one in session.scalars(select(Payout).order_by(Payout.id))]


def earned(paywall_id: str | None) -> Earnings:
    """Returns the earnings of a paywall."""
    assert paywall_id is not None
    with db.transaction(writes=False) as session:
        return read_earnings(session, Environment.SANDBOX, paywall_id)


def in_transit(payout: Payout) -> int:
    """Returns the nanos that stand on a payout's transit account."""
    with db.transaction(writes=False) as session:
        return read_balance(session, requests.transit_of(payout))


def rail_of(chain: ToyChain, mails: Mails | None = None, pace: Pace | None = None) -> ChainPayouts:
    """Returns the rail of a chain, whose operator reads `mails`."""
    desk = Desk(mails or Mails(), frozenset({"operator@example.com"}))
    return ChainPayouts(chain, KEYS, desk, pace or Pace(again_seconds=0, replace_seconds=3_600))


def tick(rail: ChainPayouts) -> int:
    """Lets a rail go on once."""
    return asyncio.run(rail.go_on())


def run(rail: ChainPayouts, chain: ToyChain, ticks: int = 6) -> None:
    """Lets a rail go on so often, with three blocks behind each."""
    for _ in range(ticks):
        tick(rail)
        chain.mine(3)


def assert_paid_once(chain: ToyChain, payouts: Sequence[Payout]) -> None:
    """Fails unless each recipient has exactly what they asked for, once, and ledger and chain say so alike."""
    for payout in payouts:
        stored = find(payout.id)
        assert stored.status is PayoutStatus.PAID, stored
        assert chain.paid(payout.address) == [payout.units]
        assert in_transit(payout) == 0
    books.assert_books_balance()

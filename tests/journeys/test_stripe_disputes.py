"""Disputes at Stripe from the bank's first question to its last word: signed, repeated, out of order, to the cent."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.errors import Refused
from app.domain.inbox.connections import Connection
from app.domain.ledger.accounts import Account, Kind
from app.domain.paywalls.modes import Mode
from app.domain.people.sessions import Person
from app.domain.wallets.freezes import list_freezes
from app.flows.callers.snapshot import Snapshot
from app.flows.disputes.debts import thaw_wallet
from app.ports.payments import Marks
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import open_events, world_cents
from tests.support.stripe_bank import StripeBank, StripeShop
from tests.support.stripe_shop import Ears, connect, ears, keep_secret, order, signed
from tests.support.taking_back import begin_shared, cents_of, charge, of_paywall, someone, spends

pytestmark = pytest.mark.plain_sql

SECRET = "whsec_1"
TOLD = ("charge.dispute.", "refund.", "radar.early_fraud_warning.", "checkout.session.", "payment_intent.succeeded")
WARNING_CENTS_MAX = 2_000
ROUNDS_MAX = 5


@dataclass
class Shop:
    """Somebody's shared wallet, an app that charges it, and the operator's account at Stripe, which is heard."""

    shop: StripeShop
    process: Ears
    connection: Connection
    mailer: KeptMailer
    person: Person
    wallet: Account
    app: Snapshot
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    seen: int = 0

    async def pays(self, cents: int, number: str = "4242424242424242") -> str:
        """Lets the person pay a checkout; returns the payment."""
        marks: Marks = begin_shared(self.wallet, self.connection.id, cents)
        made = await self.process.rails.reach(self.connection).create_checkout(order(marks))
        self.shop.pay(made.id, number)
        self.shop.bank.advance(5)  # what it was booked as is known some seconds later
        await self.hear()
        return str(self.shop.look("payment_intent")[-1]["id"])

    async def hear(self) -> None:
        """Delivers all that the account ever told of, three times each, in any order, and ends what waits for that."""
        heard = [one for one in self.shop.look("event") if one["type"].startswith(TOLD)] * 3
        self.dice.shuffle(heard)
        for one in heard:
            await self.process.ear.hear(self.connection.id, *signed(one, SECRET))
        await self.process.keeper.drain(60)
        for _ in range(ROUNDS_MAX):
            await self.run_jobs()
            if not open_events():
                break
        assert_books_balance()
        assert (open_events(), world_cents(self.connection.id)) == (0, self.cents_at_stripe())

    async def run_jobs(self) -> None:
        """Runs the jobs once the pauses of what failed have passed."""
        with db.transaction() as session:
            session.execute(text("UPDATE inbox_event SET next_at = 0 WHERE handled_at IS NULL"))
        await self.process.door.finish_inbox()
        await self.process.door.refunds.send_due()

    def cents_at_stripe(self) -> int:
        """What the account has of our payments, without Stripe's own fees."""
        return sum(one["amount"] for one in self.shop.look("balance_transaction"))

    @property
    def has(self) -> tuple[int, int, list[str]]:
        """What the wallet has, what the app's developer has earned of it and not given back, and why it is frozen."""
        earned = sum(cents_of(of_paywall(self.app, kind)) for kind in (Kind.EARNINGS_PENDING, Kind.SHORTFALL))
        with db.transaction(writes=False) as session:
            return cents_of(self.wallet), earned, [reason for reason, _ in list_freezes(session, self.wallet.owner)]

    def mails(self) -> list[str]:
        """The subjects since the last look, the oldest first."""
        found = [kept.mail.subject for kept in reversed(self.mailer.kept())]
        new, self.seen = found[self.seen :], len(found)
        return new


@pytest.fixture
async def shop(database: str, stripe_bank: StripeBank, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    operators = frozenset({"op@example.org"})
    monkeypatch.setattr("app.settings.Settings.operators", operators)
    account, mailer = stripe_bank.account(), KeptMailer(clock.now)
    process = ears(account, mailer=mailer, operators=operators, warning_cents_max=WARNING_CENTS_MAX)
    connection, (person, wallet) = connect(account), someone()
    keep_secret(connection.id, SECRET)
    with capture_logs():
        await process.ear.read_list(connection.id)
        yield Shop(account, process, connection, mailer, person, wallet, make_snapshot(mode=Mode.SHARED))
        await process.close()


@pytest.mark.unhurried
async def test_from_a_banks_question_to_a_dispute_that_is_won(shop: Shop) -> None:
    payment = await shop.pays(10_000)
    charge(shop.app, spends(shop.app, shop.person), 6_000)
    assert shop.has == (4_000, 5_940, [])
    dispute = shop.shop.bank.do("dispute", payment=payment, inquiry=True)["id"]
    await shop.hear()
    assert (shop.has, shop.mails()) == ((4_000, 5_940, []), ["A payment of $100.00 is asked about"])
    shop.shop.bank.do("end_dispute", dispute=dispute, status="escalated")
    await shop.hear()
    assert shop.has == (-6_000, 0, ["dispute"])
    assert shop.mails() == [
        "A payment of $100.00 is disputed", "Your payment of $100.00 is disputed, and your wallet is frozen",
    ]  # fmt: skip
    shop.shop.bank.do("end_dispute", dispute=dispute, status="won")
    await shop.hear()
    assert shop.has == (4_000, 5_940, [])
    assert shop.mails() == ["A payment of $100.00 came back", "Your payment of $100.00 is back"]


@pytest.mark.unhurried
async def test_a_warning_gives_a_small_payment_back_and_a_lost_dispute_stays_with_its_debt(shop: Shop) -> None:
    warned = await shop.pays(2_000)
    shop.shop.bank.do("warn", payment=warned)
    await shop.hear()
    assert shop.has == (0, 0, ["warning"])
    assert [one["amount"] for one in shop.shop.look("refund")] == [2_000]
    await thaw_wallet(shop.wallet.owner)
    lost = await shop.pays(1_000)
    charge(shop.app, spends(shop.app, shop.person), 400)
    dispute = shop.shop.bank.do("dispute", payment=lost)["id"]
    shop.shop.bank.do("end_dispute", dispute=dispute, status="lost")
    await shop.hear()
    assert shop.has == (-400, 0, ["dispute"])
    assert "A payment of $10.00 was lost to a dispute" in shop.mails()
    with pytest.raises(Refused, match=r"owes 4\.00 USDC"):
        await thaw_wallet(shop.wallet.owner)
    await shop.pays(500)
    await thaw_wallet(shop.wallet.owner)
    assert shop.has == (100, 396, [])
    await shop.hear()
    assert shop.has == (100, 396, [])

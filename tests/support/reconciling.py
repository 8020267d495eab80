"""An operator's connection to an emulated shop with a bookkeeper, and money that moves there and in the ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from app import db
from app.adapters.payments import stripe_client
from app.adapters.payments.stripe import StripeRail
from app.adapters.payments.stripe_account import open_account
from app.adapters.payments.stripe_client import StripeClients
from app.adapters.payments.stripe_marks import written
from app.adapters.payments.stripe_movements import StripeMovementLists
from app.adapters.secret_box import SecretBox
from app.domain.inbox import access, connections
from app.domain.inbox.connections import Connection, key_context
from app.domain.ledger.accounts import Kind, parse
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment, Unit, nanos_of_cents
from app.domain.movements.comparing import Comparison, read_comparison
from app.domain.movements.explaining import Difference, explain
from app.domain.movements.movements import world_of
from app.domain.topups.surcharge import Surcharge
from app.domain.topups.tables import Topup
from app.flows.callers.snapshot import Snapshot
from app.flows.reconciling.movements import Bookkeeper
from app.ports.payments import Marks
from tests.support.books import make_snapshot
from tests.support.paying import begin, door_of
from tests.support.stripe_bank import StripeShop

BOX = SecretBox([b"a secret of tests"])


@dataclass(frozen=True)
class Month:
    """How much of each kind a month has."""

    topups: int
    refunds: int
    disputes: int
    payouts: int


@dataclass(frozen=True)
class Books:
    """A connection, the shop behind it, and who reads what moves there."""

    shop: StripeShop
    connection: Connection
    rail: StripeRail
    keeper: Bookkeeper

    async def pay(
        self, snapshot: Snapshot, user: str, cents: int, surcharge: Surcharge | None = None
    ) -> tuple[Marks, str]:
        """Lets a user pay a top-up; returns its marks and its payment."""
        marks = begin(snapshot, self.connection.id, user, cents)
        if surcharge is not None:
            marks = replace(marks, paid_cents=surcharge.paid_cents(cents))
            with db.transaction() as session:
                session.get_one(Topup, marks.topup_id).paid_cents = marks.paid_cents
        made = self.shop.do("foreign", cents=marks.paid_cents, metadata=written(marks))["payment_intents"][0]
        await door_of(self.rail).receive(self.connection.id, f"evt_{made}", made)
        return marks, made

    async def passes(self, month: Month) -> list[str]:
        """Lets a month pass: top-ups, refunds of which some fail, disputes won and lost, payouts, another app's
        payments.

        Returns the payments of the top-ups, the first of which nothing was taken back of at the end.
        """
        snapshot, bank = make_snapshot(), self.shop.bank
        paid = [await self.pay(snapshot, f"user-{number}", 500 + 37 * number) for number in range(month.topups)]
        bank.advance(4)
        self.shop.do("foreign", count=5, cents=1_234)
        for number, (marks, payment) in enumerate(paid[-month.refunds :]):
            refund = bank.do("refund", payment=payment, cents=200)["id"]
            self.take_back(marks, 1, 200)
            if number % 3 == 0:
                bank.do("end_refund", refund=refund, status="failed")
                self.take_back(marks, 2, -200)
        for number, (marks, payment) in enumerate(paid[-month.refunds - month.disputes : -month.refunds]):
            dispute = bank.do("dispute", payment=payment)["id"]
            self.take_back(marks, 1, marks.paid_cents)
            bank.do("end_dispute", dispute=dispute, status="won" if number % 2 else "lost")
            if number % 2:
                self.take_back(marks, 2, -marks.paid_cents)
        for _ in range(month.payouts):
            self.shop.do("payout", cents=10_000)
        bank.advance(4)
        return [payment for _, payment in paid]

    def take_back(self, marks: Marks, n: int, cents: int) -> None:
        """Posts a refund or a dispute as its event does; below zero it came back."""
        wallet = parse(marks.account_id)
        world, nanos = world_of(self.connection, wallet.unit), nanos_of_cents(abs(cents), wallet.unit)
        debit, credit = (wallet, world) if cents > 0 else (world, wallet)
        with db.transaction() as session:
            apply_one(session, Post(f"takeback:{marks.topup_id}:{n}", (Transfer(debit, credit, nanos, "refund"),)))

    def post_by_hand(self, cents: int, key: str) -> None:
        """Posts what is of no payment."""
        world = world_of(self.connection, Unit.USD)
        fees = world.beside(Kind.OPERATOR_CAPITAL, "instance")
        with db.transaction() as session:
            apply_one(session, Post(key, (Transfer(world, fees, nanos_of_cents(cents, world.unit), "by_hand"),)))

    def compared(self) -> Comparison:
        with db.transaction(writes=False) as session:
            found = read_comparison(session, self.connection)
        assert found is not None
        return found

    def explained(self) -> list[Difference]:
        with db.transaction(writes=False) as session:
            return list(explain(session, self.connection))


@asynccontextmanager
async def reconciling(
    shop: StripeShop, paywall_id: str | None = None, environment: Environment = Environment.SANDBOX
) -> AsyncIterator[Books]:
    """Connects a shop, the operator's or a paywall's own; its calls are not spaced."""
    clients = StripeClients(shop.bank.url)
    with db.transaction() as session:
        made = connections.open_connection(session, "stripe", environment, paywall_id)
        sealed = BOX.seal(shop.keys["rk_test"], key_context(made.id))
        access.keep_key(session, made.id, sealed, account=shop.id, settles_usd=True)
        connection = connections.read_connection(session, made.id)
    account = open_account(clients, BOX, connection)
    lists = StripeMovementLists(lambda one: open_account(clients, BOX, one))
    pace, stripe_client.CALLS_A_SECOND = stripe_client.CALLS_A_SECOND, 10_000
    try:
        yield Books(shop, connection, StripeRail(connection.id, account, "https://coinslot.example"), Bookkeeper(lists))
    finally:
        stripe_client.CALLS_A_SECOND = pace
        await clients.close()

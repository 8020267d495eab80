"""Accounts at a rail for tests: what was paid and given back there, and the door that takes it in."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import select, text

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.errors import NotFound, Unavailable
from app.domain.ids import new_id
from app.domain.inbox import connections
from app.domain.inbox.tables import InboxEvent
from app.domain.instance import instance
from app.domain.money import CENT_NANOS, Environment, nanos_of_cents
from app.domain.refunds.tables import Refund
from app.domain.topups import topups
from app.domain.topups.tables import Topup
from app.domain.topups.topups import NewTopup
from app.domain.wallets.wallets import open_wallet, read_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.payments.received import PaymentDoor
from app.flows.payments.refund import Refunds
from app.ports.payments import Checkout, Marks, Order, Payment, PaymentRail, PaymentStatus, RefundState
from app.wiring.adapters import RailsByConnection
from tests.support.handed import desk

RAIL = "emulated"


class Bank:
    """An account at a rail. `faults` are raised by the next calls, one each; `delay` is how long each call takes."""

    name = RAIL

    def __init__(self, connection_id: str, *, is_live: bool = False) -> None:
        self.connection_id = connection_id
        self.is_live = is_live
        self.payments: dict[str, Payment] = {}
        self.refunds: dict[str, tuple[str, int]] = {}
        self.refund_state = RefundState.SUCCEEDED
        self.faults: list[Exception] = []
        self.calls = 0
        self.delay = 0.0

    async def create_checkout(self, order: Order) -> Checkout:
        return Checkout(f"cs_{order.marks.topup_id}", f"https://pay.example/{order.marks.topup_id}")

    async def end_checkout(self, checkout_id: str) -> bool:
        await self._call()
        return True

    async def read_payment(self, object_id: str) -> Payment:
        await self._call()
        if object_id not in self.payments:
            raise NotFound(f"There is no payment {object_id}.")
        given_back = sum(cents for payment_id, cents in self.refunds.values() if payment_id == object_id)
        return replace(self.payments[object_id], refunded_cents=given_back)

    async def refund(
        self, *, refund_id: str, payment_id: str, paid_cents: int, currency: str, is_whole: bool = True
    ) -> RefundState:
        await self._call()
        if payment_id not in self.payments:
            raise NotFound(f"There is no payment {payment_id}.")
        if self.refund_state is not RefundState.FAILED:
            assert self.refunds.setdefault(refund_id, (payment_id, paid_cents)) == (payment_id, paid_cents)
        return self.refund_state

    async def _call(self) -> None:
        self.calls += 1
        await asyncio.sleep(self.delay)
        if self.faults:
            raise self.faults.pop(0)

    def pay(self, payment_id: str, marks: Marks | None, **changed: Any) -> str:
        """Lets somebody pay what the marks ask for, unless something else is said."""
        asked = 0 if marks is None else marks.paid_cents
        paid = Payment(payment_id, marks, PaymentStatus.PAID, asked, "USD", self.is_live)
        self.payments[payment_id] = replace(paid, **changed)
        return payment_id

    @property
    def cents(self) -> int:
        """What the account has: all that was paid less all that was given back."""
        paid = sum(p.paid_cents for p in self.payments.values() if p.status is PaymentStatus.PAID)
        return paid - sum(cents for _, cents in self.refunds.values())


def open_bank(
    paywall_id: str | None = None, environment: Environment = Environment.SANDBOX, account: str | None = None
) -> Bank:
    """Opens a connection with an account of its own behind it: the operator's, or a developer's of a paywall."""
    with db.transaction() as session:
        own = account or new_id("acct")
        made = connections.open_connection(session, RAIL, environment, paywall_id, own)
    return Bank(made.id, is_live=environment is Environment.LIVE)


def door_of(*banks: PaymentRail, mailer: KeptMailer | None = None) -> PaymentDoor:
    """Returns the door of a process that reaches these accounts."""
    rails, operators = RailsByConnection(*banks), desk(mailer or KeptMailer(clock.now))
    return PaymentDoor(rails, Refunds(rails, operators), operators)


def begin(snapshot: Snapshot, connection_id: str, user: str = "ada", cents: int = 500) -> Marks:
    """Begins a top-up of an app's user, and returns what its payment is marked with."""
    with db.transaction() as session:
        wallet = snapshot.wallet(user)
        open_wallet(session, wallet)
        credited = nanos_of_cents(cents, wallet.account.unit)
        new = NewTopup(wallet.account, connection_id, "USD", cents, credited, None, snapshot.paywall_id, user)
        topup_id = topups.create(session, new)
        return Marks(instance.read_id(session), topup_id, wallet.account.id, cents, credited)


def posted(snapshot: Snapshot, user: str = "ada") -> int:
    """Returns what a user's wallet has, in cents of a dollar."""
    with db.transaction(writes=False) as session:
        return read_balance(session, snapshot.wallet(user)).posted_nanos // CENT_NANOS


def topup(topup_id: str) -> Topup:
    with db.transaction(writes=False) as session:
        return session.get_one(Topup, topup_id)


def refunds() -> list[Refund]:
    with db.transaction(writes=False) as session:
        return list(session.scalars(select(Refund).order_by(select(Refund).selected_columns.created_at)))


def event(connection_id: str, event_id: str) -> InboxEvent:
    with db.transaction(writes=False) as session:
        return session.get_one(InboxEvent, (connection_id, event_id))


def open_events() -> int:
    """Returns how many events wait."""
    with db.transaction(writes=False) as session:
        return int(session.execute(text("SELECT count(*) FROM inbox_event WHERE handled_at IS NULL")).scalar_one())


def waiting_for(connections_: Collection[str]) -> set[str]:
    """Returns the objects that open events of some connections tell of."""
    statement = select(InboxEvent).where(InboxEvent.handled_at.is_(None))  # type: ignore[union-attr]
    with db.transaction(writes=False) as session:
        return {row.object_id for row in session.scalars(statement) if row.connection_id in connections_}


def world_cents(connection_id: str) -> int:
    """Returns what the ledger says that an account at a rail has."""
    statement = text("""
        SELECT coalesce(sum(a.posted + coalesce((SELECT sum(d.amount) FROM ledger_delta d WHERE d.account_id = a.id),
            0)), 0) FROM ledger_account a WHERE a.kind = 'world' AND a.owner = :owner
    """)
    with db.transaction(writes=False) as session:
        return -int(session.execute(statement, {"owner": connection_id}).scalar_one()) // CENT_NANOS


def away() -> Exception:
    return Unavailable("The rail is away.")

"""Payments against a model, in orders that nobody thought of: several accounts, wrong payments, lost and late events.

The model is the accounts themselves: whatever was paid there and told of is credited once or given back whole, and
what the ledger says of an account is what the account has, less what nobody has told of.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.domain import clock
from app.flows.payments.received import PaymentDoor
from app.ports.payments import Marks, Payment, PaymentStatus, RefundState
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import Bank, away, begin, door_of, open_bank, posted, refunds, waiting_for, world_cents

USERS = ("ada", "bob")
CENTS = (300, 500, 1_000)
EVENT_NAMES = 20
"""How many names accounts have for their events, so that those of one are often those of another."""
WRONG: tuple[dict[str, Any], ...] = (
    {"paid_cents": 200}, {"currency": "EUR"}, {"is_live": True}, {"paid_cents": 0}, {"status": PaymentStatus.UNPAID},
    {"status": PaymentStatus.EXPIRED}, {"status": PaymentStatus.DECLINED},
)  # fmt: skip
Told = tuple[int, int]
"""Which account told of its event of which number."""


class Story:
    """The operator's account and two developers'; each developer's own is opened for one app."""

    def __init__(self, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.random = random.Random(seed)
        self.apps = [make_snapshot() for _ in range(2)]
        self.banks = [open_bank(), *(open_bank(app.paywall_id) for app in self.apps)]
        self.marks: list[tuple[int, int, str, Marks]] = []
        self.events: dict[Told, str] = {}
        self.lead_seconds, now = 0, clock.now
        monkeypatch.setattr(clock, "now", lambda: now() + self.lead_seconds * clock.SECOND)

    def go_on(self) -> None:
        """Does the next thing, whatever it is."""
        acts = (self.begin, self.pay, self.tell, self.pay_elsewhere, self.hinder, self.wait_a_while)
        self.random.choices(acts, (3, 6, 10, 1, 1, 2))[0]()

    def run(self, work: Awaitable[Any]) -> None:
        async def alone() -> None:
            await work

        with capture_logs():
            asyncio.run(alone())

    @property
    def door(self) -> PaymentDoor:
        return door_of(*self.banks)

    def begin(self) -> None:
        app, user = self.random.randrange(2), self.random.choice(USERS)
        at = self.random.choice((0, app + 1))
        marks = begin(self.apps[app], self.banks[at].connection_id, user, self.random.choice(CENTS))
        self.marks.append((at, app, user, marks))

    def pay(self) -> None:
        """Somebody pays for a top-up, mostly where it was made and what it asks for, perhaps for the second time."""
        if not self.marks:
            return
        at, _, _, marks = self.random.choice(self.marks)
        bank = self.random.choice(self.banks) if self.random.random() < 0.2 else self.banks[at]
        changed = self.random.choice(WRONG) if self.random.random() < 0.3 else {}
        bank.pay(f"pi_{len(bank.payments)}", marks, **changed)

    def pay_elsewhere(self) -> None:
        """Somebody pays for what is none of this instance's."""
        bank = self.random.choice(self.banks)
        other = self.random.choice((None, Marks("another instance", "top_1", "", 500, 500)))
        bank.pay(f"pi_{len(bank.payments)}", other)

    def tell(self) -> None:
        """An account tells of one of its payments, often for the first time, or again what it told."""
        number = self.random.randrange(EVENT_NAMES)
        at = self.random.randrange(len(self.banks))
        bank = self.banks[at]
        payment_id = self.random.choice([*bank.payments, "pi_late"])
        self.events.setdefault((at, number), payment_id)
        self.run(self.door.receive(bank.connection_id, f"evt_{number}", payment_id))

    def hinder(self) -> None:
        bank = self.random.choice(self.banks)
        bank.faults.append(away())
        bank.refund_state = self.random.choice((RefundState.PENDING, RefundState.SUCCEEDED))

    def wait_a_while(self) -> None:
        self.wait(self.random.choice((1, 31, 4_000)))

    def wait(self, seconds: int) -> None:
        self.lead_seconds += seconds
        self.run(self.door.finish_inbox())
        self.run(self.door.refunds.send_due())

    def settle(self) -> None:
        """Lets everything come to rest."""
        for bank in self.banks:
            bank.faults, bank.refund_state = [], RefundState.SUCCEEDED
        for _ in range(3):
            self.wait(4_000)

    def told(self, bank: int) -> list[Payment]:
        """The payments that an account has told of and that name a top-up made there."""
        known = {marks.topup_id: at for at, _, _, marks in self.marks}
        found = {event: self.banks[bank].payments.get(event) for (at, _), event in self.events.items() if at == bank}
        return [
            payment for payment in found.values()
            if payment is not None and payment.status is PaymentStatus.PAID and payment.marks is not None
            and known.get(payment.marks.topup_id) == bank and not payment.is_live and payment.paid_cents
        ]  # fmt: skip

    def compare(self) -> None:
        credited: Counter[tuple[int, str]] = Counter()
        for number, bank in enumerate(self.banks):
            told = self.told(number)
            right = [p for p in told if p.marks and (p.paid_cents, p.currency) == (p.marks.paid_cents, "USD")]
            paid = {p.marks.topup_id: p.paid_cents for p in right if p.marks}
            for at, app, user, marks in self.marks:
                if at == number and marks.topup_id in paid:
                    credited[app, user] += marks.paid_cents
            assert world_cents(bank.connection_id) == sum(paid.values())
            returned = Counter(payment_id for payment_id, _ in bank.refunds.values())
            assert set(returned.values()) <= {1}
            assert len(returned) == len(told) - len(paid)
            assert all(bank.payments[payment_id] in told for payment_id in returned)
            assert all(bank.payments[payment_id].paid_cents == cents for payment_id, cents in bank.refunds.values())
        for app, snapshot in enumerate(self.apps):
            for user in USERS:
                assert posted(snapshot, user) == credited[app, user]
        mine = {bank.connection_id for bank in self.banks}
        assert waiting_for(mine) <= {"pi_late"}
        assert {refund.status for refund in refunds() if refund.connection_id in mine} <= {"succeeded"}
        assert_books_balance()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_was_paid_and_told_of_is_credited_once_or_given_back_whole(
    database: str, is_long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only stories that nobody thought of find the orders of payments and events that nobody thought of."""
    credited = returned = 0
    for seed in range(60 if is_long else 4):
        print(f"seed {seed}")  # shown when it fails
        with monkeypatch.context() as patch:
            story = Story(seed, patch)
            for _ in range(80):
                story.go_on()
            story.settle()
            story.compare()
            credited += sum(world_cents(bank.connection_id) > 0 for bank in story.banks)
            returned += sum(bool(bank.refunds) for bank in story.banks)
    assert credited > 2 and returned > 2, "The stories are too tame to show anything."


def test_the_model_tells_money_that_is_owed_from_money_that_came(database: str) -> None:
    """What the comparison rests on: an account has what was paid in less what went back."""
    bank = Bank("con_1")
    marks = Marks("", "top_1", "", 500, 0)
    bank.pay("pi_1", marks)
    bank.pay("pi_2", replace(marks, paid_cents=300), status=PaymentStatus.UNPAID)
    assert bank.cents == 500
    asyncio.run(bank.refund(refund_id="r", payment_id="pi_1", paid_cents=500, currency="USD"))
    assert bank.cents == 0

"""A process that ends at any step of a payment leaves what the next one finishes, to the same end."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.ledger.tables import LedgerTransfer
from app.ports.payments import PaymentStatus
from app.sql.columns import table_of
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import Bank, away, begin, door_of, open_bank, open_events, posted, refunds, world_cents


class Ended(BaseException):
    """Stands for the end of the process."""


class Bomb:
    """Ends the process at one of its steps: before or after a commit, before or after a call of the rail."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Ended

    def arm(self, patch: pytest.MonkeyPatch, bank: Bank) -> None:
        self._around(patch, db, "in_transaction")
        for name in ("read_payment", "refund"):
            self._around(patch, bank, name)

    def _around(self, patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        whole: Callable[..., Any] = getattr(owner, name)

        async def stepwise(*arguments: Any, **more: Any) -> Any:
            self.step()
            done = await whole(*arguments, **more)
            self.step()
            return done

        patch.setattr(owner, name, stepwise)


@pytest.fixture
def sqlite(data_dir: Any, sqlite_url: str) -> None:
    settings.configure(data=data_dir, database_url=sqlite_url)
    db.migrate()


async def settle(bank: Bank, mailer: KeptMailer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the jobs of another process come to rest, hours later."""
    now = clock.now
    for hours in (2, 4):
        monkeypatch.setattr(clock, "now", lambda hours=hours: now() + hours * 3_600 * clock.SECOND)
        door = door_of(bank, mailer=mailer)
        await door.finish_inbox()
        await door.refunds.send_due()
        await door.desk.send_kept()
    monkeypatch.setattr(clock, "now", now)


@pytest.mark.unhurried
@pytest.mark.usefixtures("sqlite")
async def test_whatever_step_was_the_last_a_payment_credits_once_and_the_second_goes_back_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({"op@example.org"}))
    ended = 0
    with capture_logs():
        for at in range(1, 100):
            snapshot, bank, mailer = make_snapshot(), open_bank(), KeptMailer(clock.now)
            marks = begin(snapshot, bank.connection_id)
            bomb = Bomb(at)
            with monkeypatch.context() as patch:
                bomb.arm(patch, bank)
                try:
                    for payment_id in ("pi_1", "pi_2"):
                        bank.pay(payment_id, marks)
                        await door_of(bank, mailer=mailer).receive(bank.connection_id, f"e_{payment_id}", payment_id)
                except Ended:
                    ended += 1
            was_stored = [f"e_{payment_id}" for payment_id in bank.payments]
            for event_id in was_stored:  # the rail tells again what it has no answer for
                await door_of(bank, mailer=mailer).receive(bank.connection_id, event_id, event_id[2:])
            await settle(bank, mailer, monkeypatch)
            paid_twice = len(bank.payments) == 2
            assert (posted(snapshot), world_cents(bank.connection_id), bank.cents) == (500, 500, 500), at
            assert (len(bank.refunds), open_events()) == (int(paid_twice), 0), at
            assert not paid_twice or len(mailer.kept()) in (1, 2), at  # told at least once
            if at > bomb.steps:
                break
        assert ended == at - 1 > 12
    assert {row.status for row in refunds()} == {"succeeded"}
    assert_books_balance()


@pytest.mark.slow
@pytest.mark.usefixtures("sqlite")
async def test_three_events_five_times_each_in_any_order_credit_once(
    monkeypatch: pytest.MonkeyPatch, amount: Callable[[str], int]
) -> None:
    """Only many orders meet a process that ends at each of its steps, commits and calls alike, while reading back
    fails twice: each step in one order of events, with --long in seven."""
    table = table_of(LedgerTransfer)
    with capture_logs():
        for seed in range(amount("payment-orders")):
            chance = random.Random(seed)
            snapshot, bank, mailer = make_snapshot(), open_bank(), KeptMailer(clock.now)
            marks, door = begin(snapshot, bank.connection_id, cents=1_000), door_of(bank, mailer=mailer)
            bank.pay("pi_1", marks)
            bank.pay("cs_1", marks, status=PaymentStatus.UNPAID)
            events = [("completed", "pi_1"), ("succeeded", "pi_1"), ("created", "cs_1")] * 5
            chance.shuffle(events)
            bank.faults = [away(), away()]
            half = chance.randrange(len(events))
            with monkeypatch.context() as patch, suppress(Ended):
                Bomb(seed % 30 + 1).arm(patch, bank)
                for event_id, object_id in events[:half]:
                    await door.receive(bank.connection_id, event_id, object_id)
            # The next process; the rail tells again what it had no answer for.
            await asyncio.gather(*(door.receive(bank.connection_id, *event) for event in events))
            await settle(bank, mailer, monkeypatch)
            assert (posted(snapshot), world_cents(bank.connection_id), open_events()) == (1_000, 1_000, 0), seed
            with db.transaction(writes=False) as session:
                lines = session.execute(table.select().where(table.c.posting_id == f"topup:{marks.topup_id}")).all()
            assert (len(lines), mailer.kept()) == (1, []), seed
    assert refunds() == []
    assert_books_balance()

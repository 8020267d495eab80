"""Money that came and cannot be credited goes back whole, once, and everybody concerned is told."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from app import db
from app.adapters.mail.kept import KeptMailer
from app.adapters.payments.sandbox import SandboxRail
from app.domain import clock
from app.domain.errors import NotFound, ProviderFailed
from app.domain.instance import instance
from app.domain.money import Environment
from app.domain.refunds import refunds as domain
from app.domain.refunds.refunds import RefundView
from app.domain.refunds.tables import RefundStatus
from app.domain.topups import topups
from app.domain.topups.topups import NewTopup
from app.domain.wallets.shared import open_shared_wallet
from app.flows.callers.snapshot import Snapshot
from app.flows.payments.received import PaymentDoor
from app.flows.payments.refund_words import RefundWords, words_of
from app.ports.mail import Mail
from app.ports.payments import Marks, Order, PaymentStatus, RefundState
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.crowd import sign_in
from tests.support.paying import Bank, away, begin, door_of, open_bank, posted, refunds, topup, world_cents
from tests.support.waiting import until


class Case:
    """A top-up of an app's user, an account that it is paid at, and the mails that come of it."""

    def __init__(self, cents: int = 500) -> None:
        self.snapshot: Snapshot = make_snapshot()
        self.bank: Bank = open_bank()
        self.mailer = KeptMailer(clock.now)
        self.marks: Marks = begin(self.snapshot, self.bank.connection_id, cents=cents)
        self.door: PaymentDoor = door_of(self.bank, mailer=self.mailer)

    async def tell(self, payment_id: str, **changed: Any) -> None:
        self.bank.pay(payment_id, self.marks, **changed)
        await self.again(payment_id, payment_id)

    async def again(self, event_id: str, payment_id: str) -> None:
        with capture_logs():
            await self.door.receive(self.bank.connection_id, event_id, payment_id)

    def subjects(self) -> list[str]:
        return [kept.mail.subject for kept in self.mailer.kept()]


@pytest.fixture(autouse=True)
def operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({"op@example.org"}))


def later(monkeypatch: pytest.MonkeyPatch, seconds: int = 3_601) -> None:
    now = clock.now() + seconds * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.mark.unhurried
async def test_a_second_payment_for_a_paid_top_up_goes_back(database: str) -> None:
    case = Case()
    for payment_id in ("pi_1", "pi_2", "pi_3"):
        await case.tell(payment_id)
    assert posted(case.snapshot) == 500 == world_cents(case.bank.connection_id) == case.bank.cents
    assert [(row.payment_id, row.reason, row.status, row.paid_cents) for row in refunds()] == [
        ("pi_2", "second", "succeeded", 500),
        ("pi_3", "second", "succeeded", 500),
    ]
    assert topup(case.marks.topup_id).payment_id == "pi_1"
    assert case.subjects() == ["A payment of $5.00 goes back"] * 2
    assert_books_balance()


@pytest.mark.parametrize(
    ("changed", "cents"), [({"paid_cents": 499}, 499), ({"paid_cents": 501}, 501), ({"paid_cents": 1}, 1)]
)
async def test_a_payment_of_another_amount_goes_back_and_the_right_one_still_counts(
    database: str, changed: dict[str, Any], cents: int
) -> None:
    case = Case()
    await case.tell("pi_1", **changed)
    assert (posted(case.snapshot), topup(case.marks.topup_id).status, case.bank.cents) == (0, "created", 0)
    await case.tell("pi_2")
    assert [(row.payment_id, row.reason, row.paid_cents) for row in refunds()] == [("pi_1", "mismatch", cents)]
    assert posted(case.snapshot) == 500 == world_cents(case.bank.connection_id) == case.bank.cents
    assert_books_balance()


@pytest.mark.unhurried
async def test_money_of_another_currency_goes_back_without_touching_the_ledger(database: str) -> None:
    case = Case()
    await case.tell("pi_1", currency="EUR")
    (row,) = refunds()
    assert (row.currency, row.account_id, row.status) == ("EUR", None, "succeeded")
    assert (case.bank.cents, world_cents(case.bank.connection_id)) == (0, 0)
    assert case.subjects() == ["A payment of 5.00 EUR goes back"]
    assert_books_balance()


async def test_a_payment_goes_back_once_whatever_is_told_of_it_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a right amount later makes a payment credit that is on its way back."""
    case = Case()
    await case.tell("pi_1", paid_cents=400)
    case.bank.payments["pi_1"] = replace(case.bank.payments["pi_1"], paid_cents=500)
    with capture_logs():
        await asyncio.gather(*(case.again(f"e{number}", "pi_1") for number in range(5)))
        later(monkeypatch)
        assert await case.door.refunds.send_due() == 0
    assert (len(refunds()), len(case.bank.refunds), posted(case.snapshot)) == (1, 1, 0)
    assert len(case.subjects()) == 1
    assert_books_balance()


@pytest.mark.unhurried
@pytest.mark.parametrize("fault", [away(), ProviderFailed("500", 500), NotFound("Gone."), KeyError("bug"), OSError()])
async def test_a_refund_that_fails_for_now_is_asked_again_until_it_is_there(
    database: str, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    case = Case()
    await case.tell("pi_1")
    case.bank.pay("pi_2", case.marks)
    with capture_logs():
        case.bank.refund_state = RefundState.PENDING
        await case.again("e2", "pi_2")
        assert [row.status for row in refunds()] == ["pending"]
        for attempt in range(3):
            case.bank.faults = [fault]
            later(monkeypatch)
            assert await case.door.refunds.send_due() == 1
            (row,) = refunds()
            assert (row.attempts, bool(row.last_error), row.status) == (attempt + 2, True, "pending")
            assert await case.door.refunds.send_due() == 0
        # What came is in the ledger, and owed, until it has gone back.
        assert (world_cents(case.bank.connection_id), posted(case.snapshot)) == (1_000, 500)
        assert_books_balance()
        case.bank.refund_state = RefundState.SUCCEEDED
        later(monkeypatch)
        await case.door.refunds.send_due()
    assert (world_cents(case.bank.connection_id), case.bank.cents) == (500, 500)
    assert ([row.status for row in refunds()], len(case.bank.refunds)) == (["succeeded"], 1)
    assert len(case.subjects()) == 1
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_refund_that_the_rail_cannot_make_stays_owed_and_operators_are_told(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case()
    case.bank.refund_state = RefundState.FAILED
    await case.tell("pi_1", paid_cents=700)
    later(monkeypatch)
    assert await case.door.refunds.send_due() == 1
    assert [row.status for row in refunds()] == ["failed"]
    assert world_cents(case.bank.connection_id) == 700 == case.bank.cents
    assert case.subjects() == ["A refund of $7.00 failed", "A payment of $7.00 goes back"]
    later(monkeypatch)
    assert await case.door.refunds.send_due() == 0
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_process_that_ends_between_the_row_and_the_rail_leaves_it_to_the_job(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case()
    await case.tell("pi_1")

    async def dies(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("app.flows.payments.refund.Refunds.send_due", dies)
        await case.tell("pi_2")
    assert ([row.status for row in refunds()], case.bank.cents) == (["asked"], 1_000)
    assert_books_balance()
    assert await case.door.refunds.send_due() == 1
    assert ([row.status for row in refunds()], case.bank.cents) == (["succeeded"], 500)
    assert_books_balance()


@pytest.mark.unhurried
async def test_many_processes_ask_once(database: str) -> None:
    case = Case()
    await case.tell("pi_1")
    for number in range(6):
        case.bank.pay(f"more_{number}", case.marks)
    with capture_logs():
        await asyncio.gather(*(case.again(f"e{number}", f"more_{number}") for number in range(6)))
        await asyncio.gather(*(case.door.refunds.send_due() for _ in range(4)))
    assert (len(case.bank.refunds), case.bank.cents, posted(case.snapshot)) == (6, 500, 500)
    await case.door.desk.send_kept()
    assert len(case.subjects()) == 6
    assert_books_balance()


class BrokenMailer(KeptMailer):
    """A mailer with a bug: it raises what no mail server does."""

    async def send(self, mail: Mail) -> None:
        raise KeyError("bug")


async def test_what_keeps_people_from_being_told_keeps_no_money(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail that is sent in vain is sent later; where it cannot even be stored, it is when the refund is due again."""
    case = Case()
    case.door = door_of(case.bank, mailer=BrokenMailer(clock.now))
    await case.tell("pi_1")
    await case.tell("pi_2")
    assert [row.status for row in refunds()] == ["succeeded"]
    with monkeypatch.context() as patch:
        patch.setattr("app.domain.alerts.kept.keep", lambda *_: 1 / 0)
        await case.tell("pi_3")
    assert [(row.status, bool(row.told_at)) for row in refunds()] == [("succeeded", True), ("succeeded", False)]
    assert (case.bank.cents, case.subjects()) == (500, [])
    later(monkeypatch)
    door = door_of(case.bank, mailer=case.mailer)
    with capture_logs():
        assert await door.refunds.send_due() == 1
    assert (case.bank.cents, case.subjects()) == (500, ["A payment of $5.00 goes back"] * 2)
    later(monkeypatch, 86_400)
    with capture_logs():
        assert await door.refunds.send_due() == 0 == await door.desk.send_kept()
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_refund_that_fails_while_it_is_told_is_told_again_as_failed(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case()
    case.bank.refund_state = RefundState.FAILED

    def fails(session: Session, refund: RefundView) -> RefundWords:
        domain.note(session, refund, RefundStatus.FAILED)  # as another process does
        return words_of(session, refund)

    with monkeypatch.context() as patch:
        patch.setattr("app.flows.payments.refund.words_of", fails)
        await case.tell("pi_1", paid_cents=700)
    later(monkeypatch)
    assert await case.door.refunds.send_due() == 1
    assert case.subjects() == ["A refund of $7.00 failed", "A payment of $7.00 goes back"]
    later(monkeypatch)
    assert await case.door.refunds.send_due() == 0
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_mail_server_that_hangs_delays_no_refund(database: str) -> None:
    case, never = Case(), asyncio.Event()

    class Hangs(KeptMailer):
        async def send(self, mail: Mail) -> None:
            await never.wait()

    case.door = door_of(case.bank, mailer=Hangs(clock.now))
    await case.tell("pi_1")
    telling = [asyncio.create_task(case.tell(payment_id)) for payment_id in ("pi_2", "pi_3")]
    await until(lambda: [row.status for row in refunds()] == ["succeeded"] * 2)
    assert case.bank.cents == 500
    for task in telling:
        task.cancel()
    await asyncio.gather(*telling, return_exceptions=True)
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_connection_that_is_away_keeps_no_others_refunds_and_events(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one hangs, another's payer is given back, by the job and by the event that found it."""
    monkeypatch.setattr("app.flows.payments.refund.CALL_SECONDS_MAX", 600)
    away_, alive = Case(), Case()
    door = door_of(away_.bank, alive.bank)
    away_.door = alive.door = door
    for case in (away_, alive):
        await case.tell("pi_1")
    never = asyncio.Event()
    reached = asyncio.Event()

    async def hang(**_: object) -> RefundState:
        reached.set()
        await never.wait()
        raise AssertionError

    monkeypatch.setattr(away_.bank, "refund", hang)
    hanging = [asyncio.create_task(away_.tell(f"pi_{number}")) for number in (2, 3)]
    await reached.wait()
    await alive.tell("pi_2")
    alive.bank.refund_state = RefundState.PENDING
    await alive.tell("pi_3")

    def states() -> list[str]:
        return [row.status for row in refunds() if row.connection_id == alive.bank.connection_id]

    assert states() == ["succeeded", "pending"]
    alive.bank.refund_state = RefundState.SUCCEEDED
    later(monkeypatch, 31)
    job = asyncio.create_task(door.refunds.send_due())
    await until(lambda: states() == ["succeeded", "succeeded"])
    assert (alive.bank.cents, away_.bank.refunds) == (500, {})
    for task in (job, *hanging):
        task.cancel()
    await asyncio.gather(job, *hanging, return_exceptions=True)
    assert_books_balance()


async def test_a_payer_with_an_account_is_told_by_mail(database: str) -> None:
    person, _ = await sign_in("ada@example.org")
    bank, mailer = open_bank(), KeptMailer(clock.now)
    with db.transaction() as session:
        wallet = open_shared_wallet(session, person.account_id, Environment.SANDBOX)
        topup_id = topups.create(session, NewTopup(wallet, bank.connection_id, "USD", 1_000, 10**10))
        marks = Marks(instance.read_id(session), topup_id, wallet.id, 1_000, 10**10)
    bank.pay("pi_1", marks, paid_cents=800)
    with capture_logs():
        await door_of(bank, mailer=mailer).receive(bank.connection_id, "e1", "pi_1")
    told = {kept.mail.to: kept.mail for kept in mailer.kept()}
    assert set(told) == {"op@example.org", "ada@example.org"}
    assert told["ada@example.org"].subject == "Your payment of $8.00 is being refunded"
    assert "not the amount" in told["ada@example.org"].text and "pi_1" in told["op@example.org"].text
    assert_books_balance()


@pytest.mark.unhurried
async def test_the_sandboxs_rail_gives_back_too(database: str) -> None:
    snapshot = make_snapshot()
    rail = SandboxRail(b"secret", clock.now)
    marks = begin(snapshot, "sandbox")
    door = door_of(rail)
    ids: list[str] = []
    for cents in (300, 500, 500):
        order = Order(replace(marks, paid_cents=cents), "USD", f"{len(ids)}", "/", clock.now() + clock.SECOND * 60)
        ids.append(rail.payment_id((await rail.create_checkout(order)).id, PaymentStatus.PAID))
    with capture_logs():
        for number, payment_id in enumerate(ids):
            await door.receive("sandbox", f"e{number}", payment_id)
    assert [(row.payment_id, row.status) for row in refunds()] == [(ids[0], "succeeded")]
    assert posted(snapshot) == 500 == world_cents("sandbox")
    assert_books_balance()

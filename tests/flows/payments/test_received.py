"""The only door for card money: duplicates, disorder and crashes credit once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app import db
from app.adapters.payments.sandbox import SandboxRail
from app.domain import clock
from app.domain.errors import LinkInvalid, Unavailable
from app.domain.inbox import inbox
from app.domain.inbox.tables import InboxEvent
from app.domain.money import NANOS
from app.domain.topups import topups
from app.domain.topups.topups import TopupView
from app.domain.wallets.wallets import read_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.payments.received import RETRY_AFTER_SECONDS, finish_inbox, pay_in_sandbox, receive
from app.ports.payments import Checkout, Payment, PaymentStatus
from tests.support import handed
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.handed import begin_topup, mint_topup

RAIL = SandboxRail(b"secret")


async def read_topup(token: str, topup_id: str) -> TopupView:
    return await db.in_transaction(lambda session: handed.read_topup(session, token, topup_id))


class Moody:
    """The sandbox's rail, but reading back fails or finds something else."""

    name = "sandbox"

    def __init__(self, **changed: Any) -> None:
        self.changed = changed

    async def create_checkout(self, **asked: Any) -> Checkout:
        return await RAIL.create_checkout(**asked)

    async def read_payment(self, payment_id: str) -> Payment:
        if not self.changed:
            raise Unavailable("The rail is away.")
        return replace(await RAIL.read_payment(payment_id), **self.changed)


async def checkout(snapshot: Snapshot) -> tuple[str, str, str]:
    """Returns a link, its checkout's token and its top-up's id."""
    link = mint_topup(snapshot.paywall_id, "ada")
    token = (await begin_topup(RAIL, link, "5")).split("/")[3]
    return link, token, RAIL.open(token).topup_id


def posted(snapshot: Snapshot) -> int:
    with db.transaction(writes=False) as session:
        return read_balance(session, snapshot.wallet("ada")).posted_nanos


def wait_for_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    later = clock.now() + (RETRY_AFTER_SECONDS + 1) * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: later)


async def test_ten_deliveries_at_once_credit_once(database: str) -> None:
    snapshot = make_snapshot()
    link, token, topup_id = await checkout(snapshot)
    await asyncio.gather(*(pay_in_sandbox(RAIL, token, PaymentStatus.PAID) for _ in range(10)))
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (5 * NANOS, "paid")
    assert_books_balance()


async def test_declined_and_then_paid_is_paid_and_stays_so(database: str) -> None:
    snapshot = make_snapshot()
    link, token, topup_id = await checkout(snapshot)
    await pay_in_sandbox(RAIL, token, PaymentStatus.FAILED)
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (0, "failed")
    await pay_in_sandbox(RAIL, token, PaymentStatus.PAID)
    await pay_in_sandbox(RAIL, token, PaymentStatus.FAILED)
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (5 * NANOS, "paid")
    assert_books_balance()


async def test_what_was_stored_and_not_acted_on_is_finished_by_the_job(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot()
    _, token, _ = await checkout(snapshot)
    payment_id = RAIL.payment_id(token, PaymentStatus.PAID)
    with db.transaction() as session:  # the process died right after this
        inbox.store(session, "e1", "sandbox", payment_id)
    assert (await finish_inbox({"sandbox": RAIL}), posted(snapshot)) == (0, 0)
    wait_for_retry(monkeypatch)
    assert (await finish_inbox({"sandbox": RAIL}), posted(snapshot)) == (1, 5 * NANOS)
    assert await finish_inbox({"sandbox": RAIL}) == 0
    assert_books_balance()


async def test_a_rail_that_is_away_is_asked_again(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot()
    _, token, _ = await checkout(snapshot)
    await receive(Moody(), "e1", RAIL.payment_id(token, PaymentStatus.PAID))
    assert posted(snapshot) == 0
    wait_for_retry(monkeypatch)
    await finish_inbox({"sandbox": RAIL})
    assert posted(snapshot) == 5 * NANOS
    assert_books_balance()


@pytest.mark.parametrize(
    "changed",
    [{"amount_nanos": 1}, {"currency": "EUR"}, {"is_live": True}, {"topup_id": "top_none"}, {"status": "unpaid"}],
)
async def test_a_payment_of_something_else_credits_nothing_and_is_not_asked_again(
    database: str, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    snapshot = make_snapshot()
    _, token, _ = await checkout(snapshot)
    await receive(Moody(**changed), "e1", RAIL.payment_id(token, PaymentStatus.PAID))
    wait_for_retry(monkeypatch)
    assert (await finish_inbox({"sandbox": RAIL}), posted(snapshot)) == (0, 0)


async def test_forged_payments_and_checkouts_are_nothing(database: str) -> None:
    snapshot = make_snapshot()
    await receive(RAIL, "e1", "sbp_forged")
    with pytest.raises(LinkInvalid):
        await pay_in_sandbox(RAIL, "sbc_forged", PaymentStatus.PAID)
    assert posted(snapshot) == 0


async def test_ten_events_of_one_payment_credit_once_in_any_order(database: str) -> None:
    snapshot = make_snapshot()
    link, token, topup_id = await checkout(snapshot)
    ends = (RAIL.payment_id(token, PaymentStatus.PAID), RAIL.payment_id(token, PaymentStatus.FAILED))
    await asyncio.gather(*(receive(RAIL, f"e{number}", ends[number % 2]) for number in range(10)))
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (5 * NANOS, "paid")
    with db.transaction(writes=False) as session:
        assert inbox.unhandled(session, -1, 100) == []
    assert_books_balance()


async def test_a_crash_while_crediting_leaves_the_event_for_the_job(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot()
    link, token, topup_id = await checkout(snapshot)
    credit = topups.credit

    def credits_and_dies(*arguments: Any) -> None:
        credit(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(topups, "credit", credits_and_dies)
        with pytest.raises(KeyboardInterrupt):
            await pay_in_sandbox(RAIL, token, PaymentStatus.PAID)
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (0, "created")
    wait_for_retry(monkeypatch)
    await asyncio.gather(*(finish_inbox({"sandbox": RAIL}) for _ in range(5)))
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (5 * NANOS, "paid")
    assert_books_balance()


async def test_one_event_that_cannot_be_finished_does_not_stop_the_others(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot()
    _, token, _ = await checkout(snapshot)
    with db.transaction() as session:
        inbox.store(session, "e1", "stranger", "p1")
        inbox.store(session, "e2", "moody", RAIL.payment_id(token, PaymentStatus.PAID))
        inbox.store(session, "e3", "sandbox", "sbp_forged")
        inbox.store(session, "e4", "sandbox", RAIL.payment_id(token, PaymentStatus.PAID))
    wait_for_retry(monkeypatch)
    assert await finish_inbox({"sandbox": RAIL, "moody": Moody()}) == 4
    assert posted(snapshot) == 5 * NANOS
    with db.transaction(writes=False) as session:
        assert {event for event, _, _ in inbox.unhandled(session, 0, 100)} == {"e1", "e2"}
    assert_books_balance()


async def test_a_refused_event_keeps_the_reason(database: str) -> None:
    snapshot = make_snapshot()
    _, token, _ = await checkout(snapshot)
    await receive(Moody(amount_nanos=1), "e1", RAIL.payment_id(token, PaymentStatus.PAID))
    await receive(RAIL, "e2", "sbp_forged")
    with db.transaction(writes=False) as session:
        events = [session.get(InboxEvent, name) for name in ("e1", "e2")]
    assert ["asked for" in str(event and event.last_error) for event in events] == [True, False]
    assert all(event is not None and event.handled_at and event.last_error for event in events)


async def test_two_top_ups_of_one_user_are_credited_each(database: str) -> None:
    snapshot = make_snapshot()
    for _ in range(2):
        _, token, _ = await checkout(snapshot)
        await pay_in_sandbox(RAIL, token, PaymentStatus.PAID)
    assert posted(snapshot) == 10 * NANOS
    assert_books_balance()


async def test_payments_of_a_rail_that_is_gone_keep_no_others_waiting(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.flows.payments.received.BATCH", 3)
    snapshot = make_snapshot()
    _, token, _ = await checkout(snapshot)
    with db.transaction() as session:
        for number in range(3):
            inbox.store(session, f"old_{number}", "gone", f"pay_{number}")
    with db.transaction() as session:
        inbox.store(session, "e1", "sandbox", RAIL.payment_id(token, PaymentStatus.PAID))
    wait_for_retry(monkeypatch)
    assert [await finish_inbox({"sandbox": RAIL}) for _ in range(2)] == [3, 3]
    assert posted(snapshot) == 5 * NANOS
    assert_books_balance()


class Torn(Moody):
    """The sandbox's rail, but some payments find a bug."""

    def __init__(self, *payment_ids: str) -> None:
        super().__init__()
        self.torn = payment_ids

    async def read_payment(self, payment_id: str) -> Payment:
        if payment_id in self.torn:
            raise KeyError("bug")
        return await RAIL.read_payment(payment_id)


async def test_an_event_that_finds_a_bug_keeps_no_other_from_its_turn(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot()
    payments = [RAIL.payment_id((await checkout(snapshot))[1], PaymentStatus.PAID) for _ in range(4)]
    with db.transaction() as session:
        for payment_id in payments:
            inbox.store(session, f"sandbox:{payment_id}", "sandbox", payment_id)
    wait_for_retry(monkeypatch)
    rail = Torn(payments[0], payments[2])
    with capture_logs():
        assert await finish_inbox({"sandbox": rail}) == 4
    assert posted(snapshot) == 10 * NANOS
    with db.transaction() as session:
        stored = [session.get(InboxEvent, f"sandbox:{payment_id}") for payment_id in payments]
        assert [(one.attempts, one.handled_at is None) for one in stored if one] == [
            (1, True), (0, False), (1, True), (0, False),
        ]  # fmt: skip
        assert stored[0] is not None and "KeyError" in (stored[0].last_error or "")
    assert await finish_inbox({"sandbox": RAIL}) == 2 and posted(snapshot) == 20 * NANOS
    assert_books_balance()

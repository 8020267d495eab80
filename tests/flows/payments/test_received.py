"""The only door for card money: duplicates, disorder and crashes credit once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app import db
from app.adapters.mail.kept import KeptMailer
from app.adapters.payments.sandbox import SandboxRail
from app.domain import clock
from app.domain.errors import LinkInvalid, NotFound, ProviderFailed, Unavailable
from app.domain.inbox import inbox
from app.domain.inbox.connections import Connection
from app.domain.inbox.inbox import ObjectKind, StoredEvent
from app.domain.topups import topups
from app.domain.topups.topups import NotOurs
from app.flows.payments.checkout import EndedTopup
from app.flows.payments.received import ALERTS_AN_HOUR, PaymentDoor, pay_in_sandbox
from app.ports.payments import PaymentStatus
from tests.support import handed
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.handed import begin_topup, mint_topup
from tests.support.paying import (
    away,
    begin,
    door_of,
    event,
    open_bank,
    open_events,
    posted,
    refunds,
    topup,
    world_cents,
)

RAIL = SandboxRail(b"secret", clock.now)


async def read_topup(token: str, topup_id: str) -> EndedTopup:
    return await db.in_transaction(lambda session: handed.read_topup(session, token, topup_id))


async def checkout(paywall_id: str) -> tuple[str, str, str]:
    """Returns a link, its checkout's token and its top-up's id."""
    link = mint_topup(paywall_id, "ada")
    token = (await begin_topup(RAIL, link, "5")).split("/")[3]
    return link, token, RAIL.open(token).topup_id


async def pay(token: str, outcome: PaymentStatus = PaymentStatus.PAID) -> None:
    await pay_in_sandbox(door_of(RAIL), RAIL, token, outcome)


def later(monkeypatch: pytest.MonkeyPatch, seconds: int = 31) -> None:
    now = clock.now() + seconds * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.mark.unhurried
async def test_ten_deliveries_at_once_credit_once(database: str) -> None:
    snapshot = make_snapshot()
    link, token, topup_id = await checkout(snapshot.paywall_id)
    await asyncio.gather(*(pay(token) for _ in range(10)))
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (500, "paid")
    assert_books_balance()


async def test_a_declined_card_ends_nothing_and_another_still_pays(database: str) -> None:
    snapshot = make_snapshot()
    link, token, topup_id = await checkout(snapshot.paywall_id)
    await pay(token, PaymentStatus.DECLINED)
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (0, "created")
    await pay(token)
    await pay(token, PaymentStatus.DECLINED)
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (500, "paid")
    assert_books_balance()


@pytest.mark.parametrize("said", [PaymentStatus.UNPAID, PaymentStatus.DECLINED, PaymentStatus.EXPIRED])
async def test_nothing_that_is_said_before_or_after_keeps_a_payment_from_crediting(
    database: str, said: PaymentStatus
) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    marks, door = begin(snapshot, bank.connection_id), door_of(bank)
    bank.pay("attempt", marks, status=said)
    bank.pay("pi_1", marks)
    for name, object_id in (("e1", "attempt"), ("e2", "pi_1"), ("e3", "attempt")):
        await door.receive(bank.connection_id, name, object_id)
        if object_id == "attempt":
            expected = "paid" if name == "e3" else "expired" if said is PaymentStatus.EXPIRED else "created"
            assert topup(marks.topup_id).status == expected
    assert (posted(snapshot), open_events(), refunds()) == (500, 0, [])
    assert_books_balance()


@pytest.mark.unhurried
async def test_what_was_stored_and_not_acted_on_is_finished_by_the_job(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, door = make_snapshot(), door_of(RAIL)
    _, token, _ = await checkout(snapshot.paywall_id)
    with db.transaction() as session:  # the process died right after this
        inbox.store(session, StoredEvent("sandbox", "e1", RAIL.payment_id(token, PaymentStatus.PAID)))
    assert (await door.has_due(), await door.finish_inbox(), posted(snapshot)) == (False, 0, 0)
    later(monkeypatch)
    assert await door.has_due()
    assert (await door.finish_inbox(), posted(snapshot)) == (1, 500)
    assert await door.finish_inbox() == 0
    assert_books_balance()


@pytest.mark.parametrize(
    "fault",
    [
        away(),
        ProviderFailed("502", 502),
        ProviderFailed("401", 401),
        NotFound("There is no such payment."),
        KeyError("bug"),
        TimeoutError(),
        ValueError("\x00 nonsense 💳"),
        OSError("reset"),
    ],
    ids=repr,
)
async def test_a_read_back_that_fails_is_repeated_whatever_the_reason(
    database: str, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """What a rail says of a payment may lag behind its own event; an error of ours may be mended."""
    snapshot, bank = make_snapshot(), open_bank()
    marks, door = begin(snapshot, bank.connection_id), door_of(bank)
    bank.pay("pi_1", marks)
    bank.faults = [fault, fault]
    with capture_logs():
        await door.receive(bank.connection_id, "e1", "pi_1")
        stored = event(bank.connection_id, "e1")
        assert (stored.attempts, stored.handled_at, bool(stored.last_error), posted(snapshot)) == (1, None, True, 0)
        later(monkeypatch)
        assert await door.finish_inbox() == 1
        assert await door.finish_inbox() == 0
        later(monkeypatch, 61)
        assert (await door.finish_inbox(), posted(snapshot)) == (1, 500)
    assert (event(bank.connection_id, "e1").last_error, open_events()) == (None, 0)
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_failure_of_ours_in_the_middle_is_repeated_too(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    marks, door = begin(snapshot, bank.connection_id), door_of(bank)
    bank.pay("pi_1", marks)
    with monkeypatch.context() as patch, capture_logs():

        def breaks(*_: Any) -> None:
            raise AssertionError("bug")

        patch.setattr("app.flows.payments.received._tell", breaks)
        await door.receive(bank.connection_id, "e1", "pi_1")
    assert (posted(snapshot), topup(marks.topup_id).status) == (0, "created")
    assert "AssertionError" in (event(bank.connection_id, "e1").last_error or "")
    later(monkeypatch)
    assert (await door.finish_inbox(), posted(snapshot)) == (1, 500)
    assert_books_balance()


async def test_a_rail_that_never_answers_is_given_up_after_a_while(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.flows.payments.received.CALL_SECONDS_MAX", 0.05)
    snapshot, bank = make_snapshot(), open_bank()
    bank.pay("pi_1", begin(snapshot, bank.connection_id))
    bank.delay = 600
    await door_of(bank).receive(bank.connection_id, "e1", "pi_1")
    assert "did not answer" in (event(bank.connection_id, "e1").last_error or "")


async def test_one_event_that_cannot_be_finished_stops_no_other(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.flows.payments.received.BATCH", 3)
    snapshot, bank = make_snapshot(), open_bank()
    marks, door = begin(snapshot, bank.connection_id), door_of(bank)
    with db.transaction() as session:
        for number in range(3):
            inbox.store(session, StoredEvent(bank.connection_id, f"old_{number}", f"pay_{number}"))
    with db.transaction() as session:
        inbox.store(session, StoredEvent(bank.connection_id, "e1", bank.pay("pi_1", marks)))
    later(monkeypatch)
    with capture_logs():
        assert [await door.finish_inbox() for _ in range(3)] == [3, 1, 0]
    assert (posted(snapshot), open_events()) == (500, 3)
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_connection_that_is_slow_or_gone_stops_no_other(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are worked beside each other; one that nobody here can reach keeps its events."""
    snapshot, slow, gone, well = make_snapshot(), open_bank(), open_bank(), open_bank()
    slow.delay = 600
    monkeypatch.setattr("app.flows.payments.received.CALL_SECONDS_MAX", 0.3)
    with db.transaction() as session:
        for bank in (slow, gone, well):
            for number in range(3):
                bank.pay(f"pi_{number}", None)
                inbox.store(session, StoredEvent(bank.connection_id, f"e{number}", f"pi_{number}"))
    await door_of(well).receive(well.connection_id, "e", well.pay("pi", begin(snapshot, well.connection_id)))
    later(monkeypatch)
    with capture_logs():
        assert await door_of(slow, well).finish_inbox() == 9
    assert (open_events(), slow.calls, well.calls, posted(snapshot)) == (6, 3, 4, 500)


async def test_a_run_gives_no_connection_more_than_its_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bank, start = open_bank(), clock.now()
    with db.transaction() as session:
        for number in range(5):
            inbox.store(session, StoredEvent(bank.connection_id, f"e{number}", bank.pay(f"pi_{number}", None)))
    monkeypatch.setattr(clock, "now", lambda: start + (60 + 9 * bank.calls) * clock.SECOND)
    assert [await door_of(bank).finish_inbox() for _ in range(3)] == [3, 2, 0]


async def test_an_event_of_a_connection_that_there_is_not_is_stored_nowhere(database: str) -> None:
    with pytest.raises(NotFound):
        await door_of(RAIL).receive("con_none", "e1", "pi_1")
    assert open_events() == 0


class Taker:
    """Acts on events of a kind, as it was told to."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.took: list[StoredEvent] = []

    async def take(self, connection: Connection, event: StoredEvent) -> None:
        if self.fault is not None:
            raise self.fault
        if await db.in_transaction(lambda session: inbox.finish(session, event), writes=True):
            self.took.append(event)


async def test_what_is_no_payment_goes_to_who_understands_it_and_waits_where_nobody_does(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, mailer, refund = open_bank(), KeptMailer(clock.now), Taker()
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({"op@example.org"}))
    door = replace(door_of(bank, mailer=mailer), others={ObjectKind.REFUND: refund})
    with capture_logs():
        await door.receive(bank.connection_id, "e1", "re_1", ObjectKind.REFUND)
        await door.receive(bank.connection_id, "e1", "re_1", ObjectKind.REFUND)
        await door.receive(bank.connection_id, "e2", "dp_1", ObjectKind.DISPUTE)
        refund.fault = away()
        await door.receive(bank.connection_id, "e3", "re_3", ObjectKind.REFUND)
        assert (bank.calls, refund.took) == (0, [StoredEvent(bank.connection_id, "e1", "re_1", ObjectKind.REFUND)])
        assert event(bank.connection_id, "e2").last_error == "Nobody in this process understands a dispute."
        refund.fault, dispute = None, Taker()
        later(monkeypatch)
        newer = replace(door, others={ObjectKind.REFUND: refund, ObjectKind.DISPUTE: dispute})
        assert (await newer.finish_inbox(), open_events()) == (2, 0)
        assert [taken.object_id for taken in (*refund.took, *dispute.took)] == ["re_1", "re_3", "dp_1"]
        refund.fault = NotOurs("No.")
        await door.receive(bank.connection_id, "e4", "re_4", ObjectKind.REFUND)
    assert (event(bank.connection_id, "e4").last_error, open_events(), len(mailer.kept())) == ("No.", 0, 1)


async def test_forged_checkouts_are_nothing_and_forged_payments_wait_without_effect(database: str) -> None:
    snapshot = make_snapshot()
    with capture_logs():
        await door_of(RAIL).receive("sandbox", "e1", "sbp_forged")
    with pytest.raises(LinkInvalid):
        await pay("sbc_forged")
    assert (posted(snapshot), event("sandbox", "e1").attempts) == (0, 1)


@pytest.mark.unhurried
async def test_ten_events_of_one_payment_credit_once_in_any_order(database: str) -> None:
    snapshot, door = make_snapshot(), door_of(RAIL)
    link, token, topup_id = await checkout(snapshot.paywall_id)
    ends = (RAIL.payment_id(token, PaymentStatus.PAID), RAIL.payment_id(token, PaymentStatus.DECLINED))
    await asyncio.gather(*(door.receive("sandbox", f"e{number}", ends[number % 2]) for number in range(10)))
    assert (posted(snapshot), (await read_topup(link, topup_id)).status, open_events()) == (500, "paid", 0)
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_crash_while_crediting_leaves_the_event_for_the_job(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, door = make_snapshot(), door_of(RAIL)
    link, token, topup_id = await checkout(snapshot.paywall_id)
    pays = topups.pay

    def pays_and_dies(*arguments: Any) -> None:
        pays(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(topups, "pay", pays_and_dies)
        with pytest.raises(KeyboardInterrupt):
            await pay(token)
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (0, "created")
    later(monkeypatch)
    await asyncio.gather(*(door.finish_inbox() for _ in range(5)))
    assert (posted(snapshot), (await read_topup(link, topup_id)).status) == (500, "paid")
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_payment_credits_once_whatever_it_says_later_that_it_is_for(database: str) -> None:
    """Acceptance 2: whoever owns an account can write another top-up into a payment that was credited."""
    snapshot = make_snapshot()
    bank = open_bank(snapshot.paywall_id)
    door, (first, second) = door_of(bank), (begin(snapshot, bank.connection_id) for _ in range(2))
    for number, marks in enumerate((first, second, first)):
        bank.pay("pi_1", marks)
        await door.receive(bank.connection_id, f"evt_{number}", "pi_1")
    assert (posted(snapshot), topup(second.topup_id).status, open_events()) == (500, "created", 0)
    assert world_cents(bank.connection_id) == bank.cents == 500 and refunds() == []
    assert "was credited for" in (event(bank.connection_id, "evt_1").last_error or "")
    assert_books_balance()


@pytest.mark.unhurried
async def test_two_top_ups_of_one_user_are_credited_each(database: str) -> None:
    snapshot = make_snapshot()
    for _ in range(2):
        _, token, _ = await checkout(snapshot.paywall_id)
        await pay(token)
    assert posted(snapshot) == 1_000
    assert_books_balance()


async def test_what_is_none_of_ours_is_forgotten_without_a_word(database: str) -> None:
    """Other apps use the same account, and other instances write marks like ours."""
    snapshot, bank, mailer = make_snapshot(), open_bank(), KeptMailer(clock.now)
    marks, door = begin(snapshot, bank.connection_id), door_of(bank, mailer=mailer)
    bank.pay("pi_app", None)
    bank.pay("pi_other", replace(marks, instance="f" * 32))
    bank.pay("pi_nameless", replace(marks, instance=""))
    for number, payment_id in enumerate(("pi_app", "pi_other", "pi_nameless")):
        await door.receive(bank.connection_id, f"e{number}", payment_id)
        assert event(bank.connection_id, f"e{number}").last_error is None
    assert (posted(snapshot), open_events(), refunds(), mailer.kept()) == (0, 0, [], [])


@pytest.mark.unhurried
async def test_operators_are_told_of_what_is_refused_and_not_flooded(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({"op@example.org"}))
    snapshot, bank, other, mailer = make_snapshot(), open_bank(), open_bank(), KeptMailer(clock.now)
    door: PaymentDoor = door_of(bank, mailer=mailer)
    bank.pay("pi_1", begin(snapshot, other.connection_id))
    with capture_logs():
        for number in range(ALERTS_AN_HOUR + 3):
            await door.receive(bank.connection_id, f"e{number}", "pi_1")
        await door.receive(bank.connection_id, "e0", "pi_1")
        assert len(mailer.kept()) == ALERTS_AN_HOUR
        assert (
            "other connection" not in mailer.kept()[0].mail.text and other.connection_id in mailer.kept()[0].mail.text
        )
        later(monkeypatch, 3_601)
        await door.receive(bank.connection_id, "e99", "pi_1")
    assert len(mailer.kept()) == ALERTS_AN_HOUR + 1
    assert (posted(snapshot), refunds(), open_events()) == (0, [], 0)
    assert "was made on" in (event(bank.connection_id, "e0").last_error or "")


@pytest.mark.unhurried
async def test_two_connections_to_one_account_both_hear_of_a_payment_and_nobody_is_alarmed(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({"op@example.org"}))
    snapshot, one, other = make_snapshot(), open_bank(account="acct_1"), open_bank(account="acct_1")
    marks, mailer = begin(snapshot, one.connection_id), KeptMailer(clock.now)
    door = door_of(one, other, mailer=mailer)
    for bank in (one, other):
        bank.pay("pi_1", marks)
    for bank in (other, one, other):
        await door.receive(bank.connection_id, f"e:{bank.connection_id}", "pi_1")
    assert (posted(snapshot), refunds(), open_events(), mailer.kept()) == (500, [], 0, [])
    assert event(other.connection_id, f"e:{other.connection_id}").last_error is None
    assert_books_balance()


async def test_the_door_raises_nothing_once_an_event_is_stored(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = open_bank()

    def broken(*_: Any, **__: Any) -> None:
        raise Unavailable("The database is away.")

    with monkeypatch.context() as patch, capture_logs():
        patch.setattr(inbox, "postpone", broken)
        await door_of(bank).receive(bank.connection_id, "e1", "pi_none")
    assert open_events() == 1

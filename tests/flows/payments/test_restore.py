"""After a restored backup, payments of top-ups that the database has forgotten are credited all the same."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.money import Environment, Unit
from app.domain.wallets.shared import open_shared_wallet, shared_account
from app.flows.payments.received import NOT_FOUND_ATTEMPTS_MAX
from app.ports.payments import Marks
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.crowd import sign_in
from tests.support.paying import begin, door_of, event, open_bank, posted, refunds, topup

SHARED = shared_account("acc_gone", Environment.SANDBOX)


def forget(marks: Marks) -> None:
    with db.transaction() as session:
        session.execute(text("DELETE FROM topup WHERE id = :id"), {"id": marks.topup_id})


@pytest.mark.unhurried
async def test_a_payment_of_this_instance_brings_its_row_back_and_is_credited_once(database: str) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    marks, door = begin(snapshot, bank.connection_id), door_of(bank)
    forget(marks)
    bank.pay("pi_1", marks)
    bank.pay("pi_2", marks)
    with capture_logs():
        for number, payment_id in enumerate(("pi_1", "pi_1", "pi_2")):
            await door.receive(bank.connection_id, f"e{number}", payment_id)
    row = topup(marks.topup_id)
    assert (row.paywall_id, row.external_id, row.payment_id) == (snapshot.paywall_id, "ada", "pi_1")
    assert (posted(snapshot), [refund.payment_id for refund in refunds()]) == (500, ["pi_2"])
    assert_books_balance()


@pytest.mark.unhurried
async def test_what_was_given_back_before_the_backup_was_restored_is_not_credited_by_whatever_comes_first(
    database: str,
) -> None:
    """The backup knows neither payment; of two, the second was given back meanwhile, and is told of first."""
    snapshot, bank = make_snapshot(), open_bank()
    marks, door = begin(snapshot, bank.connection_id), door_of(bank)
    forget(marks)
    for payment_id in ("pi_1", "pi_2"):
        bank.pay(payment_id, marks)
    bank.refunds["ref_forgotten"] = ("pi_2", marks.paid_cents)
    with capture_logs():
        for number, payment_id in enumerate(("pi_2", "pi_1", "pi_2")):
            await door.receive(bank.connection_id, f"e{number}", payment_id)
    assert (topup(marks.topup_id).payment_id, posted(snapshot), bank.cents, refunds()) == ("pi_1", 500, 500, [])
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_developers_account_brings_back_only_rows_of_its_own_apps_wallets(database: str) -> None:
    """Whoever owns the account may write any marks there."""
    own, other = make_snapshot(), make_snapshot()
    bank, operators = open_bank(own.paywall_id), open_bank()
    theirs = begin(other, operators.connection_id)
    shared = shared_account("acc_1", Environment.SANDBOX).id
    forged: list[tuple[Marks, dict[str, Any]]] = [
        (theirs, {}),
        (replace(theirs, topup_id="top_new"), {}),
        (replace(theirs, topup_id="top_new", account_id=shared), {}),
        (replace(theirs, topup_id="top_new", account_id=theirs.account_id.replace("sandbox", "live")), {}),
        (replace(theirs, topup_id="top_new", account_id=f"sandbox:USD:revenue:{own.paywall_id}"), {}),
        (replace(theirs, topup_id="top_new", account_id="nonsense"), {}),
        (replace(theirs, topup_id="top_new", account_id=""), {}),
    ]
    with capture_logs():
        for number, (marks, changed) in enumerate(forged):
            bank.pay(f"pi_{number}", marks, **changed)
            await door_of(bank, operators).receive(bank.connection_id, f"e{number}", f"pi_{number}")
            assert event(bank.connection_id, f"e{number}").last_error
    assert (posted(own), posted(other), refunds()) == (0, 0, [])
    assert topup(theirs.topup_id).status == "created"
    assert_books_balance()


@pytest.mark.unhurried
@pytest.mark.parametrize(("credited_nanos", "cents"), [(10**15, 500), (5 * 10**9, 500), (3 * 10**9, 300)])
async def test_no_more_is_credited_than_was_paid_whatever_the_marks_say(
    database: str, credited_nanos: int, cents: int
) -> None:
    snapshot = make_snapshot()
    bank = open_bank(snapshot.paywall_id)
    marks = begin(snapshot, bank.connection_id)
    forget(marks)
    bank.pay("pi_1", replace(marks, credited_nanos=credited_nanos))
    await door_of(bank).receive(bank.connection_id, "e1", "pi_1")
    assert (posted(snapshot), snapshot.unit) == (cents, Unit.USD)
    assert_books_balance()


@pytest.mark.parametrize("wrong", [{"paid_cents": 0}, {"paid_cents": -5}, {"credited_nanos": 0}])
async def test_marks_that_cannot_be_right_bring_nothing_back(database: str, wrong: dict[str, Any]) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    marks = begin(snapshot, bank.connection_id)
    forget(marks)
    bank.pay("pi_1", replace(marks, **wrong), paid_cents=500)
    with capture_logs():
        await door_of(bank).receive(bank.connection_id, "e1", "pi_1")
    assert (posted(snapshot), refunds()) == (0, [])
    assert "no top-up" in (event(bank.connection_id, "e1").last_error or "")


@pytest.mark.unhurried
async def test_money_of_another_currency_brings_the_row_back_and_goes_back_itself(database: str) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    marks = begin(snapshot, bank.connection_id)
    forget(marks)
    bank.pay("pi_1", marks, currency="JPY")
    with capture_logs():
        await door_of(bank).receive(bank.connection_id, "e1", "pi_1")
    assert (posted(snapshot), topup(marks.topup_id).status) == (0, "created")
    assert [(refund.payment_id, refund.currency, refund.status) for refund in refunds()] == [
        ("pi_1", "JPY", "succeeded")
    ]
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_shared_wallet_that_is_not_there_yet_keeps_its_payment_waiting(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    marks = replace(begin(snapshot, bank.connection_id), topup_id="top_new", account_id=SHARED.id)
    door = door_of(bank)
    bank.pay("pi_1", marks)
    with capture_logs():
        await door.receive(bank.connection_id, "e1", "pi_1")
        assert (event(bank.connection_id, "e1").attempts, refunds()) == (1, [])
        person, _ = await sign_in("ada@example.org")
        with db.transaction() as session:
            wallet = open_shared_wallet(session, person.account_id, Environment.SANDBOX)
        bank.pay("pi_2", replace(marks, topup_id="top_hers", account_id=wallet.id))
        await door.receive(bank.connection_id, "e2", "pi_2")
    assert topup("top_hers").status == "paid"


@pytest.mark.unhurried
async def test_what_is_never_found_is_given_up_after_three_days_and_told(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({"op@example.org"}))
    bank, mailer = open_bank(), KeptMailer(clock.now)
    door, start, tried = door_of(bank, mailer=mailer), clock.now(), 0
    with capture_logs():
        await door.receive(bank.connection_id, "e1", "pi_none")
        while event(bank.connection_id, "e1").handled_at is None:
            next_at = event(bank.connection_id, "e1").next_at
            monkeypatch.setattr(clock, "now", lambda next_at=next_at: next_at)
            await door.finish_inbox()
            tried += 1
    days = (clock.now() - start) / clock.DAY
    assert (tried, 3 < days < 4, bank.calls) == (NOT_FOUND_ATTEMPTS_MAX - 1, True, NOT_FOUND_ATTEMPTS_MAX)
    (kept,) = mailer.kept()
    assert "Given up after 80 attempts" in kept.mail.text

"""A refund goes one way, once, and its postings follow it."""

from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post
from app.domain.money import NANOS, Unit
from app.domain.refunds import refunds
from app.domain.refunds.refunds import RefundView
from app.domain.refunds.tables import Refund, RefundReason, RefundStatus
from app.domain.topups import topups
from app.domain.topups.topups import PaidPayment
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import begin

SECOND, MISMATCH = RefundReason.SECOND, RefundReason.MISMATCH


def ask(payment_id: str = "pi_1", cents: int = 500, currency: str = "USD") -> str:
    """Asks for the refund of a payment for a new top-up, and returns the refund's id."""
    marks = begin(make_snapshot(), "sandbox")
    payment = PaidPayment(payment_id, "sandbox", marks.topup_id, cents, currency, is_live=False)
    with db.transaction() as session:
        posting = refunds.ask(session, topups.lock(session, "sandbox", marks.topup_id), payment, MISMATCH)
        if posting is not None:
            apply_one(session, posting)
    return refunds.refund_id("sandbox", payment_id)


def take() -> list[RefundView]:
    """Takes the sandbox's refunds that are due now."""
    now = clock.now()
    with db.transaction() as session:
        return list(iter(lambda: refunds.take_due(session, now, connection_id="sandbox"), None))


def note(refund: RefundView, status: RefundStatus) -> Post | None:
    with db.transaction() as session:
        posting = refunds.note(session, refund, status)
        if posting is not None:
            apply_one(session, posting)
        return posting


def row(refund_id: str) -> Refund:
    with db.transaction(writes=False) as session:
        return session.get_one(Refund, refund_id)


def test_an_id_is_of_one_payment_at_one_connection() -> None:
    ids = {refunds.refund_id(connection, payment) for connection in ("a", "ab") for payment in ("bc", "c")}
    assert len(ids) == 4 and refunds.refund_id("a", "bc") in ids


@pytest.mark.unhurried
def test_what_came_stands_in_transit_until_it_has_gone(database: str) -> None:
    refund_id = ask(cents=725)
    with db.transaction(writes=False) as session:
        assert refunds.is_asked(session, "sandbox", "pi_1") and not refunds.is_asked(session, "other", "pi_1")
        assert refunds.has_any(session, row(refund_id).topup_id) and not refunds.has_any(session, "top_other")
    (due,) = take()
    with db.transaction(writes=False) as session:
        assert refunds.count_owed(session) == {RefundStatus.ASKED: 1}
    posting = note(due, RefundStatus.SUCCEEDED)
    with db.transaction(writes=False) as session:
        assert refunds.count_owed(session) == {}
    assert posting is not None and [t.amount for t in posting.transfers] == [7_250_000_000]
    assert (row(refund_id).status, row(refund_id).finished_at is None) == ("succeeded", False)
    assert_books_balance()


@pytest.mark.unhurried
@pytest.mark.parametrize("end", [RefundStatus.SUCCEEDED, RefundStatus.FAILED])
def test_nothing_is_said_after_the_end(database: str, end: RefundStatus) -> None:
    refund_id = ask()
    (due,) = take()
    assert note(due, RefundStatus.PENDING) is None and row(refund_id).finished_at is None
    note(due, end)
    for later in RefundStatus:
        assert note(due, later) is None
    with db.transaction() as session:
        refunds.note_error(session, due, "late")
        refunds.note_error(session, replace(due, id="rfd_none"), "nobody's")
        refunds.note_told(session, replace(due, id="rfd_none"))
    assert (row(refund_id).status, row(refund_id).last_error) == (end, None)
    assert_books_balance()


def test_what_is_taken_is_put_off_longer_each_time_and_ends_with_its_telling(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    refund_id = ask()
    assert ([one.id for one in take()], take()) == ([refund_id], [])
    for seconds, is_due in ((29, False), (31, True), (31, False), (92, True), (20_000, True)):
        monkeypatch.setattr(clock, "now", lambda seconds=seconds: start + seconds * clock.SECOND)
        with db.transaction(writes=False) as session:
            assert refunds.has_due(session) is is_due
        assert bool(take()) is is_due, seconds
    (due,) = (refunds._view(row(refund_id)),)
    note(due, RefundStatus.SUCCEEDED)
    monkeypatch.setattr(clock, "now", lambda: start + 90_000 * clock.SECOND)
    (untold,) = take()
    assert (untold.status, untold.is_told) == ("succeeded", False)
    with db.transaction() as session:
        refunds.note_told(session, untold)
    monkeypatch.setattr(clock, "now", lambda: start + 190_000 * clock.SECOND)
    assert take() == []


@pytest.mark.unhurried
def test_each_connection_has_its_own_turn(database: str) -> None:
    ask()
    now = clock.now()
    with db.transaction() as session:
        assert refunds.list_due_connections(session) == ["sandbox"]
        assert refunds.take_due(session, now, connection_id="other") is None
        assert refunds.take_due(session, now - clock.SECOND * 60, connection_id="sandbox") is None
        assert refunds.take_due(session, now, connection_id="sandbox") is not None
        assert refunds.list_due_connections(session) == []


@pytest.mark.unhurried
def test_a_failure_is_told_even_if_the_asking_was(database: str) -> None:
    refund_id = ask()
    (due,) = take()
    with db.transaction() as session:
        refunds.note_told(session, due)
    note(due, RefundStatus.FAILED)
    (again,) = take()
    assert (again.id, again.status, again.is_told) == (refund_id, "failed", False)


@pytest.mark.unhurried
def test_another_currency_has_no_posting(database: str) -> None:
    refund_id = ask(currency="EUR")
    assert row(refund_id).account_id is None
    (due,) = take()
    assert note(due, RefundStatus.SUCCEEDED) is None and row(refund_id).status == "succeeded"
    assert_books_balance()


def test_it_stands_in_the_unit_of_the_wallet(database: str) -> None:
    marks = begin(make_snapshot(), "sandbox")
    with db.transaction() as session:
        topup = topups.lock(session, "sandbox", marks.topup_id)
        topup.account_id = topup.account_id.replace(Unit.USD.value, Unit.CREDIT.value)
        payment = PaidPayment("pi_1", "sandbox", topup.id, 500, "USD", is_live=False)
        posting = refunds.ask(session, topup, payment, SECOND)
        assert posting is not None
        (transfer,) = posting.transfers
        assert (transfer.credit.unit, transfer.amount) == (Unit.CREDIT, 500 * NANOS)
        apply_one(session, posting)

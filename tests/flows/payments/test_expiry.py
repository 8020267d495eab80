"""Only the end of a checkout ends a top-up, and only its rail says that it has ended."""

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from app import db
from app.adapters.payments.sandbox import SandboxRail
from app.domain import clock
from app.domain.errors import LinkInvalid
from app.domain.topups.tables import Topup
from app.domain.topups.trying import DECLINES_MAX, note_decline
from app.flows.payments.checkout import CHECKOUT_SECONDS, open_sandbox_checkout
from app.flows.payments.expiry import end_tried, expire_checkouts, has_tried
from app.flows.payments.received import pay_in_sandbox
from app.ports.payments import PaymentStatus
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.handed import begin_topup, mint_topup
from tests.support.paying import away, begin, door_of, event, open_bank, posted, topup


class Clock:
    """A time that is moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = clock.now()
        monkeypatch.setattr(clock, "now", self.now)

    def now(self) -> int:
        return self.at

    def pass_by(self, seconds: int) -> None:
        self.at += seconds * clock.SECOND


@pytest.mark.unhurried
async def test_an_abandoned_checkout_expires_and_a_new_one_works(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, snapshot = Clock(monkeypatch), make_snapshot()
    rail = SandboxRail(b"secret", time.now)
    door, link = door_of(rail), mint_topup(snapshot.paywall_id, "ada")
    tokens = [(await begin_topup(rail, link, "5")).split("/")[3] for _ in range(2)]
    topup_id = rail.open(tokens[0]).topup_id
    await pay_in_sandbox(door, rail, tokens[0], PaymentStatus.DECLINED)
    await pay_in_sandbox(door, rail, tokens[1], PaymentStatus.PAID)
    time.pass_by(CHECKOUT_SECONDS - 1)
    assert (await expire_checkouts(door), topup(topup_id).status) == (0, "created")
    assert (await open_sandbox_checkout(rail, tokens[0])).status == "created"
    time.pass_by(1)
    assert (await open_sandbox_checkout(rail, tokens[0])).status == "expired"
    assert (await open_sandbox_checkout(rail, tokens[1])).status == "paid"
    with pytest.raises(LinkInvalid, match="expired"):
        await pay_in_sandbox(door, rail, tokens[0], PaymentStatus.PAID)
    assert [await expire_checkouts(door) for _ in range(2)] == [1, 0]
    assert topup(topup_id).status == "expired"
    token = (await begin_topup(rail, link, "5")).split("/")[3]
    await pay_in_sandbox(door, rail, token, PaymentStatus.PAID)
    assert posted(snapshot) == 1_000
    assert_books_balance()


async def test_a_rail_that_is_away_is_asked_again_and_its_word_alone_counts(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, snapshot, bank = Clock(monkeypatch), make_snapshot(), open_bank()
    marks, door = begin(snapshot, bank.connection_id), door_of(bank)
    with db.transaction() as session:
        row = session.get_one(Topup, marks.topup_id)
        row.checkout_id, row.expires_at = bank.pay("cs_1", marks, status=PaymentStatus.EXPIRED), time.at
    bank.faults = [away()]
    with capture_logs():
        assert [await expire_checkouts(door) for _ in range(3)] == [1, 0, 0]
        assert topup(marks.topup_id).status == "created"
        assert event(bank.connection_id, f"expiry:{marks.topup_id}").attempts == 1
        time.pass_by(31)
        await door.finish_inbox()
    assert topup(marks.topup_id).status == "expired"


@pytest.mark.unhurried
async def test_money_that_comes_after_the_end_is_credited_all_the_same(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    time, snapshot, bank = Clock(monkeypatch), make_snapshot(), open_bank()
    marks, door = begin(snapshot, bank.connection_id), door_of(bank)
    with db.transaction() as session:
        row = session.get_one(Topup, marks.topup_id)
        row.checkout_id, row.expires_at = bank.pay("cs_1", marks, status=PaymentStatus.EXPIRED), time.at
    await expire_checkouts(door)
    await door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
    assert (topup(marks.topup_id).status, posted(snapshot)) == ("paid", 500)
    assert_books_balance()


async def test_a_top_up_whose_checkout_was_never_made_just_ends(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process died before anybody was sent to pay; top-ups from before there was an end stay as they are."""
    time, snapshot, bank = Clock(monkeypatch), make_snapshot(), open_bank()
    lost, old = begin(snapshot, bank.connection_id), begin(snapshot, bank.connection_id)
    with db.transaction() as session:
        session.get_one(Topup, lost.topup_id).expires_at = time.at
    assert [await expire_checkouts(door_of(bank)) for _ in range(2)] == [1, 0]
    with db.transaction(writes=False) as session:
        assert {row.id: row.status for row in session.scalars(select(Topup))} == {
            lost.topup_id: "expired",
            old.topup_id: "created",
        }
    assert bank.calls == 0


@pytest.mark.unhurried
async def test_the_open_pages_of_who_tries_cards_out_are_ended_and_one_that_was_just_paid_is_credited(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, snapshot, expires_at = open_bank(), make_snapshot(), clock.now() + CHECKOUT_SECONDS * clock.SECOND
    door = door_of(bank)
    open_, paid, others = (begin(snapshot, bank.connection_id, user) for user in ("ada", "ada", "bob"))
    with db.transaction() as session:
        for marks in (open_, paid, others):
            row = session.get_one(Topup, marks.topup_id)
            row.checkout_id, row.expires_at = f"cs_{marks.topup_id}", expires_at
        for _ in range(DECLINES_MAX - 1):
            note_decline(session, session.get_one(Topup, open_.topup_id))
    assert not await has_tried()
    with db.transaction() as session:
        note_decline(session, session.get_one(Topup, open_.topup_id))
    bank.pay(f"cs_{paid.topup_id}", paid)

    async def end_checkout(checkout_id: str) -> bool:
        return checkout_id not in bank.payments

    monkeypatch.setattr(bank, "end_checkout", end_checkout)
    with capture_logs():
        assert [await end_tried(door) for _ in range(2)] == [2, 0]
    assert [topup(one.topup_id).status for one in (open_, paid, others)] == ["expired", "paid", "created"]
    assert posted(snapshot) == 500 and not await has_tried()
    assert_books_balance()

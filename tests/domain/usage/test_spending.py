"""Spending by day and app adds up to what the ledger took."""

import pytest

from app import db
from app.domain import clock
from app.domain.earnings.charge_split import charge_split
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply
from app.domain.ledger.operations import Charge, Post, Transfer
from app.domain.money import NANOS, Environment, Unit
from app.domain.people.accounts import email_identity, enter
from app.domain.pricing.split import SplitTerms
from app.domain.rows import write
from app.domain.usage import requests
from app.domain.usage.activity import Side, read_wallet_movements
from app.domain.usage.requests import Asked
from app.domain.usage.spending import DAY_SECONDS, DaySpent, day_of, read_spending
from app.domain.usage.tables import RequestKind
from app.domain.wallets.shared import as_charged_by, open_shared_wallet
from tests.support.books import assert_books_balance

TERMS = SplitTerms(100, pays_provider=True)


def charge(session: db.Session, person_id: str, paywall_id: str, number: int, nanos: int) -> None:
    wallet = as_charged_by(person_id, Environment.SANDBOX, paywall_id, "u1")
    request_id = f"req_{paywall_id}_{number}"
    split = charge_split(wallet.account, paywall_id, TERMS, nanos // 2, "built-in")
    done = apply(session, (Charge(f"chg:{request_id}", wallet.account, nanos, split, request_id),))[0]
    asked = Asked(request_id, None, wallet, RequestKind.MANUAL, None, None, False, Unit.USDC, None, terms=TERMS)
    write(session, [requests.record_manual(asked, done, None)])  # type: ignore[arg-type]


def begin(session: db.Session) -> str:
    person_id, _ = enter(session, (email_identity("ada@example.org"),))
    account = open_shared_wallet(session, person_id, Environment.SANDBOX)
    grants, world = account.beside(Kind.GRANTS, "instance"), account.beside(Kind.WORLD, "x")
    both = (Transfer(grants, account.promo, 150, "grant"), Transfer(world, account, NANOS, "topup"))
    apply(session, (Post("topup:1", both),))
    return person_id


def test_days_and_apps_add_up(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = clock.now()
    with db.transaction() as session:
        person_id = begin(session)
        account = open_shared_wallet(session, person_id, Environment.SANDBOX)
        for day, (paywall_id, nanos) in enumerate([("pw_1", 100), ("pw_2", 200), ("pw_1", 300)]):
            monkeypatch.setattr(clock, "now", lambda day=day: start + day * DAY_SECONDS * clock.SECOND)
            charge(session, person_id, paywall_id, day, nanos)
        first = day_of(start)
        spent = [DaySpent(first, "pw_1", 100), DaySpent(first + 1, "pw_2", 200), DaySpent(first + 2, "pw_1", 300)]
        assert read_spending(session, account, 30) == spent
        assert read_spending(session, account, 2) == spent[1:] and read_spending(session, account, 1) == spent[2:]
    assert_books_balance()


@pytest.mark.unhurried
def test_a_charge_that_was_split_is_one_movement_and_filters_find_it(database: str) -> None:
    with db.transaction() as session:
        person_id = begin(session)
        account = open_shared_wallet(session, person_id, Environment.SANDBOX)
        charge(session, person_id, "pw_1", 1, 200)
        charge(session, person_id, "pw_2", 2, 70)
        whole = read_wallet_movements(session, account)
        assert [movement.amount_nanos for movement in whole] == [-70, -200, NANOS + 150]
        assert [movement.paywall_id for movement in whole] == ["pw_2", "pw_1", None]
        by_page = [read_wallet_movements(session, account, limit=1)[0]]
        while found := read_wallet_movements(session, account, after=by_page[-1].cursor, limit=1):
            by_page += found
        assert by_page == list(whole)
        assert list(read_wallet_movements(session, account, side=Side.IN)) == [whole[2]]
        assert list(read_wallet_movements(session, account, side=Side.OUT)) == list(whole[:2])
        assert list(read_wallet_movements(session, account, paywall_id="pw_1")) == [whole[1]]
    assert_books_balance()

"""Caps are budgets of a month: they follow the newest cap, and lowering one refuses only what comes after."""

import pytest

from app import db
from app.domain import clock
from app.domain.authorizations.caps import budget_id, is_month_open, month_of, open_month, read_cap, set_cap
from app.domain.errors import BadField, InsufficientFunds, NotFound
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Charge, Collected, Post, Transfer
from app.domain.money import Environment
from app.domain.people.accounts import CAP_NANOS_MAX, email_identity, enter
from app.domain.wallets.shared import open_shared_wallet
from tests.support.books import make_paywall

DAY = 24 * 3600 * clock.SECOND


def begin(session: db.Session) -> tuple[str, str, Account]:
    account_id, _ = enter(session, (email_identity("ada@example.org"),))
    wallet = open_shared_wallet(session, account_id, Environment.SANDBOX)
    apply_one(session, Post("topup:1", (Transfer(wallet.beside(Kind.WORLD, "x"), wallet, 1_000, "topup"),)))
    return account_id, make_paywall(session, {}), wallet


def spend(session: db.Session, name: str, account_id: str, paywall_id: str, wallet: Account, amount: int) -> None:
    def split(collected: Collected) -> list[Transfer]:
        return [Transfer(wallet, wallet.beside(Kind.REVENUE, paywall_id), collected.total, "charge")]

    budget = budget_id(account_id, paywall_id, month_of(clock.now()))
    apply_one(session, Charge(name, wallet, amount, split, budgets=(budget,)))


def test_a_cap_stops_what_would_exceed_it(database: str) -> None:
    with db.transaction() as session:
        account_id, paywall_id, wallet = begin(session)
        assert read_cap(session, account_id, paywall_id) is None
        set_cap(session, account_id, paywall_id, wallet, 100)
        spend(session, "chg:1", account_id, paywall_id, wallet, 60)
        with pytest.raises(InsufficientFunds) as refused:
            spend(session, "chg:2", account_id, paywall_id, wallet, 41)
        assert refused.value.short_of.startswith("cap:")
        view = read_cap(session, account_id, paywall_id)
        assert view is not None and (view.cap_nanos, view.spent_nanos, view.left_nanos) == (100, 60, 40)
        # Lowered below what is spent it takes nothing back, and raised it lets the difference through.
        set_cap(session, account_id, paywall_id, wallet, 10)
        with pytest.raises(InsufficientFunds):
            spend(session, "chg:3", account_id, paywall_id, wallet, 1)
        set_cap(session, account_id, paywall_id, wallet, 70)
        spend(session, "chg:4", account_id, paywall_id, wallet, 10)


def test_a_new_month_begins_with_the_newest_cap_and_nothing_spent(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.transaction() as session:
        account_id, paywall_id, wallet = begin(session)
        with pytest.raises(NotFound):
            open_month(session, account_id, paywall_id, wallet)
        set_cap(session, account_id, paywall_id, wallet, 100)
        set_cap(session, account_id, paywall_id, wallet, 50)
        spend(session, "chg:1", account_id, paywall_id, wallet, 50)
    now = clock.now() + 32 * DAY
    monkeypatch.setattr(clock, "now", lambda: now)
    with db.transaction() as session:
        assert not is_month_open(session, account_id, paywall_id)
        open_month(session, account_id, paywall_id, wallet)
        open_month(session, account_id, paywall_id, wallet)
        assert is_month_open(session, account_id, paywall_id)
        spend(session, "chg:2", account_id, paywall_id, wallet, 50)
        with pytest.raises(InsufficientFunds):
            spend(session, "chg:3", account_id, paywall_id, wallet, 1)


@pytest.mark.parametrize("cap", [0, -1, CAP_NANOS_MAX + 1])
def test_a_cap_that_is_not_possible_is_refused(database: str, cap: int) -> None:
    with db.transaction() as session:
        account_id, paywall_id, wallet = begin(session)
        with pytest.raises(BadField) as refused:
            set_cap(session, account_id, paywall_id, wallet, cap)
    assert refused.value.field == "cap"


@pytest.mark.parametrize(
    ("at", "month"), [(0, "1970-01"), (1_793_491_199_999_999, "2026-10"), (1_793_491_200_000_000, "2026-11")]
)
def test_a_month_is_a_calendar_month_in_utc(at: int, month: str) -> None:
    assert month_of(at) == month

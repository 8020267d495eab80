"""Every movement of a wallet, and of no other."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.domain import rows
from app.domain.earnings.charge_split import charge_split
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Charge, Hold, Post, Settle, Split, Transfer
from app.domain.money import Environment, Unit
from app.domain.pricing.quote import Tokens
from app.domain.usage import activity, requests
from app.domain.usage.activity import Movement, looked_until, read_wallet_movements
from app.domain.usage.requests import Asked, Metered
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import UserWallet, app_wallet
from tests.support.books import make_paywall
from tests.support.plans import plan_of, watched


def read_movements(session: db.Session, paywall_id: str, user: str, **more: Any) -> Sequence[Movement]:
    account = app_wallet(paywall_id, user, Environment.SANDBOX, Unit.USD).account
    return read_wallet_movements(session, account, **more)


def to_revenue(wallet: UserWallet) -> Split:
    return charge_split(wallet.account, wallet.paywall_id, None)


def fill(session: db.Session, wallet: UserWallet, count: int) -> None:
    """Deposits a lot, gives a little trial money, and charges one nano more each time."""
    account = wallet.account
    apply_one(
        session, Post(f"dep:{wallet.id}", (Transfer(account.beside(Kind.WORLD, "x"), account, 10**6, "deposit"),))
    )
    apply_one(
        session, Post(f"gift:{wallet.id}", (Transfer(account.beside(Kind.GRANTS, "x"), account.promo, 4, "grant"),))
    )
    for number in range(1, count + 1):
        request_id = f"req_{wallet.user}_{number}"
        done = apply_one(
            session,
            Charge(f"chg:{request_id}", account, number, to_revenue(wallet), request_id),
        )
        asked = Asked(request_id, None, wallet, RequestKind.MANUAL, None, None, False, Unit.USD, None)
        rows.write(session, [requests.record_manual(asked, done, None)])


def deposit_ten(session: db.Session, paywall_id: str, user: str) -> None:
    """Deposits ten nanos, and nothing else."""
    account = app_wallet(paywall_id, user, Environment.SANDBOX, Unit.USD).account
    deposit = Transfer(account.beside(Kind.WORLD, "x"), account, 10, "deposit")
    apply_one(session, Post(f"dep:{account.id}", (deposit,)))


def pages(session: db.Session, paywall_id: str, limit: int) -> list[Movement]:
    """Ada's movements, read page by page."""
    found: list[Movement] = []
    cursor: str | None = None
    while page := read_movements(session, paywall_id, "ada", after=cursor, limit=limit):
        found.extend(page)
        cursor = page[-1].cursor
    return found


@pytest.mark.unhurried
def test_movements_come_newest_first_in_pages_without_gaps(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        for user in ("ada", "bob"):
            fill(session, app_wallet(paywall_id, user, Environment.SANDBOX, Unit.USD), 9)
    with db.transaction(writes=False) as session:
        whole = read_movements(session, paywall_id, "ada", limit=100)
        assert pages(session, paywall_id, 3) == list(whole)
    # Nine charges, of which the third was paid from both purses, a gift and a deposit.
    assert [movement.amount_nanos for movement in whole] == [-9, -8, -7, -6, -5, -4, -3, -2, -1, 4, 10**6]
    assert sum(movement.amount_nanos for movement in whole) == 10**6 + 4 - 45
    assert [movement.kind for movement in whole[-2:]] == ["grant", "deposit"]
    assert all("ada" in movement.receipt.id for movement in whole if movement.receipt)


def test_a_charge_from_both_purses_is_one_movement(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        fill(session, app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD), 3)
        found = read_movements(session, paywall_id, "ada")
    parts = [movement for movement in found if movement.id == "req_ada_3"]
    assert [movement.amount_nanos for movement in parts] == [-3]
    assert [movement.receipt.charge for movement in parts if movement.receipt] == ["0.000000003"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 12, 13])
def test_pages_of_any_size_have_no_gaps_and_no_repeats(database: str, limit: int) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        wallet = app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD)
        fill(session, wallet, 9)
        whole = list(read_movements(session, paywall_id, "ada", limit=100))
        assert pages(session, paywall_id, limit) == whole
        assert len({movement.cursor for movement in whole}) == len(whole) == 11
        assert [movement.at for movement in whole] == sorted((movement.at for movement in whole), reverse=True)


def test_what_moves_while_somebody_reads_shifts_no_page(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        wallet = app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD)
        fill(session, wallet, 5)
        whole = list(read_movements(session, paywall_id, "ada", limit=100))
        page = list(read_movements(session, paywall_id, "ada", limit=3))
        apply_one(
            session, Post("dep:2", (Transfer(wallet.account.beside(Kind.WORLD, "x"), wallet.account, 7, "deposit"),))
        )
        assert page + list(read_movements(session, paywall_id, "ada", after=page[-1].cursor, limit=100)) == whole
        assert read_movements(session, paywall_id, "ada", limit=1)[0].amount_nanos == 7


def test_money_moved_between_a_wallets_own_purses_is_no_movement_and_leaves_no_gap(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        wallet = app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD)
        fill(session, wallet, 5)
        before = list(read_movements(session, paywall_id, "ada"))
        for number in range(5):
            within = Transfer(wallet.account, wallet.account.promo, 1, "grant")
            apply_one(session, Post(f"within:{number}", (within,)))
        assert list(read_movements(session, paywall_id, "ada")) == before
        assert pages(session, paywall_id, 2) == before


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "²", "٣" * 3, " 1"])
def test_a_cursor_that_is_none_starts_from_the_newest(database: str, cursor: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        fill(session, app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD), 2)
        assert read_movements(session, paywall_id, "ada", after=cursor) == read_movements(session, paywall_id, "ada")


@pytest.mark.parametrize("cursor", ["9" * 19, "9" * 30, "9" * 5_000])
def test_a_cursor_beyond_every_movement_is_no_error(database: str, cursor: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        fill(session, app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD), 1)
        assert read_movements(session, paywall_id, "ada", after=cursor) == read_movements(session, paywall_id, "ada")


def test_another_wallets_cursor_shows_nothing_of_it(database: str) -> None:
    with db.transaction() as session:
        mine, theirs = (make_paywall(session, {}) for _ in range(2))
        for paywall_id, user in ((mine, "ada"), (mine, "bob"), (theirs, "ada")):
            deposit_ten(session, paywall_id, user)
        cursor = read_movements(session, theirs, "ada")[0].cursor
        found = read_movements(session, mine, "ada", after=cursor)
        assert [movement.amount_nanos for movement in found] == [10]
        assert [movement.amount_nanos for movement in read_movements(session, theirs, "ada")] == [10]


def test_every_charge_has_its_receipt_and_other_kinds_have_none(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        fill(session, app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD), 2)
        found = read_movements(session, paywall_id, "ada")
        assert read_movements(session, paywall_id, "nobody") == []
    assert [(movement.kind, movement.receipt is not None) for movement in found] == [
        ("manual_charge", True), ("manual_charge", True), ("grant", False), ("deposit", False),
    ]  # fmt: skip


def test_a_chat_charge_says_its_model_and_tokens(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        wallet = app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD)
        deposit_ten(session, paywall_id, "ada")
        asked = Asked("req_1", None, wallet, RequestKind.CHAT, "demo-mini", "demo", True, Unit.USD, None)
        held = apply_one(session, Hold("hold:req_1", wallet.account, 5, 5, 5, "proc", "req_1"))
        rows.write(session, [requests.begin(asked, held)])
        settled = apply_one(session, Settle("hold:req_1", 3, to_revenue(wallet)))
        rows.write(session, [requests.finish(asked, Metered(Tokens(10, 20)), settled)])
        found = read_movements(session, paywall_id, "ada")[0]
    assert (found.kind, found.model, found.tokens, found.amount_nanos) == ("charge", "demo-mini", 30, -3)


def test_a_page_of_a_busy_wallet_reads_its_own_postings_and_no_others(migrated_sqlite_url: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        fill(session, app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD), 60)
        for number in range(20):
            deposit_ten(session, paywall_id, f"user-{number}")
        session.execute(text("ANALYZE"))
        with watched(session) as said:
            assert len(read_movements(session, paywall_id, "ada", limit=2)) == 2
        plans = [plan_of(session, *one) for one in said if "posting_id IN" in one[0]]
        assert plans and all("ix_ledger_transfer_posting (posting_id=?)" in plan for plan in plans), plans


def test_movements_of_one_app_are_found_among_those_of_others(database: str) -> None:
    with db.transaction() as session:
        one, other = make_paywall(session, {}), make_paywall(session, {})
        wallet = app_wallet(one, "ada", Environment.SANDBOX, Unit.USD)
        fill(session, wallet, 3)
        found = read_wallet_movements(session, wallet.account, paywall_id=one)
        assert [movement.amount_nanos for movement in found] == [-3, -2, -1]
        assert read_wallet_movements(session, wallet.account, paywall_id=other) == []


def test_of_one_app_it_looks_at_so_many_and_says_how_far(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as session:
        paywall_id, other_id = make_paywall(session, {}), make_paywall(session, {})
        wallet = app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD)
        fill(session, wallet, 9)
    account = wallet.account
    with db.transaction(writes=False) as session:
        everything = read_wallet_movements(session, account, paywall_id=paywall_id)
        assert len(everything) == 9 and looked_until(session, account) is None
        monkeypatch.setattr(activity, "LOOKED_MAX", 4)
        seen = read_wallet_movements(session, account, paywall_id=paywall_id)
        assert seen == everything[:4] and looked_until(session, account) == seen[-1].at
        assert read_wallet_movements(session, account, paywall_id=other_id) == []
        assert len(read_wallet_movements(session, account)) == 11, "what is not searched has no end"

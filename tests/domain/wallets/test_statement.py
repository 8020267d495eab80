"""What a wallet's owner sees of it."""

from dataclasses import replace

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Hold, Post, Transfer
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import read_current
from app.domain.wallets.statement import read_wallet
from app.domain.wallets.wallets import app_wallet
from tests.support import books
from tests.support.books import make_paywall


def test_a_wallet_shows_what_is_available_and_what_is_held(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        account = app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD).account
        empty = read_wallet(session, paywall_id, "ada")
        assert (empty.available_nanos, empty.held_nanos, empty.app_name) == (0, 0, "Lexica")
        apply_one(session, Post("dep:1", (Transfer(account.beside(Kind.WORLD, "x"), account, 100, "deposit"),)))
        apply_one(session, Hold("hold:1", account, 30, 30, 30, "proc"))
        view = read_wallet(session, paywall_id, "ada")
        assert (view.available_nanos, view.held_nanos, view.unit, view.environment) == (70, 30, "USD", "sandbox")
        assert read_wallet(session, paywall_id, "bob").available_nanos == 0
        assert read_wallet(session, make_paywall(session, {}), "ada").available_nanos == 0


def test_trial_money_can_be_spent_and_so_it_is_shown(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        account = app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD).account
        gifts = account.beside(Kind.GRANTS, "x")
        apply_one(session, Post("grant:1", (Transfer(gifts, account.promo, 50, "grant"),)))
        apply_one(session, Hold("hold:1", account, 20, 20, 20, "proc"))
        view = read_wallet(session, paywall_id, "ada")
    assert (view.available_nanos, view.held_nanos) == (30, 20)


def test_a_wallet_carries_the_name_that_was_published_last(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        _, first = read_current(session, paywall_id)
        books.publish(session, paywall_id, replace(first, app_name="Lexica 2", app_url="https://two.example"))
        view = read_wallet(session, paywall_id, "ada")
    assert (view.app_name, view.app_url, view.user, view.paywall_id) == (
        "Lexica 2", "https://two.example", "ada", paywall_id,
    )  # fmt: skip


def test_a_paywall_that_does_not_exist_has_no_wallets(database: str) -> None:
    with pytest.raises(NotFound), db.transaction(writes=False) as session:
        read_wallet(session, "pw_none", "ada")

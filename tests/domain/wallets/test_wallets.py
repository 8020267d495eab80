"""App wallets have an address before they have a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app import db
from app.domain.errors import BadField
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Hold, Post, Transfer
from app.domain.money import Environment, Unit
from app.domain.wallets.tables import EndUser, Wallet
from app.domain.wallets.wallets import Balance, app_wallet, check_user, open_wallet, read_balance
from tests.flows.books import make_paywall


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/"), min_size=1, max_size=128))
def test_printable_ascii_is_a_user(user: str) -> None:
    assert check_user(user) == user


@pytest.mark.parametrize("value", ["", "a b", "a/b", "ä", "x" * 129, "a\n", "\x7f", None, 7, ["a"]])
def test_anything_else_is_none(value: object) -> None:
    with pytest.raises(BadField) as refused:
        check_user(value, "X-Paywall-User")
    assert refused.value.field == "X-Paywall-User"


def test_addresses_differ_by_paywall_user_environment_and_unit() -> None:
    wallets = {
        app_wallet(paywall, user, environment, unit).account.id
        for paywall in ("pw_1", "pw_2")
        for user in ("ada", "bob")
        for environment in Environment
        for unit in Unit
    }
    assert len(wallets) == 2 * 2 * len(Environment) * len(Unit)


def test_opening_twice_is_opening_once(database: str) -> None:
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.SANDBOX, Unit.USD)
        open_wallet(session, wallet)
        open_wallet(session, wallet)
        assert [session.scalar(select(func.count()).select_from(table)) for table in (EndUser, Wallet)] == [1, 1]


def test_a_balance_has_trial_money_and_what_is_held_in_it(database: str) -> None:
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.SANDBOX, Unit.USD)
        assert read_balance(session, wallet) == Balance(0, 0)
        account = wallet.account
        gifts, world = account.beside(Kind.GRANTS, "x"), account.beside(Kind.WORLD, "x")
        apply_one(session, Post("dep:1", (Transfer(world, account, 100, "deposit"),)))
        apply_one(session, Post("grant:1", (Transfer(gifts, account.promo, 50, "grant"),)))
        apply_one(session, Hold("hold:1", account, 60, 60, 60, "proc"))
        assert read_balance(session, wallet) == Balance(150, 60)
        assert read_balance(session, wallet).available_nanos == 90

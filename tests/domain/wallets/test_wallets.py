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
from tests.support.books import make_paywall


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/"), min_size=1, max_size=128))
def test_printable_ascii_is_a_user(user: str) -> None:
    assert check_user(user) == user


@pytest.mark.parametrize(
    "value",
    ["", " ", "a b", "a/b", "/", "ä", "x" * 129, "a\n", "\n", "\x7f", "a\x00b", "１", None, 7, True, ["a"], b"a"],
)
def test_anything_else_is_none(value: object) -> None:
    with pytest.raises(BadField) as refused:
        check_user(value, "X-Paywall-User")
    assert (refused.value.field, refused.value.code) == ("X-Paywall-User", "invalid_user")


def test_addresses_differ_by_paywall_user_environment_and_unit() -> None:
    wallets = {
        app_wallet(paywall, user, environment, unit).account.id
        for paywall in ("pw_1", "pw_2")
        for user in ("ada", "bob")
        for environment in Environment
        for unit in Unit
    }
    assert len(wallets) == 2 * 2 * len(Environment) * len(Unit)


IDS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/"), min_size=1)


@pytest.mark.unhurried
@given(st.tuples(IDS, IDS), st.tuples(IDS, IDS))
def test_two_addresses_are_one_only_for_one_user_of_one_paywall(one: tuple[str, str], two: tuple[str, str]) -> None:
    first, second = (app_wallet(*names, Environment.SANDBOX, Unit.USD) for names in (one, two))
    assert (first.id == second.id) == (first.end_user_id == second.end_user_id) == (one == two)
    assert (first == second) == (one == two)


def test_an_address_says_whose_it_is_and_its_two_ids_differ() -> None:
    wallet = app_wallet("pw_1", "ada", Environment.LIVE, Unit.USDC)
    assert (wallet.paywall_id, wallet.user, wallet.account.environment, wallet.account.unit) == (
        "pw_1", "ada", "live", "USDC",
    )  # fmt: skip
    assert wallet.id.startswith("wal_") and wallet.end_user_id.startswith("usr_")
    assert wallet.account.promo.id != wallet.account.id


def test_opening_twice_is_opening_once(database: str) -> None:
    with db.transaction() as session:
        wallet = app_wallet(make_paywall(session, {}), "ada", Environment.SANDBOX, Unit.USD)
        open_wallet(session, wallet)
        open_wallet(session, wallet)
        assert [session.scalar(select(func.count()).select_from(table)) for table in (EndUser, Wallet)] == [1, 1]
        stored, user = session.scalars(select(Wallet)).one(), session.scalars(select(EndUser)).one()
    assert (stored.id, stored.account_id, stored.end_user_id) == (wallet.id, wallet.account.id, user.id)
    assert (user.external_id, user.paywall_id) == ("ada", stored.paywall_id)


def test_users_of_one_name_in_two_paywalls_have_a_wallet_each(database: str) -> None:
    with db.transaction() as session:
        for _ in range(2):
            open_wallet(session, app_wallet(make_paywall(session, {}), "ada", Environment.SANDBOX, Unit.USD))
        assert session.scalar(select(func.count()).select_from(Wallet)) == 2


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
        bob = app_wallet(wallet.paywall_id, "bob", Environment.SANDBOX, Unit.USD)
        assert read_balance(session, bob) == Balance(0, 0)


def test_what_is_held_above_what_is_there_is_not_available() -> None:
    assert Balance(5, 7).available_nanos == 0 and Balance(-5, 0).available_nanos == 0

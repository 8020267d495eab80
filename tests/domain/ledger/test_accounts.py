"""Addresses of accounts, and how far each kind may go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadOperation
from app.domain.ledger.accounts import NEVER_BELOW_ZERO, SHARED_BY_ALL, Account, Kind, kind_and_owner, parse
from app.domain.money import Environment, Unit

addresses = st.builds(
    Account,
    st.sampled_from(Environment),
    st.sampled_from(Unit),
    st.sampled_from(Kind),
    st.text(min_size=1, max_size=30),
)


@given(addresses)
def test_an_account_is_read_back_from_its_address(account: Account) -> None:
    assert parse(account.id) == account and hash(parse(account.id)) == hash(account)
    assert kind_and_owner(account.id) == (account.kind, account.owner)


@pytest.mark.parametrize(
    "address", ["", "x", "live:USD:wallet", "moon:USD:wallet:x", "live:EUR:wallet:x", "live:USD:purse:x"]
)
def test_anything_else_is_no_address(address: str) -> None:
    with pytest.raises(BadOperation):
        parse(address)


def test_what_lists_go_through_is_not_remembered() -> None:
    before = parse.cache_info().currsize
    assert kind_and_owner("live:USD:wallet:nobody-before") == (Kind.WALLET, "nobody-before")
    assert parse.cache_info().currsize == before
    for address in ("x", "live:USD:purse:x"):
        with pytest.raises(BadOperation):
            kind_and_owner(address)


@given(addresses)
def test_only_kinds_whose_money_must_be_there_have_a_floor(account: Account) -> None:
    assert account.floor == (0 if account.kind in NEVER_BELOW_ZERO else None)
    assert account.is_shared_by_all == (account.kind in SHARED_BY_ALL)


def test_a_wallet_and_its_trial_money_find_each_other() -> None:
    wallet = Account(Environment.LIVE, Unit.CREDIT, Kind.WALLET, "wal:with:colons")
    assert wallet.purse == wallet.promo.purse == (wallet, wallet.promo)
    assert wallet.promo.id == "live:CREDIT:promo:wal:with:colons"
    assert wallet.beside(Kind.REVENUE, "pw").id == "live:CREDIT:revenue:pw"

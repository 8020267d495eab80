"""What is requested leaves earnings at once, once, and what goes without an operator is counted under one turn."""

import threading

import pytest
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain.earnings.earnings import pending_account
from app.domain.errors import BadField, CoinslotError, Refused, WrongMode
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment
from app.domain.payouts import requests
from app.domain.payouts.requests import Asked
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import Payout, PayoutKind, PayoutStatus
from app.domain.paywalls.members import set_owner
from app.domain.people.accounts import email_identity, enter
from tests.support.books import PRICE, assert_books_balance, make_paywall
from tests.support.paying_out import CHAIN, ONE, ask, earn, earned, find, in_transit, make_earner, owe, statuses

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@on_sqlite
def test_whole_units_go_and_the_rest_stays(database: str) -> None:
    paywall = make_earner(6 * ONE)
    with db.transaction() as session:
        account = pending_account(Environment.SANDBOX, paywall)
        available = account.beside(Kind.EARNINGS, paywall)
        apply_one(session, Post("dust", (Transfer(account.beside(Kind.WORLD, "x"), available, 999, "charge"),)))
    payout = ask(paywall, None, "0xAda")
    assert payout.units == 6 * ONE and in_transit(payout) == 6 * ONE * 1_000
    assert earned(paywall).available_nanos == 999
    assert_books_balance()


@on_sqlite
def test_the_same_click_asks_once(database: str) -> None:
    paywall = make_earner(20 * ONE)
    first, again, other = (ask(paywall, 6 * ONE, "0xAda", click) for click in ("c1", "c1", "c2"))
    assert first.id == again.id != other.id and first.nonce != other.nonce
    assert earned(paywall).available_nanos == 8 * ONE * 1_000


@on_sqlite
def test_what_the_paywall_owes_is_repaid_first(database: str) -> None:
    paywall = make_earner(20 * ONE)
    owe(paywall, 4 * ONE)
    with pytest.raises(BadField, match=r"16\.00 USDC can be paid out now"):
        ask(paywall, 17 * ONE, "0xAda")
    payout = ask(paywall, None, "0xAda")
    stand = earned(paywall)
    assert (payout.units, stand.available_nanos, stand.owed_nanos) == (16 * ONE, 0, 0)
    assert_books_balance()


@on_sqlite
@pytest.mark.parametrize(("units", "said"), [(5 * ONE - 1, "at least 5.00"), (21 * ONE, "20.00 USDC"), (0, "at least")])
def test_too_little_and_too_much_are_refused(database: str, units: int, said: str) -> None:
    paywall = make_earner(20 * ONE)
    with pytest.raises(BadField, match=said):
        ask(paywall, units, "0xAda")
    assert earned(paywall).available_nanos == 20 * ONE * 1_000


@pytest.mark.unhurried
@on_sqlite
def test_a_test_payout_may_be_below_the_least(database: str) -> None:
    paywall = make_earner(2 * ONE)
    asked = Asked(paywall, CHAIN, "0xAda", "acc_1", "c1", 1_004_321, PayoutKind.TEST)
    with db.transaction() as session:
        assert requests.request(session, PayoutRules(), asked)[0].units == 1_004_321


@on_sqlite
def test_play_money_never_goes_by_a_live_chain(database: str) -> None:
    paywall = make_earner(20 * ONE)
    with db.transaction() as session, pytest.raises(Refused, match=f"{paywall} has no live earnings"):
        requests.request(session, PayoutRules(), Asked(paywall, 137, "0xAda", "acc_1", "c1"))
    assert earned(paywall).available_nanos == 20 * ONE * 1_000


@on_sqlite
def test_no_payout_while_another_paywall_of_the_owner_owes(database: str) -> None:
    paywall, other = make_earner(20 * ONE), make_earner(ONE)
    with db.transaction() as session:
        account, _ = enter(session, (email_identity("dev@example.com"),))
        set_owner(session, paywall, account)
        set_owner(session, other, account)
    owe(other, 2 * ONE)
    with pytest.raises(Refused, match=f"{other} owes 2.00 USDC"):
        ask(paywall, None, "0xAda")
    earn(paywall, ONE)
    assert statuses() == []


@on_sqlite
def test_a_paywall_with_its_own_money_has_no_payouts(database: str) -> None:
    with db.transaction() as session:
        paywall = make_paywall(session, {"demo-mini": PRICE})
    with pytest.raises(WrongMode):
        ask(paywall, None, "0xAda")


@on_sqlite
def test_above_a_limit_an_operator_lets_it_through(database: str) -> None:
    rules = PayoutRules(payout_units_max=10 * ONE, day_units_max=15 * ONE)
    large = ask(make_earner(11 * ONE), None, "0xA", rules=rules)
    first = ask(make_earner(9 * ONE), None, "0xB", rules=rules)
    second = ask(make_earner(7 * ONE), None, "0xC", rules=rules)
    third = ask(make_earner(6 * ONE), None, "0xD", rules=rules)
    waiting, let = PayoutStatus.WAITING, PayoutStatus.REQUESTED
    assert [large.status, first.status, second.status, third.status] == [waiting, let, waiting, let]
    with db.transaction() as session:
        assert requests.approve(session, large.id, "acc_op") and not requests.approve(session, large.id, "acc_op")
    assert find(large.id).status is let and find(large.id).released_by == "acc_op"


@on_sqlite
def test_play_money_can_go_to_no_live_chain(database: str) -> None:
    paywall = make_earner(20 * ONE)
    with pytest.raises((IntegrityError, CoinslotError)), db.transaction() as session:
        requests.request(session, PayoutRules(), Asked(paywall, 137, "0xAda", "acc_1", "c1"))
    assert earned(paywall).available_nanos == 20 * ONE * 1_000


@pytest.mark.unhurried
def test_many_at_once_get_no_more_than_the_day_lets_through(database: str) -> None:
    """Requests of different paywalls share no other row than their chain's turn."""
    paywalls = [make_earner(10 * ONE) for _ in range(12)]
    rules = PayoutRules(day_units_max=50 * ONE)
    start, errors = threading.Barrier(len(paywalls)), []

    def run(paywall: str) -> None:
        start.wait()
        try:
            ask(paywall, None, "0xAda", new_id("c"), rules)
        except CoinslotError as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(paywall,)) for paywall in paywalls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert statuses().count(PayoutStatus.REQUESTED) == 5 and statuses().count(PayoutStatus.WAITING) == 7


def test_two_of_one_paywall_at_once_share_its_money(database: str) -> None:
    paywall, done = make_earner(10 * ONE), list[Payout | CoinslotError]()
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        try:
            done.append(ask(paywall, 5 * ONE, "0xAda"))
        except CoinslotError as error:
            done.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, Payout) for one in done) == 2 and earned(paywall).available_nanos == 0
    assert_books_balance()

"""Trial money is given once to a person and an identity, and to a few people a day on one network."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain import clock
from app.domain.money import Environment
from app.domain.people.accounts import email_identity, enter
from app.domain.wallets.shared import open_shared_wallet, read_shared_balance, shared_account
from app.domain.wallets.trial import DAY_SECONDS, Outcome, TrialRules, give_trial, mark_had
from tests.support.books import assert_books_balance

RULES = TrialRules(200, 3)
SANDBOX, LIVE = Environment.SANDBOX, Environment.LIVE


def person(name: str) -> str:
    with db.transaction() as session:
        return enter(session, (email_identity(f"{name}@example.org"),))[0]


def give(
    account_id: str, identities: Sequence[str], address: str = "10.0.0.1", environment: Environment = SANDBOX
) -> Outcome:
    with db.transaction() as session:
        wallet = open_shared_wallet(session, account_id, environment)
        return give_trial(session, RULES, account_id, identities, wallet, address)


def trial_of(account_id: str, environment: Environment = SANDBOX) -> int:
    with db.transaction(writes=False) as session:
        return read_shared_balance(session, shared_account(account_id, environment)).trial_nanos


def test_a_person_and_an_identity_have_one_trial_in_each_environment(database: str) -> None:
    ada, bob = person("ada"), person("bob")
    assert give(ada, ["idn_1", "idn_2"]) == "given"
    assert give(ada, ["idn_1", "idn_2"]) == "had" == give(ada, ["idn_3"])
    assert give(bob, ["idn_2", "idn_4"]) == "had"
    assert give(ada, ["idn_1"], environment=LIVE) == "given"
    assert (trial_of(ada), trial_of(bob), trial_of(ada, LIVE)) == (200, 0, 200)
    assert give(bob, []) == "had"
    assert_books_balance()


def test_a_network_gives_only_so_many_a_day(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [person(f"p{number}") for number in range(5)]
    outcomes = [give(account_id, [f"idn_{account_id}"]) for account_id in people]
    assert outcomes == ["given"] * 3 + ["refused"] * 2
    assert give(people[3], ["idn_x"], "10.0.0.2") == "given"
    now = clock.now() + (DAY_SECONDS + 1) * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)
    assert give(people[4], ["idn_y"]) == "given"


@pytest.mark.unhurried
def test_nothing_is_given_where_the_operator_gives_nothing(database: str) -> None:
    ada = person("ada")
    with db.transaction() as session:
        wallet = open_shared_wallet(session, ada, SANDBOX)
        assert give_trial(session, TrialRules(0, 3), ada, ["idn_1"], wallet, "") == "had"
    assert trial_of(ada) == 0


def test_many_at_once_give_one(database: str) -> None:
    ada = person("ada")

    def try_it(_: int) -> str:
        try:
            return give(ada, ["idn_1", "idn_2"])
        except IntegrityError:
            return "lost"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(try_it, range(8)))
    assert outcomes.count("given") == 1 and trial_of(ada) == 200
    assert_books_balance()


def test_ipv6_counts_by_the_line_and_so_do_those_who_come_at_once(database: str) -> None:
    people = [person(f"p{number}") for number in range(8)]

    def ask(number: int) -> Outcome:
        return give(people[number], [f"idn_{number}"], f"2001:db8:0:1:{number:x}::1")

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(8)))
    assert sorted(found) == ["given"] * RULES.of_address_max + ["refused"] * (8 - RULES.of_address_max)
    assert give(person("other"), ["idn_x"], "2001:db8:0:2::1") == "given"
    assert_books_balance()


@pytest.mark.unhurried
def test_a_card_of_somebody_who_had_their_trial_marks_another_as_had_and_takes_nothing_back(database: str) -> None:
    ada, bob, eve = person("ada"), person("bob"), person("eve")
    assert give(ada, ["idn_1"]) == "given"
    with db.transaction() as session:
        for _ in range(2):
            mark_had(session, bob, [ada], "card:4242")
            mark_had(session, ada, [bob], "card:4242")
        mark_had(session, eve, [bob], "card:1111")  # bob was only marked
        mark_had(session, eve, [], "card:1111")
    assert give(bob, ["idn_2"]) == "had" and give(bob, ["idn_2"], environment=LIVE) == "given"
    assert give(eve, ["idn_3"]) == "given" and trial_of(ada) == 200
    assert_books_balance()

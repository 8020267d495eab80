"""People get trial money where there is a shared paywall to try, once."""

import pytest

from app import db, settings
from app.domain.money import NANOS
from app.domain.paywalls.archiving import set_archived
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.paywall import lock_paywall
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.credits import credits_of, open_credits
from tests.support.crowd import purse, sign_in


@pytest.mark.unhurried
async def test_money_to_try_comes_with_the_first_sign_in_and_never_again(database: str) -> None:
    make_snapshot()
    ada, _ = await sign_in("ada@example.org")
    assert purse(ada).trial_nanos == 0
    make_snapshot(mode=Mode.SHARED)
    for _ in range(2):
        ada, _ = await sign_in("ada@example.org")
        assert purse(ada).trial_nanos == NANOS // 5
    assert_books_balance()


@pytest.mark.parametrize(("credits", "most"), [(0, 5), (50, 1)])
async def test_the_operator_says_how_much_and_to_how_many(database: str, credits: int, most: int) -> None:
    chosen = settings.get()
    settings.configure(
        data=chosen.data, database_url=database, trial_credits=credits, trials_of_address_max=most
    )  # fmt: skip
    make_snapshot(mode=Mode.SHARED)
    people = [(await sign_in(f"p{number}@example.org"))[0] for number in range(2)]
    assert [purse(person).trial_nanos for person in people] == [credits * NANOS // 100, 0]


async def test_credits_are_what_is_tried_where_they_are_served_and_usdc_where_they_are_archived(database: str) -> None:
    make_snapshot(mode=Mode.SHARED)
    paywall_id = await open_credits()
    ada, _ = await sign_in("ada@example.org")
    assert (credits_of(ada).trial_nanos, purse(ada).trial_nanos) == (20 * NANOS, 0)
    with db.transaction() as session:
        set_archived(session, lock_paywall(session, paywall_id), is_archived=True)
    bo, _ = await sign_in("bo@example.org")
    assert (credits_of(bo).trial_nanos, purse(bo).trial_nanos) == (0, NANOS // 5)
    assert_books_balance()

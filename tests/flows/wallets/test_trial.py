"""People get trial money where there is a shared paywall to try, once."""

import pytest

from app import settings
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from tests.support.books import assert_books_balance, make_snapshot
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

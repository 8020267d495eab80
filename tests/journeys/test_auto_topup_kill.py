"""Acceptance 3: many wallets on one account fall below at the same second, and workers are killed while they fill them.

The numbers of a full run (1,000 wallets, three workers, two killed) are measured by `tests/bench/money.py`.
"""

from collections.abc import Callable

import pytest

from app import db, settings
from tests.support.books import assert_books_balance
from tests.support.many_wallets import fill, prepare
from tests.support.stripe_bank import StripeBank

LIMIT = 25
"""What Stripe answers in a second in test mode."""


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_no_wallet_is_charged_twice_though_a_worker_is_killed(
    migrated_postgres_url: str, data_dir: object, stripe_bank: StripeBank, amount: Callable[[str], int]
) -> None:
    """Only processes that are really killed, beside others, leave a claim of which nobody knows whether it was sent."""
    settings.configure(data=data_dir, database_url=migrated_postgres_url)
    db.dispose()
    shop, wallets = stripe_bank.account(), amount("filled-wallets")
    prepare(shop, wallets)
    shop.switch(rate_limit=LIMIT)
    outcome = fill(settings.get().database, shop, wallets, workers=3, killed=1)
    assert (outcome.filled, outcome.payments, outcome.twice, outcome.declined) == (wallets, wallets, 0, 0)
    assert_books_balance()
    db.dispose()

"""Credits for tests: the operator's own paywall in the sandbox, and people who pay with an account's own key."""

from collections.abc import Sequence

from app import db
from app.domain.ledger.accounts import Account
from app.domain.money import NANOS, Unit
from app.domain.paywalls.provider import ProviderSetting
from app.domain.people.account_keys import make_account_key
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import NewPrice
from app.domain.wallets.shared import SharedBalance, open_shared_wallet, read_shared_balance
from app.flows.callers.snapshot import Snapshot, read_account_snapshot
from app.flows.wallets.credits import keep_sandbox
from tests.support.crowd import SANDBOX, sign_in

FREE = NewPrice("demo-free", 0, 0)
PRICED = NewPrice("demo-mini", 100 * NANOS, 1_000 * NANOS)
"""A hundredth of a credit for each token of the prompt, a tenth for each of the answer."""


async def open_credits(prices: Sequence[NewPrice] = (FREE, PRICED)) -> str:
    """Makes the paywall of play credits, and returns its id."""
    return await keep_sandbox(ProviderSetting("demo"), prices)


async def someone_with_key(email: str = "ada@example.org") -> tuple[Person, Snapshot]:
    """Returns somebody who signs in, gets their free credits, and makes a key; and what the key stands for."""
    person, _ = await sign_in(email)
    with db.transaction() as session:
        key = make_account_key(session, person.account_id, SANDBOX)
        return person, read_account_snapshot(session, key, NANOS)


def credits_account(person: Person) -> Account:
    """Returns the ledger account of a person's credits, opened."""
    with db.transaction() as session:
        return open_shared_wallet(session, person.account_id, SANDBOX, Unit.CREDIT)


def credits_of(person: Person) -> SharedBalance:
    """Returns what a person's wallet of credits has."""
    account = credits_account(person)
    with db.transaction(writes=False) as session:
        return read_shared_balance(session, account)

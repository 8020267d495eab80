"""What tests of money share: a paywall with prices, a queue, and the question whether the books balance."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy.orm import Session

from app import db
from app.commit_queue import CommitQueue
from app.domain.ids import new_id
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls import configuration, keys
from app.domain.paywalls.configuration import Configuration, ProviderSetting
from app.domain.paywalls.modes import Mode
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice
from app.flows.callers.snapshot import Snapshot, read_snapshot
from app.flows.upkeep.audit import audit
from app.flows.wallets.deposit import deposit

PRICE = NewPrice("demo-mini", NANOS, 2 * NANOS, markup_basis_points=1_000)


def make_paywall(
    session: Session,
    prices: Mapping[str, NewPrice],
    provider: ProviderSetting | None = None,
    mode: Mode = Mode.DEFAULT,
    markup_basis_points: int = 0,
) -> str:
    """Creates a paywall with prices, and returns its id: in the sandbox, unless the operator's provider serves it."""
    paywall_id, chosen = new_id("pw"), provider or ProviderSetting("demo")
    first = Configuration("Lexica", chosen, "https://lexica.example", markup_basis_points=markup_basis_points)
    unit = Unit.USDC if mode is Mode.SHARED else Unit.USD
    environment = Environment.LIVE if chosen.is_operators else Environment.SANDBOX
    configuration.create_paywall(session, paywall_id, mode, environment, unit, first)
    for price in prices.values():
        price_book.set_price(session, paywall_id, price)
    return paywall_id


def make_snapshot(
    prices: Mapping[str, NewPrice] | None = None, provider: ProviderSetting | None = None, mode: Mode = Mode.DEFAULT
) -> Snapshot:
    """Creates a paywall with a key, and returns what the key stands for."""
    key = keys.new_key(Environment.SANDBOX)
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"demo-mini": PRICE} if prices is None else prices, provider, mode)
        keys.add_key(session, paywall_id, key)
        return read_snapshot(session, key)


async def give(snapshot: Snapshot, user: str, nanos: int) -> None:
    """Deposits money for a user."""
    await deposit(snapshot, user, nanos, None, None)


@asynccontextmanager
async def running_queue() -> AsyncIterator[CommitQueue]:
    """Runs a commit queue."""
    queue = CommitQueue(1_000, 100)
    queue.start()
    try:
        yield queue
    finally:
        await queue.drain()


def assert_books_balance() -> None:
    """Fails with every broken row."""
    with db.transaction(writes=False) as session:
        findings = list(audit(session))
    assert findings == []

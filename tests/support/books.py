"""What tests of money share: a paywall with prices, a queue, and the question whether the books balance."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy.orm import Session

from app import db
from app.commit_queue import CommitQueue
from app.domain.ids import new_id
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls import keys, versions
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.paywalls.versions import Edition, open_edition, open_first_edition
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.tables import RetiredBecause
from app.flows.callers.snapshot import Snapshot, read_snapshot
from app.flows.upkeep.audit import audit
from app.flows.wallets.deposit import deposit

Providers = ProviderSetting | tuple[ProviderSetting, ...] | None
"""Who serves a paywall of a test's: one, several, or the demo's provider for None."""
PRICE = NewPrice("demo-mini", NANOS, 2 * NANOS, markup_basis_points=1_000)


def make_paywall(
    session: Session,
    prices: Mapping[str, NewPrice],
    provider: Providers = None,
    mode: Mode = Mode.DEFAULT,
    markup_basis_points: int = 0,
) -> str:
    """Creates a paywall with prices, and returns its id: in the sandbox, unless the operator's provider serves it."""
    paywall_id, chosen = new_id("pw"), provider or ProviderSetting("demo")
    providers = chosen if isinstance(chosen, tuple) else (chosen,)
    first = Configuration("Lexica", providers, "https://lexica.example", markup_basis_points=markup_basis_points)
    unit = Unit.USDC if mode is Mode.SHARED else Unit.USD
    environment = Environment.LIVE if any(one.is_operators for one in providers) else Environment.SANDBOX
    edition = open_first_edition(session, paywall_id, mode, environment, unit, first)
    price_book.set_prices(edition, prices.values())
    versions.publish(edition)
    return paywall_id


def create_paywall(
    session: Session, paywall_id: str, mode: Mode, environment: Environment, unit: Unit, first: Configuration
) -> None:
    """Creates a paywall without prices. Raises BadField."""
    versions.publish(open_first_edition(session, paywall_id, mode, environment, unit, first))


@contextmanager
def editing(session: Session, paywall_id: str, made_by: str | None = None) -> Iterator[Edition]:
    """Begins a version of a paywall, and publishes it if it changes anything. Raises BadField, NotFound."""
    edition = open_edition(session, paywall_id, made_by)
    yield edition
    versions.publish(edition)


def publish(session: Session, paywall_id: str, configuration: Configuration) -> int:
    """Publishes a configuration, and returns the number of its version. Raises BadField, NotFound."""
    with editing(session, paywall_id) as edition:
        edition.configuration = configuration
    return edition.number if edition.is_changed else edition.paywall.version


def set_price(session: Session, paywall_id: str, new: NewPrice) -> int:
    """Publishes a price, and returns the version of that price. Raises BadField."""
    with editing(session, paywall_id) as edition:
        return price_book.set_price(edition, new)


def set_prices(session: Session, paywall_id: str, prices: Iterable[NewPrice]) -> list[str]:
    """Publishes prices, and returns the models for which that changed something. Raises BadField."""
    with editing(session, paywall_id) as edition:
        return price_book.set_prices(edition, prices)


def retire(session: Session, paywall_id: str, model: str, because: RetiredBecause = RetiredBecause.DEVELOPER) -> bool:
    """Publishes that a model is off; tells whether it was on."""
    with editing(session, paywall_id) as edition:
        return price_book.retire(edition, model, because)


def note_unpriced(session: Session, paywall_id: str, model: str) -> None:
    """Publishes that nobody knows what a model costs."""
    with editing(session, paywall_id) as edition:
        price_book.note_unpriced(edition, model)


def make_snapshot(
    prices: Mapping[str, NewPrice] | None = None, provider: Providers = None, mode: Mode = Mode.DEFAULT
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

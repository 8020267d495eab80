"""Requests that ended on a day, and what their provider said that they cost."""

from sqlalchemy import update

from app import db
from app.domain import clock, rows
from app.domain.ids import new_id
from app.domain.ledger.operations import Applied
from app.domain.money import NANOS, Environment, Unit
from app.domain.pricing.quote import Price, Tokens
from app.domain.pricing.split import SplitTerms
from app.domain.usage import requests
from app.domain.usage.requests import TABLE, Asked, Metered
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet

PRICE = Price("prc_1", "m", 1, Unit.USD, NANOS, NANOS, 2 * NANOS, markup_basis_points=5_000)
OWN = Price("prc_2", "m", 1, Unit.USDC, 9 * NANOS, 9 * NANOS, 9 * NANOS, cost=PRICE)
IN_CREDITS = Price("prc_3", "m", 1, Unit.CREDIT, 100 * NANOS, 100 * NANOS, 200 * NANOS)
TODAY = clock.now() // clock.DAY * clock.DAY
DAY = clock.to_iso(TODAY)[:10]
USED = Tokens(100, 50)  # 200,000 nanos of a dollar by each of the three


def done(
    model: str,
    said: int | None,
    price: Price = PRICE,
    provider: str = "built-in",
    at: int = TODAY,
    late: int | None = None,
) -> None:
    """Writes a request that has ended."""
    wallet = app_wallet("pw_1", "ada", Environment.SANDBOX, price.unit)
    terms = SplitTerms(100, pays_provider=True) if price.unit is Unit.USDC else None
    asked = Asked(new_id("req"), None, wallet, RequestKind.CHAT, model, provider, False, price.unit, price, None, terms)
    ended = requests.finish(asked, Metered(USED, provider_cost_nanos=said), Applied(amount=1, late=late))
    with db.transaction() as session:
        rows.write(session, [requests.begin(asked, Applied(amount=9)), ended])
        session.execute(update(TABLE).where(TABLE.c.id == asked.id).values(created_at=at))

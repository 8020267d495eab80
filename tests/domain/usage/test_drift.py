"""What we say that a day cost, beside what the provider says."""

from fractions import Fraction

from sqlalchemy import update

from app import db
from app.domain import clock, rows
from app.domain.ids import new_id
from app.domain.ledger.operations import Applied
from app.domain.money import NANOS, Environment, Unit
from app.domain.pricing.quote import Price, Tokens
from app.domain.pricing.split import SplitTerms
from app.domain.usage import requests
from app.domain.usage.drift import Drift, measure_drift, read_drift, write_drift
from app.domain.usage.requests import TABLE, Asked, Metered
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
    asked = Asked(new_id("req"), None, wallet, "chat", model, provider, False, price.unit, price, None, terms)
    ended = requests.finish(asked, Metered(USED, provider_cost_nanos=said), Applied(amount=1, late=late))
    with db.transaction() as session:
        rows.write(session, [requests.begin(asked, Applied(amount=9)), ended])
        session.execute(update(TABLE).where(TABLE.c.id == asked.id).values(created_at=at))


def measured(day_start: int = TODAY) -> list[Drift]:
    with db.transaction(writes=False) as session:
        return measure_drift(session, day_start)


def test_each_model_is_summed_without_markup_in_dollars(database: str) -> None:
    for price in (PRICE, OWN, IN_CREDITS):
        done("a", 150_000, price)
    done("b", 0)
    done("a", 1, provider="own")
    done("c", None)  # a provider that says nothing cannot be compared
    assert measured() == [
        Drift(DAY, "built-in", "a", 3, 600_000, 450_000), Drift(DAY, "built-in", "b", 1, 200_000, 0),
        Drift(DAY, "own", "a", 1, 200_000, 1),
    ]  # fmt: skip
    assert [drift.share for drift in measured()][:2] == [Fraction(1, 3), 1]


def test_a_day_is_from_midnight_to_midnight(database: str) -> None:
    for at in (TODAY - 1, TODAY, TODAY + clock.DAY - 1, TODAY + clock.DAY):
        done("a", 5, at=at)
    assert [drift.requests for drift in measured()] == [2]
    assert [drift.requests for drift in measured(TODAY - clock.DAY)] == [1]


def test_what_came_late_counts_by_its_second_line(database: str) -> None:
    done("a", 200_000, late=1)
    assert [(drift.own_nanos, drift.share) for drift in measured()] == [(200_000, 0)]


def test_what_is_measured_again_replaces_what_was_kept(database: str) -> None:
    older = Drift("2026-01-01", "built-in", "a", 1, 2, 3)
    first, again = Drift(DAY, "built-in", "a", 1, 2, 3), Drift(DAY, "built-in", "a", 4, 5, 6)
    with db.transaction() as session:
        assert read_drift(session) == []
        for kept in ([older, first], [], [again]):
            write_drift(session, kept)
        assert (read_drift(session), read_drift(session, "2026-01-01")) == ([again], [older])
        assert read_drift(session, "2025-01-01") == []

"""Very many requests: what pages read of them is what the ledger and the receipts say, day by day.

Only a size like this finds what goes wrong between batches, or in a plan of the database's that changes as tables grow.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app import db, settings
from app.domain.rollups import audit, building
from app.domain.rollups.reading import USERS_MAX, read_days, read_numbers, read_top_users, today
from app.domain.rollups.sums import NOTHING, plus
from app.domain.rollups.zones import date_of, day_of
from app.flows.upkeep import rollups
from app.flows.upkeep.audit import audit as audit_all
from tests.bench.seed import Size, seed
from tests.support.rolled import hands
from tests.support.seeded import many_requests

ZONE = "America/New_York"
BATCH = 1_000
"""How many requests are counted at once: fewer than a day has, so that days and batches still overlap. A long run
counts 200 at once, as in use, where a third of the time goes into beginning and ending batches."""
CHARGES = text("""
    SELECT t.amount, t.created_at, r.external_id, t.type FROM ledger_transfer t JOIN request r ON r.id = t.request_id
    WHERE r.paywall_id = :paywall_id
""")


async def test_a_small_seeded_database_has_books_that_balance(database: str) -> None:
    seed(Size(requests=800, users=30, models=3, days=20))
    await rollups.count()
    with db.transaction(writes=False) as session:
        assert list(audit_all(session)) == []


@pytest.mark.slow
async def test_what_is_read_of_many_requests_is_what_the_ledger_says(
    amount: Callable[[str], int], is_long: bool, tmp_path_factory: pytest.TempPathFactory, data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Only at such a size do batches, days and lists of users overlap as they do in use."""
    size = Size(amount("counted-requests"))
    many = many_requests(tmp_path_factory, size)
    many.copy_to(data_dir / "coinslot.db")
    if not is_long:
        monkeypatch.setattr(rollups, "BATCH", BATCH)
    settings.configure(data=data_dir)
    with hands():
        paywall_id = many.seeded.paywalls[0]
        while await rollups.count():
            pass
        with db.transaction() as session:
            building.choose_zone(session, paywall_id, ZONE)
        assert await rollups.build() == 1
        assert await rollups.list_top() == 2
        gross: dict[object, int] = defaultdict(int)
        refunds: dict[object, int] = defaultdict(int)
        users: dict[object, set[str]] = defaultdict(set)
        spent: dict[str, int] = defaultdict(int)
        with db.transaction(writes=False) as session:
            assert list(audit.check_all(session, lambda _name, _share: None)) == []
            last = today(session, paywall_id)
            for nanos, at, user, kind in session.execute(CHARGES, {"paywall_id": paywall_id}):
                day = date_of(day_of(ZONE, at))
                (refunds if kind == "refund" else gross)[day] += nanos
                users[day].add(user)
                if kind == "charge" and last - day < timedelta(30):
                    spent[user] += nanos
            days = read_days(session, paywall_id, last - timedelta(size.days + 1), last)
            for one in days:
                assert (one.sums.gross_nanos, one.sums.refunds_nanos) == (gross[one.day], refunds[one.day]), one.day
                assert one.users == len(users[one.day]), one.day
            whole = read_numbers(session, [paywall_id], days[0].day, last)[paywall_id]
            total = NOTHING
            for one in days:
                total = plus(total, one.sums)
            assert whole.sums == total
            assert whole.users.count == len(set().union(*users.values())) < USERS_MAX
            assert total.gross_nanos == sum(gross.values()) and total.requests == size.requests // 2
            top = [(best.user, best.sums.gross_nanos) for best in read_top_users(session, paywall_id, 30)]
            assert top == sorted(spent.items(), key=lambda item: (-item[1], item[0]))[:100]

"""What was earned waits, and then is there, once."""

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain import clock
from app.domain.earnings import earnings
from app.domain.earnings.earnings import Earnings, read_earnings
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.flows.callers.standing import Standings
from app.flows.limits.spending import SpendLimits
from tests.support.books import assert_books_balance, make_snapshot, running_queue
from tests.support.crowd import SANDBOX, connect, sign_in, top_up
from tests.support.handed import charge, mature_earnings

pytestmark = pytest.mark.plain_sql

DAY = 24 * 3600 * clock.SECOND


@pytest.mark.unhurried
async def test_earnings_wait_thirty_days(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED, provider=ProviderSetting("own", "https://x.example/v1"))
    ada, _ = await sign_in("ada@example.org")
    top_up(ada, 10 * NANOS)
    await connect(snapshot, ada)
    async with running_queue() as queue:
        done = await charge(queue, Standings(), SpendLimits(), snapshot, "u1", 2 * NANOS, None, None, "req_1", None)
    assert done.success

    def stand() -> Earnings:
        with db.transaction(writes=False) as session:
            return read_earnings(session, SANDBOX, snapshot.paywall_id)

    earned = stand().pending_nanos
    assert earned == 1_782_000_000  # 0.20 of it was trial money, which earns nothing; 1 % of the rest is the fee
    assert await mature_earnings() == 0 and stand() == Earnings(earned, 0, 0)
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + 31 * DAY)
    assert await mature_earnings() == 1 and stand() == Earnings(0, earned, 0)
    assert await mature_earnings() == 0
    assert_books_balance()


async def test_an_account_that_finds_a_bug_keeps_no_other_from_its_earnings(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    matured: list[str] = []

    def mature(session: db.Session, account_id: str, before: int) -> int:
        matured.append(account_id)
        return 1 // len(account_id)

    monkeypatch.setattr(earnings, "list_pending", lambda session: ["a", "", "c"])
    monkeypatch.setattr(earnings, "mature", mature)
    with capture_logs() as logs:
        assert await mature_earnings() == 2
    assert matured == ["a", "", "c"] and [line["log_level"] for line in logs] == ["info", "error", "info"]

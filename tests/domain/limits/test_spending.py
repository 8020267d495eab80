"""Limits of spending are budgets of a day and a month, opened with the caps that were published last."""

from datetime import UTC, datetime

import pytest

from app import db
from app.domain import clock
from app.domain.errors import NotFound, StaleDecision
from app.domain.ledger.operations import Epoch
from app.domain.limits.spending import (
    Period,
    SpendLimit,
    first_short,
    left_nanos,
    open_spend_limits,
    read_budgets,
    spend_limits,
)
from app.domain.paywalls.limit_overrides import set_override
from app.domain.paywalls.limits import NONE, KeyLimits, Limits, Scope
from app.flows.callers.snapshot import Snapshot
from tests.support.books import make_snapshot

BOTH = Limits(spend_per_day_nanos=100, spend_per_month_nanos=1_000)
LIMITS = KeyLimits(BOTH, {"bob": NONE}, Limits(spend_per_day_nanos=300), NONE)


def at(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * clock.SECOND  # type: ignore[arg-type,misc]


def epoch_of(snapshot: Snapshot) -> Epoch:
    return next(epoch for epoch in snapshot.epochs if epoch.subject.startswith("paywall:"))


def test_a_users_spending_counts_by_day_and_month_until_midnight_utc() -> None:
    limits = spend_limits(LIMITS, "pw_1", "key_1", "ada", at(2024, 2, 29, 23, 59, 59))
    assert limits == (
        SpendLimit("limit:pw_1:user:ada:day:2024-02-29", Scope.USER, Period.DAY, 100, at(2024, 3, 1)),
        SpendLimit("limit:pw_1:user:ada:month:2024-02", Scope.USER, Period.MONTH, 1_000, at(2024, 3, 1)),
        SpendLimit("limit:pw_1:key:key_1:day:2024-02-29", Scope.KEY, Period.DAY, 300, at(2024, 3, 1)),
    )
    (only,) = spend_limits(LIMITS, "pw_1", "key_1", "bob", at(2024, 12, 31))
    assert (only.scope, only.ends_at) == (Scope.KEY, at(2025, 1, 1))


@pytest.mark.unhurried
def test_budgets_are_opened_once_and_follow_the_newest_limit(database: str) -> None:
    snapshot = make_snapshot()
    limits = spend_limits(LIMITS, snapshot.paywall_id, "key_1", "ada", clock.now())
    raised = tuple(SpendLimit(each.budget_id, each.scope, each.period, 5_000, each.ends_at) for each in limits)
    with db.transaction() as session:
        wallet = snapshot.wallet("ada").account
        assert left_nanos(session, limits) == 100 and left_nanos(session, ()) is None
        for _ in range(2):
            open_spend_limits(session, snapshot.paywall_id, wallet, epoch_of(snapshot), limits)
        assert sorted(budget.cap for budget in read_budgets(session, limits).values()) == [100, 300, 1_000]
        open_spend_limits(session, snapshot.paywall_id, wallet, epoch_of(snapshot), raised)
        assert {budget.cap for budget in read_budgets(session, limits).values()} == {5_000}
        assert left_nanos(session, raised) == 5_000
        open_spend_limits(session, snapshot.paywall_id, wallet, epoch_of(snapshot), limits)
        assert sorted(budget.cap for budget in read_budgets(session, limits).values()) == [100, 300, 1_000]


@pytest.mark.unhurried
def test_limits_that_hold_no_longer_open_nothing(database: str) -> None:
    snapshot = make_snapshot()
    limits = spend_limits(LIMITS, snapshot.paywall_id, "key_1", "ada", clock.now())
    wallet = snapshot.wallet("ada").account
    with db.transaction() as session:
        set_override(session, snapshot.paywall_id, Scope.USER, "ada", BOTH)
        with pytest.raises(StaleDecision):
            open_spend_limits(session, snapshot.paywall_id, wallet, epoch_of(snapshot), limits)
        assert read_budgets(session, limits) == {}
        with pytest.raises(NotFound):
            open_spend_limits(session, "pw_none", wallet, epoch_of(snapshot), limits)


@pytest.mark.unhurried
def test_the_limit_that_is_short_for_longest_is_the_one_that_is_named(database: str) -> None:
    snapshot = make_snapshot()
    limits = spend_limits(LIMITS, snapshot.paywall_id, "key_1", "ada", at(2024, 2, 10))
    with db.transaction() as session:
        assert first_short(session, limits, 100) is None
        day, month = first_short(session, limits, 101), first_short(session, limits, 1_001)
    assert day is not None and (day.scope, day.period) == (Scope.USER, Period.DAY)
    assert month is not None and month.period is Period.MONTH

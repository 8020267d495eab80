"""What a goal prefers is what did best by it, among models that were called often enough."""

import pytest

from app.domain.credits.report import Goal, ModelRecord, best_of

QUICK = ModelRecord("quick", calls=10, answered=5, microseconds=5_000, charge_nanos=50, tokens=1)
CHEAP = ModelRecord("cheap", calls=10, answered=8, microseconds=80_000, charge_nanos=8, tokens=1)
SURE = ModelRecord("sure", calls=10, answered=10, microseconds=90_000, charge_nanos=90, tokens=1)
SELDOM = ModelRecord("seldom", calls=2, answered=2, microseconds=2, charge_nanos=0, tokens=1)
NEVER = ModelRecord("never", calls=10, answered=0, microseconds=0, charge_nanos=0, tokens=0)
ALL = (QUICK, CHEAP, SURE, SELDOM, NEVER)


@pytest.mark.parametrize(
    ("goal", "best"),
    [(Goal.LATENCY, QUICK), (Goal.COST, CHEAP), (Goal.RELIABILITY, SURE), (Goal.BALANCED, SURE)],
)
def test_each_goal_prefers_its_own(goal: Goal, best: ModelRecord) -> None:
    assert best_of(ALL, goal, 3) is best and best_of(ALL[::-1], goal, 3) is best


@pytest.mark.parametrize("goal", Goal)
def test_who_was_called_too_seldom_or_never_answered_is_preferred_by_none(goal: Goal) -> None:
    assert best_of(ALL, goal, 11) is None and best_of((NEVER,), goal, 1) is None
    assert best_of((SELDOM, NEVER), goal, 1) is SELDOM

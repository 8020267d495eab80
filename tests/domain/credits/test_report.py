"""What a goal prefers is what did best by it, among models that were called often enough."""

import pytest

from app import db
from app.domain.clock import DAY, now
from app.domain.credits.report import Goal, ModelRecord, best_of, read_records
from app.domain.errors import ProviderFailed
from app.formats.account.modes import read_compare
from tests.support.books import running_queue
from tests.support.panels import SAID, Models, Panels, credits_a_thousand, paying, saying

QUICK = ModelRecord("quick", calls=10, answered=5, timed=5, microseconds=5_000, charge_nanos=50, tokens=1)
CHEAP = ModelRecord("cheap", calls=10, answered=8, timed=8, microseconds=80_000, charge_nanos=8, tokens=1)
SURE = ModelRecord("sure", calls=10, answered=10, timed=10, microseconds=90_000, charge_nanos=90, tokens=1)
SELDOM = ModelRecord("seldom", calls=2, answered=2, timed=2, microseconds=2, charge_nanos=0, tokens=1)
NEVER = ModelRecord("never", calls=10, answered=0, timed=0, microseconds=0, charge_nanos=0, tokens=0)
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


def test_how_quick_nobody_knows_is_not_the_quickest() -> None:
    untimed = ModelRecord("untimed", calls=10, answered=10, timed=0, microseconds=0, charge_nanos=0, tokens=1)
    assert untimed.mean_microseconds is None
    assert best_of((untimed, SURE), Goal.LATENCY, 3) is SURE and best_of((untimed,), Goal.LATENCY, 3) is None
    assert best_of((untimed,), Goal.BALANCED, 3) is untimed


async def test_of_several_models_each_is_counted_by_its_name_with_its_part(database: str) -> None:
    _, snapshot = await paying([credits_a_thousand(name) for name in ("a", "b", "c")])
    models = Models(
        {"a": saying("Blue."), "b": saying("Green.", output=300), "c": ProviderFailed("It fell over.", 500)}
    )
    async with running_queue() as queue:
        asking = read_compare({"models": ["a", "b", "c"], "messages": SAID, "max_tokens": 400})
        result, _ = await Panels(queue, models).ask(snapshot, asking)
    wallet = result.panel.held.asked.wallet
    with db.transaction(writes=False) as session:
        found = {one.model: one for one in read_records(session, wallet.id, now() - DAY)}
    assert {name: (one.calls, one.answered, one.timed) for name, one in found.items()} == {
        "a": (1, 1, 0), "b": (1, 1, 0), "c": (1, 0, 0),
    }  # fmt: skip
    assert sum(one.charge_nanos for one in found.values()) == result.settled.amount
    assert found["b"].charge_nanos > found["a"].charge_nanos > found["c"].charge_nanos == 0

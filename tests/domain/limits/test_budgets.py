"""So many at once, so many a second, for each peer; time is let pass by the test."""

import pytest

from app.domain.limits import budgets
from app.domain.limits.budgets import Allowance, Budget, Budgets


def test_a_budget_is_had_at_once_and_comes_back_over_time() -> None:
    budget = Budget(Allowance(3, 2), 0)
    assert [budget.take(0) for _ in range(4)] == [True, True, True, False]
    assert [budget.take(0.5), budget.take(0.5)] == [True, False]
    assert [budget.take(1_000) for _ in range(4)] == [True, True, True, False]


def test_each_holder_has_a_budget_of_its_own() -> None:
    found = Budgets(Allowance(1, 0), lambda: 0)
    assert [found.take("a"), found.take("a"), found.take("b")] == [True, False, True]


def test_the_table_of_holders_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "KEPT_MAX", 2)
    found = Budgets(Allowance(1, 0), lambda: 0)
    assert [found.take(name) for name in ("a", "b", "a", "c")] == [True, True, False, True]
    assert len(found._of) == 2 and "b" not in found._of

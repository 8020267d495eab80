"""What is asked where the caller leaves it to us."""

import pytest

from app.domain.routing.auto import Candidate, Goal, Task, choose, task_of

FIVE = [Candidate("cheap", 1), Candidate("small", 10), Candidate("middle", 20), Candidate("large", 80),
        Candidate("huge", 900)]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "task"),
    [
        ("What is the capital of France?", Task.SHORT),
        ("Why does this fail?\n```\nx = 1\n```", Task.CODE),
        ("Write a Python function that adds two numbers.", Task.CODE),
        ("def add(a, b): return a + b  # make it faster", Task.CODE),
        ("Prove that there are infinitely many primes.", Task.REASONING),
        ("Tell me about the weather in the Alps. " * 10, Task.GENERAL),
        ("Please translate this letter for my mother. " * 1_000, Task.LONG),
        ("", Task.SHORT),
    ],
)
def test_a_question_is_told_by_its_words(question: str, task: Task) -> None:
    assert task_of(question, len(question)) is task


def test_the_harder_a_question_looks_the_dearer_its_model() -> None:
    def chosen(task: Task) -> str | None:
        found = choose(FIVE[::-1], Goal.BALANCED, task)
        return found.model if found else None

    assert [chosen(task) for task in Task] == ["cheap", "small", "small", "large", "large"]


def test_a_goal_goes_before_the_rules() -> None:
    seen = [*FIVE[:2], Candidate("middle", 20, milliseconds=50), Candidate("large", 80, 90, is_steady=True),
            Candidate("huge", 900, 300, is_steady=True)]  # fmt: skip
    for goal, model, words in (
        (Goal.COST, "cheap", "cheapest of 5 models"),
        (Goal.LATENCY, "large", "after 90 ms"),
        (Goal.RELIABILITY, "large", "2 models that have answered lately"),
    ):
        found = choose(seen, goal, Task.CODE)
        assert found is not None and (found.model, found.goal) == (model, goal)
        assert words in found.why
    quiet = choose(FIVE, Goal.LATENCY, Task.CODE)
    assert quiet is not None and quiet.model == "large", "where nobody's time is known the words decide"


def test_of_two_at_one_price_it_is_who_has_not_failed() -> None:
    for task in Task:
        found = choose([Candidate("a", 1), Candidate("b", 1, 20, is_steady=True)], Goal.COST, task)
        assert found is not None and found.model == "b"


def test_of_one_model_that_one_is_chosen_and_of_none_nothing() -> None:
    for goal in Goal:
        only = choose(FIVE[:1], goal, Task.REASONING)
        assert only is not None and only.model == "cheap"
        assert choose([], goal, Task.SHORT) is None

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
    seen = [*FIVE[:3], Candidate("large", 80, milliseconds=90), Candidate("huge", 900, 300, is_steady=True)]
    for goal, model, words in (
        (Goal.COST, "cheap", "cheapest of 5 models"),
        (Goal.LATENCY, "large", "after 90 ms"),
        (Goal.RELIABILITY, "huge", "1 model that have answered lately"),
    ):
        found = choose(seen, goal, Task.CODE)
        assert found is not None and (found.model, found.goal) == (model, goal)
        assert words in found.why
    quiet = choose(FIVE, Goal.LATENCY, Task.CODE)
    assert quiet is not None and quiet.model == "large", "where nobody's time is known the words decide"


def test_of_one_model_that_one_is_chosen_and_of_none_nothing() -> None:
    for goal in Goal:
        only = choose(FIVE[:1], goal, Task.REASONING)
        assert only is not None and only.model == "cheap"
        assert choose([], goal, Task.SHORT) is None

"""What the demo's models make of others' answers can be read, and its verdicts count."""

import json
from collections.abc import Sequence
from itertools import permutations

import pytest

from app.adapters.demo.quoted import blend, judge, quoted_in
from app.adapters.demo.text import seeded, write_answer
from app.flows.modes.prompts import letter_of, to_blend, to_go_on, to_judge
from app.flows.modes.verdict import read_verdict, schema_of
from app.formats.account.modes import Strategy

QUESTIONS = ("How do volcanoes work?", "Suggest ideas for dinner", "Write a Python function", "What is 12 * 7?", "hi",
             "a poem about coins", "")  # fmt: skip


def answers_to(question: str, models: Sequence[str] = ("demo-mini", "demo-large")) -> list[str]:
    return [write_answer(question, None, model == "demo-large", seeded(model, "0", question)) for model in models]


def task_of(question: str, answers: Sequence[str], strategy: Strategy) -> str:
    asked = [{"role": "user", "content": question}]
    made = to_go_on(asked, answers[0]) if strategy is Strategy.CHAIN else to_blend(asked, strategy, answers)
    return str(made[-1]["content"])


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("strategy", [Strategy.CONSENSUS, Strategy.COUNCIL, Strategy.BEST_OF, Strategy.CHAIN])
def test_one_answer_of_several_is_about_the_question_and_quotes_no_marks(question: str, strategy: Strategy) -> None:
    answers = answers_to(question)
    task = task_of(question, answers, strategy)
    said = blend(task, question, quoted_in(task))
    assert len(said) > 10 and "<answer" not in said and "instruction" not in said
    if strategy is Strategy.COUNCIL:
        assert [line for line in said.splitlines() if line.startswith(("**What", "**Where"))] == [
            "**What they agree on**", "**Where they differ**", "**What follows**",
        ]  # fmt: skip
    assert all(one[2:] in "\n".join(answers) for one in said.splitlines() if one.startswith("- "))


def test_what_several_say_is_what_they_agree_on() -> None:
    both, one = "Costs deserve a look too.", "The trade-off is between now and later."
    said = blend("… agree on. Leave out …", "How do loans work?", {"A": f"{both} {one}", "B": both})
    assert said.startswith(f"They agree on this about loans:\n\n- {both}") and said.endswith(f"Beside that: {one}")


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_verdict_counts_has_a_reason_for_each_and_follows_no_order(question: str) -> None:
    answers = answers_to(question, ("demo-mini", "demo-large", "demo-free"))
    winners = set()
    for order in permutations(answers):
        letters = [letter_of(place) for place in range(len(order))]
        task = str(to_judge([], (), order)[-1]["content"])
        said = judge(question, schema_of(letters), quoted_in(task))
        verdict = read_verdict(json.dumps(said), letters)
        assert verdict is not None and verdict.reason.endswith(".") and not set("ABC") & set(verdict.reason.split())
        assert all(5 <= one.score <= 10 and len(one.reason) > 20 for one in verdict.scores)
        winners.add(None if verdict.winner is None else order[verdict.winner])
    assert len(winners) == 1


def test_another_form_is_not_a_verdict() -> None:
    assert judge("hi", {"type": "object", "properties": {"answer": {"type": "string"}}}, {"A": "x", "B": "y"}) is None

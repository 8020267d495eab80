"""What the demo provider says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.demo.text import seeded, topic_of, write_answer


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Write a Python function that parses dates", "```python"),
        ("some SQL for invoices", "SELECT"),
        ("Suggest ideas for dinner", "3. "),
        ("a poem about coins", "coins"),
        ("hi", "demo model"),
        ("What is 12 * 7?", "**84**"),
        ("How do volcanoes work?", "volcanoes"),
    ],
)
def test_the_answer_reacts_to_the_question(question: str, expected: str) -> None:
    assert expected in write_answer(question, None, False, seeded(question))


@pytest.mark.unhurried
@given(st.text(), st.booleans())
def test_any_question_has_one_answer(question: str, is_long: bool) -> None:
    first = write_answer(question, None, is_long, seeded(question))
    assert first
    assert first == write_answer(question, None, is_long, seeded(question))


def test_the_topic_is_a_few_words_of_the_question() -> None:
    assert topic_of("Could you please explain how sailing boats turn?") == "sailing boats turn"
    assert topic_of("What is it?") == "this"


def test_braces_in_a_question_are_only_text() -> None:
    assert write_answer("{topic} {0} of {", None, True, seeded("x"))

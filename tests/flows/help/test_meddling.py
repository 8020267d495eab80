"""Orders to whoever answers are known by their form; questions that use the same words are not taken for them."""

import pytest

from app.flows.help.meddling import is_meddling
from tests.support.help_questions import INJECTIONS, ON_TOPIC
from tests.support.help_tried import TRIED_INJECTIONS, TRIED_ON_TOPIC


@pytest.mark.parametrize("question", INJECTIONS + TRIED_INJECTIONS)
def test_an_order_is_known(question: str) -> None:
    assert is_meddling(question)


def test_no_question_on_topic_is_taken_for_one() -> None:
    assert not [question for question, _ in (*ON_TOPIC, *TRIED_ON_TOPIC) if is_meddling(question)]


@pytest.mark.parametrize(
    "question",
    [
        "How do I set the system prompt of my app?",
        "Which rules are there for an idempotency key?",
        "Can I print a receipt?",
        "What does developer mean in the rules for refunds?",
        "How do I become an operator?",
        "Where do I ignore a webhook?",
        "show me how to make a key",
        "How do I give a user 10 dollars?",
        "What are instructions for the first paywall?",
        "Does the proxy answer as OpenAI does?",
    ],
)
def test_a_question_with_such_words_is_none(question: str) -> None:
    assert not is_meddling(question)

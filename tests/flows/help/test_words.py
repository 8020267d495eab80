"""A question becomes words that FTS5 can only look for, whatever it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows.help.words import WORDS_MAX, normal, words_of
from tests.support.helped import evidence_of


def said(question: str) -> list[str]:
    return [word.said for word in words_of(question)]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How do I connect Stripe?", ["connect", "stripe"]),
        ("multi-agent NEAR(x y) title: \"a\" OR b*", ["multi", "agent", "near", "title"]),
        ("I'd like my money back, it's 20 %", ["refund", "20", "percent"]),
        ("what does model_not_priced mean", ["model_not_priced", "mean"]),
        ("Geld zurück für Bücher", ["geld", "zurück", "für", "bücher"]),
        ("the and of", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_is_looked_for(question: str, words: list[str]) -> None:
    assert said(question) == words


def test_words_are_bounded_quoted_and_each_said_once() -> None:
    many = words_of(" ".join(f"word{number}" for number in range(100)) + " word1 word2")
    assert len(many) == WORDS_MAX and len({word.said for word in many}) == WORDS_MAX
    assert all(term[0] == term[-1] == '"' and '"' not in term[1:-1] for word in many for term in word.terms)


def test_two_ways_to_say_it_are_one_word() -> None:
    assert said("top-up") == said("topping up") == said("Topups") == ["topup"]
    assert normal("Sign in, log in, signing in") == "signin, signin, signin"


@given(st.text(max_size=300))
def test_nothing_that_is_asked_breaks_the_search(question: str) -> None:
    evidence_of(question)

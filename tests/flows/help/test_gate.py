"""The gate: what people ask of this product is answered by the right section; what they ask of others is not answered.

The numbers are those of (d) "Modes" 12; the questions were written before anything was tuned.
"""

import pytest

from app.flows.help.desk import NOTHING
from app.flows.help.gate import passes
from tests.support.help_blind import BLIND_OFF_TOPIC, BLIND_ON_TOPIC, SECOND_OFF_TOPIC, SECOND_ON_TOPIC
from tests.support.help_held import HELD_OFF_TOPIC, HELD_ON_TOPIC, HELD_ORDERS
from tests.support.help_last import LAST_OFF_TOPIC, LAST_ON_TOPIC, LAST_ORDERS
from tests.support.help_next import NEXT_OFF_TOPIC, NEXT_ON_TOPIC, NEXT_ORDERS
from tests.support.help_questions import INJECTIONS, OFF_TOPIC, ON_TOPIC
from tests.support.help_seen import SEEN_OFF_TOPIC, SEEN_ON_TOPIC, SEEN_ORDERS
from tests.support.help_tried import TRIED_INJECTIONS, TRIED_OFF_TOPIC, TRIED_ON_TOPIC
from tests.support.helped import corpus, desk, evidence_of, is_let_in
from tests.support.scripted import Scripted, whole

Questions = tuple[tuple[str, tuple[str, ...]], ...]


async def test_questions_on_topic_cite_the_right_section_among_the_first_three() -> None:
    assert len(ON_TOPIC) == 60 and {one for _, right in ON_TOPIC for one in right} <= set(corpus().by_id)
    asked = desk(now=iter(range(0, 10_000, 10)).__next__)
    missed = [
        question
        for question, right in ON_TOPIC
        if not {one.id for one in (await asked.ask(question, "ada")).cited} & set(right)
    ]
    assert len(missed) <= 3, missed


async def test_questions_off_topic_and_injections_get_one_sentence_and_no_model() -> None:
    assert (len(OFF_TOPIC), len(INJECTIONS)) == (60, 20)
    model = Scripted(whole("Anything [stripe]."))
    asked = desk(model, now=iter(range(0, 10_000, 10)).__next__)
    for questions, most in ((OFF_TOPIC, 2), (INJECTIONS, 0)):
        said = [(question, (await asked.ask(question, "ada")).text) for question in questions]
        let_in = [question for question, text in said if text != NOTHING]
        assert len(let_in) <= most, let_in
        assert len(model.sent) <= most


def test_what_it_was_tuned_on_is_told_apart_as_well() -> None:
    known = [question for question, right in TRIED_ON_TOPIC if _is_right(question, right)]
    assert len(known) >= len(TRIED_ON_TOPIC) - 4
    assert sum(map(is_let_in, TRIED_OFF_TOPIC)) <= 1 and not any(map(is_let_in, TRIED_INJECTIONS))


def _is_right(question: str, right: tuple[str, ...]) -> bool:
    evidence = evidence_of(question, 5)  # as the gate looks at it, of which an answer cites the first three
    return passes(question, evidence) and bool({one.section.id for one in evidence.found[:3]} & set(right))


def test_what_nobody_had_in_mind_is_told_apart_too() -> None:
    """Asked blind; how many were right at first is said in `help_blind`. It is less than of the questions above."""
    asked = dict((*BLIND_ON_TOPIC, *SECOND_ON_TOPIC))
    assert len(asked) == 55 and {one for right in asked.values() for one in right} <= set(corpus().by_id)
    missed = [question for question, right in asked.items() if not _is_right(question, right)]
    assert len(missed) <= 4, missed
    let_in = [question for question in (*BLIND_OFF_TOPIC, *SECOND_OFF_TOPIC) if is_let_in(question)]
    assert not let_in


@pytest.mark.parametrize(
    ("on_topic", "off_topic", "orders", "missed_most"),
    [
        pytest.param(SEEN_ON_TOPIC, SEEN_OFF_TOPIC, SEEN_ORDERS, 2, id="seen"),
        pytest.param(NEXT_ON_TOPIC, NEXT_OFF_TOPIC, NEXT_ORDERS, 3, id="next"),
        pytest.param(LAST_ON_TOPIC, LAST_OFF_TOPIC, LAST_ORDERS, 2, id="last"),
        pytest.param(HELD_ON_TOPIC, HELD_OFF_TOPIC, HELD_ORDERS, 3, id="held"),
    ],
)
def test_what_was_asked_blind_stays_told_apart(
    on_topic: Questions, off_topic: tuple[str, ...], orders: tuple[str, ...], missed_most: int
) -> None:
    """How many were right when they were first asked, and which list nobody has looked at, is said beside each."""
    assert len(on_topic) == 60 and {one for _, right in on_topic for one in right} <= set(corpus().by_id)
    missed = [question for question, right in on_topic if not _is_right(question, right)]
    assert len(missed) <= missed_most, missed
    assert sum(map(is_let_in, off_topic)) <= 2 and not any(map(is_let_in, orders))


def test_what_is_asked_in_nearly_the_same_words_is_let_in_whatever_is_said_around_it() -> None:
    assert is_let_in("Grandma's toaster aside, why does the answer stop in the middle of every haiku?")
    assert not is_let_in("why does grandma snore in the middle of every haiku?")


def test_a_story_around_a_question_keeps_it_from_nobody() -> None:
    assert is_let_in(
        "Our app is a recipe generator built with React, and I want every customer to pay for their own tokens with a"
        " wallet; what is the first step to make a paywall for it and get a key?"
    )

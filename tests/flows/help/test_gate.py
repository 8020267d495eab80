"""The gate: what people ask of this product is answered by the right section; what they ask of others is not answered.

The numbers are those of (d) "Modes" 12; the questions were written before anything was tuned.
"""

from app.flows.help.desk import NOTHING
from tests.support.help_questions import INJECTIONS, OFF_TOPIC, ON_TOPIC
from tests.support.help_tried import TRIED_INJECTIONS, TRIED_OFF_TOPIC, TRIED_ON_TOPIC
from tests.support.helped import corpus, desk, evidence_of, is_let_in
from tests.support.scripted import Scripted, whole


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
    return is_let_in(question) and bool({one.section.id for one in evidence_of(question).found} & set(right))


def test_a_story_around_a_question_keeps_it_from_nobody() -> None:
    assert is_let_in(
        "Our app is a recipe generator built with React, and I want every customer to pay for their own tokens with a"
        " wallet; what is the first step to make a paywall for it and get a key?"
    )

"""A question is like a section by all that is asked of it, and by the phrasing that is nearest."""

import pytest

from app.flows.help.asked.likeness import UNLIKE, Likeness
from app.flows.help.asked.stems import Said, Stems

STEMS = Stems()
ASKED = {
    "refund": ["give me a refund", "refund of a wrong payment", "return an unused deposit"],
    "cap": ["set a cap for an app", "a refund does not raise the cap"],
}


def said(text: str) -> Said:
    return STEMS.weighed(STEMS.of(text))


LIKENESS = Likeness({section: [said(line) for line in lines] for section, lines in ASKED.items()})


def test_the_same_words_are_as_near_as_can_be() -> None:
    likes = LIKENESS.of(said("set a cap for an app"))
    assert likes["cap"].nearest == pytest.approx(1) and likes.keys() == {"cap"}


def test_scattered_words_are_far_and_rare_words_count_more() -> None:
    scattered, near = LIKENESS.of(said("refund deposit wrong unused")), LIKENESS.of(said("unused deposit"))
    assert scattered["refund"].words > near["refund"].words and scattered["refund"].nearest < near["refund"].nearest
    likes = LIKENESS.of(said("refund of a zebra"))
    assert 0 < likes["cap"].nearest < likes["refund"].nearest < 0.8


def test_quiet_words_alone_are_like_nothing_else() -> None:
    assert LIKENESS.of(said("zebra for an elephant")) == {} and Likeness({}).of(said("refund")) == {}
    assert LIKENESS.of(said("")) == {} and UNLIKE.nearest == 0

"""Texts become stems, the same for every form of a word; what is said of anything weighs little."""

from app.flows.help.asked.stems import COMMON, QUIET, TWO, Stems
from app.flows.help.asked.synonyms import SAME
from app.flows.help.words import STOP_WORDS, normal_each

STEMS = Stems(["problem"])


def test_forms_of_a_word_are_one_stem_in_their_order() -> None:
    assert STEMS.of("Charging charges, it's charged") == ["charg", "charg", "it", "charg"]
    assert STEMS.of("my money back") == STEMS.of("my refund") == ["my", "refund"]
    assert STEMS.of("") == []


def test_many_texts_are_learnt_as_one_by_one() -> None:
    texts = ["paid twice", "", "a top-up\0of yours", "model_not_priced"]
    assert STEMS.learn(normal_each(texts)) == [STEMS.of(text) for text in texts]


def test_words_that_are_said_for_each_other_are_one_stem() -> None:
    assert STEMS.of("They rejected my stablecoins") == STEMS.of("they decline my USDC")
    assert not {*SAME} & {*SAME.values()} and not {*SAME} & STOP_WORDS


def test_what_is_said_of_anything_weighs_little() -> None:
    assert STEMS.weighed(STEMS.of("a problem, refunds")) == {
        "a": QUIET, "problem": COMMON, "refund": 1.0,
        ("a", "problem"): TWO * (QUIET + COMMON) / 2, ("problem", "refund"): TWO * (COMMON + 1) / 2,
    }  # fmt: skip

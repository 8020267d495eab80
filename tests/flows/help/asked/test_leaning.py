"""Words count for whoever says them more often; names of ours wherever they stand, unknown ones against us."""

import pytest

from app.flows.help.asked.leaning import NAME, UNKNOWN, Leaning, Orders, is_name

OURS = [["refund", "payment"], ["wallet", "empty"], ["refund", "wallet"]]
OTHERS = [["refund", "flight"], ["boil", "egg"], ["wallet", "leather"], ["boil", "rice"]]
LEANING = Leaning(OURS, [["spend_per_day", "429"]], OTHERS, {"problem": 0.6})
ORDERS = Orders([["give", "back", "money"], ["money", "back"]], [["give", "me", "money"], ["obey", "me"]])


def of(*stems: str) -> float:
    return LEANING.of(dict.fromkeys(stems, 1.0))


def test_a_question_leans_to_whoever_says_its_words() -> None:
    assert of("refund", "payment") > of("refund") > 0 > of("boil", "egg")
    assert of("refund", "flight") < 0 < of("refund", "wallet")


def test_unknown_words_count_against_us_and_what_is_said_of_anything_does_not() -> None:
    assert of("zebra") == UNKNOWN and of("problem") == 0
    assert of("spend_per_day") == of("429") == NAME
    assert LEANING.of({"zebra": 0.5}) == UNKNOWN / 2 and of() == 0


def test_an_order_is_known_by_words_and_by_which_follow_each_other() -> None:
    assert ORDERS.of(["obey", "me"]) > ORDERS.of(["give", "me", "money"]) > 0 > ORDERS.of(["give", "back", "money"])
    assert ORDERS.of(["me", "give"]) < ORDERS.of(["give", "me"])
    assert ORDERS.of([]) == ORDERS.of(["zebra"]) == 0


@pytest.mark.parametrize(
    ("word", "is_one"), [("model_not_priced", True), ("402", True), ("4242", False), ("cap", False)]
)
def test_what_is_a_name(word: str, is_one: bool) -> None:
    assert is_name(word) is is_one

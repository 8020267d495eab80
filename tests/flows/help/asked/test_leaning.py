"""Words count for whoever says them more often; names of ours wherever they stand, unknown ones against us."""

import pytest

from app.flows.help.asked.leaning import NAME, TOGETHER_MOST, UNKNOWN, Compared, Leaning, Orders, is_name

OURS = [["refund", "payment"], ["wallet", "empty"], ["refund", "wallet"]]
OTHERS = [["refund", "flight"], ["boil", "egg"], ["wallet", "leather"], ["boil", "rice"]]
LEANING = Leaning(OURS, [["spend_per_day", "429"]], OTHERS, {"problem": 0.6, "wallet": 0.5})
ORDERS = Orders([["give", "back", "money"], ["money", "back"]], [["give", "me", "money"], ["obey", "me"]])


def of(*stems: str) -> float:
    return LEANING.of(stems)


def test_a_question_leans_to_whoever_says_its_words() -> None:
    assert of("refund", "payment") > of("refund") > 0 > of("boil", "egg")
    assert of("refund", "flight") < 0 < of("refund", "wallet")


def test_unknown_words_count_against_us_and_what_is_said_of_anything_does_not() -> None:
    assert of("zebra") == UNKNOWN and of("problem") == 0
    assert of("spend_per_day") == of("429") == NAME
    assert of("zebra", "zebra") == UNKNOWN and of() == 0
    assert Leaning(OURS, [], OTHERS, {"refund": 0.5}).of(["refund"]) < of("refund")


def test_words_count_more_for_whoever_says_them_together() -> None:
    assert of("wallet", "leather") < of("wallet", "empty")
    assert Leaning([["my", "wallet"]], [], [["my", "bank"], ["wallet"]], {}).of(["my", "wallet"]) > (
        Leaning([["my"], ["wallet"]], [], [["my", "bank"], ["wallet"]], {}).of(["my", "wallet"])
    )


def test_what_is_compared_counts_as_often_as_it_is_said_among_as_many_and_never_more_than_so_much() -> None:
    compared = Compared([{"a", "b"}, {"a"}, {"a"}], [{"b"}])
    assert compared.of("a") > 0 > compared.of("b") and compared.of("ab") == compared.of("a") + compared.of("b")
    assert compared.of("c") == compared.of("") == 0
    assert Compared([{"a"}] * 1_000, [{"b"}] * 1_000).of("a") == TOGETHER_MOST


def test_an_order_is_known_by_words_and_by_which_follow_each_other() -> None:
    assert ORDERS.of(["obey", "me"]) > ORDERS.of(["give", "me", "money"]) > 0 > ORDERS.of(["give", "back", "money"])
    assert ORDERS.of(["me", "give"]) < ORDERS.of(["give", "me"])
    assert ORDERS.of([]) == ORDERS.of(["zebra"]) == 0


@pytest.mark.parametrize(
    ("word", "is_one"), [("model_not_priced", True), ("402", True), ("4242", False), ("cap", False)]
)
def test_what_is_a_name(word: str, is_one: bool) -> None:
    assert is_name(word) is is_one

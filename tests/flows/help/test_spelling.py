"""A slip of the finger is mended where one word is meant, and no word that is right is made another."""

import pytest

from app.flows.help.spelling import OFTEN, Spelling

SPELLING = Spelling(["A webhook is signed. Your address and earnings.", "A webhook again; the balance of balances."])


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("how is a webhok signed", "how is a webhook signed"),
        ("my adress", "my address"),
        ("the blaance", "the balance"),
        ("webhooks, balanced", "webhooks, balanced"),
        ("earning", "earning"),
        ("what is risotto", "what is risotto"),
        ("sing", "sing"),
        ("would", "would"),
        ("", ""),
    ],
)
def test_one_slip_is_mended_and_nothing_else(asked: str, meant: str) -> None:
    assert SPELLING.mended(asked) == meant


def test_of_several_that_may_be_meant_it_is_the_one_that_stands_there_most() -> None:
    assert Spelling(["charge charge", "change"]).mended("chagge") == "charge"


def test_words_of_others_are_right_and_never_meant_and_long_words_may_have_several_slips() -> None:
    spelling = Spelling(["the beginner asks for authentication"], ["a winter in a library"])
    assert spelling.mended("begginer autentifcation") == "beginner authentication"
    assert spelling.mended("winner winter libarry beginnings") == "winner winter libarry beginnings"


def test_a_word_of_four_letters_is_mended_where_one_is_meant_that_stands_there_often() -> None:
    often = Spelling(["pay with money. " * OFTEN, "a card. the books"])
    assert often.mended("mony, boks, crad, fromm, wiht") == "money, boks, crad, fromm, with"
    assert often.mended("cardd bookss") == "card books"

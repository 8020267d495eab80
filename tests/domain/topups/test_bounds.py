"""Both ends of the bounds may be paid, and they are said in dollars."""

import pytest

from app.domain.errors import BadField
from app.domain.topups.bounds import USUAL, TopupBounds, check_amount


def test_both_ends_may_be_paid() -> None:
    bounds = TopupBounds(500, 2_000)
    assert [bounds.admits(cents) for cents in (499, 500, 2_000, 2_001)] == [False, True, True, False]
    assert str(bounds) == "from $5.00 to $20.00" and str(USUAL) == "from $3.00 to $10,000.00"


@pytest.mark.parametrize(("text", "cents"), [("3", 300), (" $12.50 ", 1_250), ("10000", 1_000_000)])
def test_an_amount_that_a_card_can_pay(text: str, cents: int) -> None:
    assert check_amount(text) == cents


@pytest.mark.parametrize(
    ("text", "words"),
    [("2.99", r"from \$3.00 to \$10,000.00"), ("10000.01", r"from \$3.00"), ("", "such as"), ("ten", "such as"),
     ("-5", "such as"), ("1e2", "such as"), ("5.001", "whole cents"), ("٥", "such as")],
)  # fmt: skip
def test_an_amount_that_it_cannot_is_refused_in_words_for_people(text: str, words: str) -> None:
    with pytest.raises(BadField, match=words) as refused:
        check_amount(text)
    assert refused.value.field == "amount"


@pytest.mark.parametrize("text", ["3.0", "$3", "3 ", "12.5", "12.50000"])
def test_people_may_write_an_amount_as_they_like(text: str) -> None:
    assert check_amount(text) >= 300


@pytest.mark.parametrize("text", ["$", "$$3", "$ 3", "3,000", "3 000", "0", "1" * 50, "3.", ".5", "NaN", "0x9", "\x00"])
def test_what_is_no_amount_is_refused_in_words_for_people(text: str) -> None:
    with pytest.raises(BadField, match=r"^(Enter an amount in dollars, such as 12\.50\.|Choose an amount from .*)$"):
        check_amount(text)

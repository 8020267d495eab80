"""What lines of a table of usage say they came to."""

from app.domain.money import NANOS, Unit
from app.web.end_user.usage.rows import sums_words


def test_the_parts_of_whole_credits_come_to_them_by_what_is_shown() -> None:
    shares = [2_925_731_183, 1_000_000_000, 74_268_817]
    assert sum(shares) == 4 * NANOS
    assert sums_words([(nanos, Unit.CREDIT) for nanos in shares]) == ["2.93 credits", "1 credit", "0.07 credits"]


def test_less_than_a_hundredth_is_not_nothing_and_dollars_are_said_finely() -> None:
    said = sums_words([(4_640_000, Unit.CREDIT), (1_234_000, Unit.USDC), (0, Unit.CREDIT)])
    assert said == ["0.0046 credits", "0.001234 USDC", "0 credits"]

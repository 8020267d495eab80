"""The bound of a request: what it may cost, and what an amount pays for, are each other's inverse."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import NANOS, Unit
from app.domain.pricing.bound import Bound
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Price

OFFER = Offer(Price("prc_1", "m", 1, Unit.USD, NANOS, NANOS // 2, 2 * NANOS), "M", "", 128_000, 4_096, 1_000, 0)


def test_the_whole_bound_counts_every_choice() -> None:
    bound = Bound(prompt_tokens=10, output_tokens=20, output_tokens_least=5, choices=3)
    assert (bound.tokens, bound.first) == (70, 20)
    assert bound.nanos(OFFER, 20) == bound.nanos_of_all(OFFER, 60) == 10 * 1_000 + 60 * 2_000


@given(st.integers(0, 5_000), st.integers(1, 4), st.integers(1, 4_000), st.integers(0, 10 * NANOS))
def test_what_fits_is_paid_for_and_one_token_more_is_not(prompt: int, choices: int, output: int, nanos: int) -> None:
    bound = Bound(prompt, output, output_tokens_least=1, choices=choices)
    fits = bound.fitting_output_tokens(OFFER, nanos)
    assert 1 <= fits <= output
    if fits > 1:
        assert bound.nanos(OFFER, fits) <= nanos
    if fits < output:
        assert bound.nanos(OFFER, fits + 1) > nanos

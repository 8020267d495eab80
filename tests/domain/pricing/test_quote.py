"""A charge is exact until it is rounded once."""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.money import NANOS, Unit
from app.domain.pricing.quote import Price, TokenKind, Tokens, affordable_output_tokens, bound_nanos, charge_nanos

NANO = st.integers(0, 100 * NANOS)
PRICES = st.builds(
    Price, id=st.just("prc_1"), model=st.just("m"), version=st.just(1), unit=st.sampled_from([Unit.USD, Unit.USDC]),
    input_nanos=NANO, cached_input_nanos=NANO, output_nanos=NANO, request_nanos=NANO,
    minimum_nanos=st.integers(0, NANOS),
    markup_basis_points=st.integers(0, 50_000),
)  # fmt: skip
COUNTS = st.integers(0, 2_000_000)


@st.composite
def tokens(draw: st.DrawFn) -> Tokens:
    prompt = draw(COUNTS)
    return Tokens(prompt, draw(COUNTS), draw(st.integers(0, prompt)))


def exact(price: Price, used: Tokens) -> Fraction:
    """Works out a charge in nanos with nothing rounded."""
    total = Fraction(price.input_nanos * (used.prompt - used.cached) + price.cached_input_nanos * used.cached
                     + price.output_nanos * used.output, 10**6)  # fmt: skip
    return (total + price.request_nanos) * (1 + Fraction(price.markup_basis_points, 10_000))


@given(PRICES, tokens())
def test_a_charge_is_rounded_once_half_up_and_never_below_the_minimum(price: Price, used: Tokens) -> None:
    rounded = int(exact(price, used) + Fraction(1, 2))
    assert charge_nanos(price, used) == max(rounded, price.minimum_nanos)


@given(PRICES, tokens())
def test_no_charge_within_the_bound_costs_more_than_the_bound(price: Price, used: Tokens) -> None:
    assert charge_nanos(price, used) <= bound_nanos(price, used.prompt, used.output)


@given(PRICES, st.integers(0, 10_000), st.integers(0, 20_000), st.integers(0, 1_000 * NANOS))
def test_the_affordable_output_is_the_largest_that_fits(price: Price, prompt: int, limit: int, nanos: int) -> None:
    found = affordable_output_tokens(price, prompt, limit, nanos)
    assert -1 <= found <= limit
    if found >= 0:
        assert bound_nanos(price, prompt, found) <= nanos
    if found < limit:
        assert bound_nanos(price, prompt, found + 1) > nanos


@given(PRICES, tokens())
def test_whole_credits_are_rounded_up(price: Price, used: Tokens) -> None:
    credit = Price("prc_1", "m", 1, Unit.CREDIT, price.input_nanos, price.cached_input_nanos, price.output_nanos,
                   price.request_nanos, 0, price.markup_basis_points)  # fmt: skip
    charge = charge_nanos(credit, used)
    assert charge % NANOS == 0
    assert 0 <= charge - exact(credit, used) < NANOS


@given(tokens())
def test_the_kinds_add_up_to_the_tokens(used: Tokens) -> None:
    parts = dict(used.by_kind())
    assert parts[TokenKind.INPUT] + parts[TokenKind.CACHED_INPUT] == used.prompt
    assert parts[TokenKind.OUTPUT] == used.output


@given(PRICES)
def test_a_free_price_never_charges_and_any_other_can(price: Price) -> None:
    most = charge_nanos(price, Tokens(10**9, 10**9, 10**8))
    assert price.is_free == (most == 0)
    assume(not price.is_free)
    assert price.dearest_input_nanos >= price.per_million(TokenKind.INPUT)

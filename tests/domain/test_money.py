"""Money is read and written exactly, or refused."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadField
from app.domain.money import (
    AMOUNT_UNITS_MAX,
    NANOS,
    Unit,
    format_base_units,
    format_decimal,
    format_for_people,
    format_fraction,
    parse_amount,
)

AMOUNTS = st.integers(1, AMOUNT_UNITS_MAX * NANOS)


@given(AMOUNTS)
def test_what_is_written_is_read_back_to_the_nano(nanos: int) -> None:
    assert parse_amount(format_decimal(nanos)) == nanos
    assert Fraction(format_decimal(nanos)) == Fraction(nanos, NANOS)


@given(st.integers(1, AMOUNT_UNITS_MAX))
def test_whole_units_may_be_integers(units: int) -> None:
    assert parse_amount(units) == units * NANOS


@pytest.mark.parametrize(
    "value",
    ["-1", "+1", "0", "0.000", "1e3", "1E3", " 1", "1 ", "1.", ".5", "1,5", "", "abc", "٣", "0x10", "1_000", "∞",
     "1.0000000001", "1000000.000000001", "1000001", 1000001, 0, -1, 1.5, 0.1, True, False, None, [], {}, b"1"],
    ids=repr,
)  # fmt: skip
def test_what_cannot_be_an_amount_is_refused_by_name(value: Any) -> None:
    with pytest.raises(BadField) as refused:
        parse_amount(value, "price")
    assert refused.value.field == "price" and "`price`" in refused.value.message


@given(st.integers(), st.integers(0, 20))
def test_a_fraction_is_written_exactly(numerator: int, digits: int) -> None:
    text = format_fraction(numerator, 10**digits)
    assert Fraction(text) == Fraction(numerator, 10**digits)
    assert not ("." in text and text.endswith("0"))


@given(st.integers(0, 10**18))
def test_base_units_are_rounded_down(nanos: int) -> None:
    assert int(format_base_units(nanos)) * 1_000 <= nanos < (int(format_base_units(nanos)) + 1) * 1_000


@pytest.mark.parametrize(
    ("nanos", "unit", "text"),
    [
        (0, Unit.USD, "$0.00"),
        (1_250_000_000, Unit.USD, "$1.25"),
        (1_250_000_000, Unit.USDC, "1.25 USDC"),
        (125 * NANOS, Unit.CREDIT, "125 credits"),
        (4_999_898_120, Unit.USD, "$4.99"),
        (1_234_567 * NANOS, Unit.USD, "$1,234,567.00"),
        (50_940, Unit.USD, "$0.00005"),
        (-1_250_000_000, Unit.USD, "-$1.25"),
    ],
)
def test_people_read_cents_and_never_more_than_there_is(nanos: int, unit: Unit, text: str) -> None:
    assert format_for_people(nanos, unit) == text

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
    format_sum,
    parse_amount,
    parse_nanos,
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
     "1\n", "1 000", "0.0000000000", "１", "²", "--1", "1e-3", "Infinity", "NaN", "1.0000000001",
     "1000000.000000001", "1000001", 1000001, 10**25, 0, -1, 1.5, 0.1, True, False, None, [], {}, b"1"],
    ids=repr,
)  # fmt: skip
def test_what_cannot_be_an_amount_is_refused_by_name(value: Any) -> None:
    with pytest.raises(BadField) as refused:
        parse_amount(value, "price")
    assert refused.value.field == "price" and "`price`" in refused.value.message


@pytest.mark.parametrize("value", [10**5_000, -(10**5_000)], ids=["huge", "huge and negative"])
def test_an_integer_that_python_will_not_write_is_refused_like_any_other(value: int) -> None:
    with pytest.raises(BadField):
        parse_amount(value)


@given(st.text(st.sampled_from("0123456789.-+e_ ٣²"), max_size=12) | st.text(max_size=5))
def test_any_text_is_the_amount_that_it_says_or_is_refused(text: str) -> None:
    try:
        nanos = parse_amount(text)
    except BadField:
        return
    assert 0 < nanos <= AMOUNT_UNITS_MAX * NANOS
    assert set(text) <= set("0123456789.") and Fraction(text) * NANOS == nanos


@pytest.mark.parametrize(
    ("text", "nanos"), [("1000000", AMOUNT_UNITS_MAX * NANOS), ("0.000000001", 1), ("1.50", 1_500_000_000)]
)
def test_the_least_and_the_most_are_amounts(text: str, nanos: int) -> None:
    assert parse_amount(text) == nanos


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("0.00", "more than zero"),
        ("1000001", "too large"),
        (10**25, "too large"),
        ("0.1234567890", "10 decimals"),
        (1.5, "decimal string"),
    ],
)
def test_a_refusal_says_what_is_wrong(value: Any, hint: str) -> None:
    with pytest.raises(BadField, match=hint):
        parse_amount(value)


@given(st.integers(), st.integers(0, 20))
def test_a_fraction_is_written_exactly(numerator: int, digits: int) -> None:
    text = format_fraction(numerator, 10**digits)
    assert Fraction(text) == Fraction(numerator, 10**digits)
    assert not ("." in text and text.endswith("0"))


@given(st.integers(-(10**18), 10**18))
def test_base_units_are_rounded_down(nanos: int) -> None:
    assert int(format_base_units(nanos)) * 1_000 <= nanos < (int(format_base_units(nanos)) + 1) * 1_000


@pytest.mark.parametrize(
    ("nanos", "unit", "text"),
    [
        (0, Unit.USD, "$0.00"),
        (1_250_000_000, Unit.USD, "$1.25"),
        (1_250_000_000, Unit.USDC, "1.25 USDC"),
        (125 * NANOS, Unit.CREDIT, "125 credits"),
        (NANOS, Unit.CREDIT, "1 credit"),
        (-NANOS, Unit.CREDIT, "-1 credit"),
        (0, Unit.CREDIT, "0 credits"),
        (NANOS + NANOS // 2, Unit.CREDIT, "1.5 credits"),
        (-12_500 * NANOS - NANOS // 2, Unit.CREDIT, "-12,500.5 credits"),
        (4_999_898_120, Unit.USD, "$4.99"),
        (1_234_567 * NANOS, Unit.USD, "$1,234,567.00"),
        (50_940, Unit.USD, "$0.00005"),
        (46_400, Unit.USD, "$0.000046"),
        (999, Unit.USD, "$0.000000999"),
        (-20, Unit.USDC, "-0.00000002 USDC"),
        (-1_250_000_000, Unit.USD, "-$1.25"),
        (-1_250_000_000, Unit.USDC, "-1.25 USDC"),
        (9_999_999, Unit.USD, "$0.009999"),
        (10_000_000, Unit.USD, "$0.01"),
        (19_999_999, Unit.USD, "$0.01"),
        (-1_999_999_999, Unit.USD, "-$1.99"),
        (1, Unit.CREDIT, "0.000000001 credits"),
        (1_000_000_000, Unit.CREDIT, "1 credit"),
        (-1_000_000_000, Unit.CREDIT, "-1 credit"),
    ],
)
def test_people_read_cents_and_never_more_than_there_is(nanos: int, unit: Unit, text: str) -> None:
    assert format_for_people(nanos, unit) == text


@pytest.mark.parametrize(
    ("nanos", "unit", "text"),
    [
        (0, Unit.USD, "$0.00"),
        (-80_000_000, Unit.USD, "−$0.08"),
        (1_234_567_890_000, Unit.USDC, "1,234.56 USDC"),
        (-1_083_000, Unit.USD, "−$0.001"),
        (5_192_999, Unit.USD, "$0.0051"),
        (9_999_999, Unit.USDC, "0.0099 USDC"),
        (46_400, Unit.USD, "$0.000046"),
        (7, Unit.USD, "$0.000000007"),
        (-2 * NANOS, Unit.CREDIT, "−2 credits"),
        (NANOS, Unit.CREDIT, "1 credit"),
        (4_921_978_256, Unit.CREDIT, "4.92 credits"),
        (78_021_744, Unit.CREDIT, "0.07 credits"),
        (1_234_567, Unit.CREDIT, "0.0012 credits"),
    ],
)
def test_a_sum_is_cents_and_below_a_cent_two_digits_that_count(nanos: int, unit: Unit, text: str) -> None:
    assert format_sum(nanos, unit) == text


@given(st.integers(-(10**18), 10**18), st.sampled_from([Unit.USD, Unit.USDC]))
def test_people_never_read_more_than_there_is(nanos: int, unit: Unit) -> None:
    shown = Fraction(format_for_people(nanos, unit).replace("$", "").replace(",", "").removesuffix(" USDC")) * NANOS
    assert 0 <= abs(nanos) - abs(shown) < NANOS // 100
    assert (shown == 0) == (nanos == 0) and (shown > 0) == (nanos > 0)


@given(st.integers(-(10**18), 10**18))
def test_what_was_written_is_read_back(nanos: int) -> None:
    assert parse_nanos(format_decimal(nanos)) == nanos

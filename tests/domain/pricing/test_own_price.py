"""What is typed of an own price is what users pay, exact to nine decimals; empty is not sold, 0 is free."""

from dataclasses import replace

import pytest

from app.domain.errors import BadField
from app.domain.money import NANOS
from app.domain.pricing.own_price import RAISE_MAX, RAISE_MIN, parse_percent, price_of, raised, typed_of
from app.domain.pricing.price_book import NewPrice, check
from app.domain.pricing.quote import Tier
from app.domain.pricing.tables import PriceSource

LISTED = NewPrice("m", 150_000_000, 600_000_000, 75_000_000, request_nanos=8, minimum_nanos=1_000,
                  markup_basis_points=2_500, reasoning_nanos=4, source=PriceSource.CATALOGUE,
                  tiers=(Tier(200_000, 4, 8, 12, reasoning_nanos=16),))  # fmt: skip


def test_what_stands_in_the_fields_is_what_users_pay_and_is_read_back() -> None:
    typed = typed_of(LISTED)
    assert (typed["input"], typed["output"], typed["cached_input"]) == ("0.1875", "0.75", "0.09375")
    assert (typed["request"], typed["minimum"], typed["image"]) == ("0.00000001", "0.000001", "")
    assert (typed["tier0_from"], typed["tier0_reasoning"], typed["tier0_audio_input"]) == ("200000", "0.00000002", "")
    own, problems = price_of(typed, LISTED)
    assert (own, problems) == (raised(LISTED, 0), {})
    assert own is not None and own.source is PriceSource.DEVELOPER and own.markup_basis_points == 0
    check(own)


def test_a_cached_token_that_costs_what_input_does_goes_on_doing_so() -> None:
    typed = typed_of(replace(LISTED, cached_input_nanos=LISTED.input_nanos))
    own, _ = price_of({**typed, "input": "9"}, LISTED)
    assert typed["cached_input"] == "" and own is not None and own.cached_input_nanos is None


def test_the_smallest_price_is_kept_exactly_and_zero_is_free() -> None:
    own, problems = price_of({"input": "0.000000001", "output": "0"}, NewPrice("m", 5, 5))
    assert not problems and own is not None and (own.input_nanos, own.output_nanos) == (1, 0)
    assert price_of({"input": "1000000", "output": "1000000"}, NewPrice("m", 5, 5))[1] == {}


def test_what_is_empty_is_not_sold() -> None:
    assert price_of({}, LISTED) == price_of({"input": " ", "output": ""}, LISTED) == (None, {})
    for half, missing in (({"input": "1"}, {"output"}), ({"reasoning": "1"}, {"input", "output"})):
        own, problems = price_of(half, LISTED)
        assert own is None and problems.keys() == missing


@pytest.mark.parametrize("text", ["x", "-1", "1e3", "0.0000000001", "1000000.1", "1,5", "$1"])
@pytest.mark.parametrize("name", ["input", "reasoning", "minimum", "tier0_input"])
def test_what_is_no_price_is_said_beside_its_field(name: str, text: str) -> None:
    typed = {"input": "1", "output": "1", "tier0_from": "9", "tier0_input": "1", "tier0_output": "1", name: text}
    own, problems = price_of(typed, LISTED)
    assert own is None and problems.keys() == {name}


@pytest.mark.parametrize("text", ["0", "-1", "9.5", "x", "5", "99999999999"])
def test_steps_begin_at_more_tokens_one_after_the_other(text: str) -> None:
    typed = {"input": "1", "output": "1", "tier0_from": "9", "tier0_input": "1", "tier0_output": "1",
             "tier1_from": text, "tier1_input": "1", "tier1_output": "1"}  # fmt: skip
    assert price_of(typed, LISTED)[1].keys() == {"tier1_from"}
    own, problems = price_of({**typed, "tier1_from": "1,000"}, LISTED)
    assert not problems and own is not None and [tier.from_tokens for tier in own.tiers] == [9, 1_000]
    assert own.tiers[0].cached_input_nanos == NANOS


def test_a_step_without_a_start_is_none_and_one_without_a_price_is_wrong() -> None:
    own, problems = price_of({"input": "1", "output": "1", "tier0_input": "5"}, LISTED)
    assert not problems and own is not None and own.tiers == ()
    assert price_of({"input": "1", "output": "1", "tier0_from": "5"}, LISTED)[1].keys() == {
        "tier0_input", "tier0_output"
    }  # fmt: skip


def test_a_raise_is_of_what_users_pay_and_rounds_up() -> None:
    twenty = raised(replace(LISTED, tiers=()), 2_000)
    assert (twenty.input_nanos, twenty.output_nanos, twenty.minimum_nanos) == (225_000_000, 900_000_000, 1_200)
    assert raised(NewPrice("m", 1, 3), 1).input_nanos == 2 and raised(NewPrice("m", 10, 3), -10_000).input_nanos == 0
    for points in (RAISE_MIN - 1, RAISE_MAX + 1):
        with pytest.raises(BadField):
            raised(LISTED, points)


@pytest.mark.parametrize(
    ("text", "points"), [("20", 2_000), ("+20 %", 2_000), ("-12.5", -1_250), ("−0.01%", -1), ("0", 0)]
)
def test_per_cent_are_read_as_people_write_them(text: str, points: int) -> None:
    assert parse_percent(text, "percent", RAISE_MIN, RAISE_MAX) == points


@pytest.mark.parametrize("text", ["", "x", "1.005", "1e2", "-100.01", "10000.01", "--1", "٢"])
def test_what_is_no_per_cent_is_refused(text: str) -> None:
    with pytest.raises(BadField) as refused:
        parse_percent(text, "percent", RAISE_MIN, RAISE_MAX)
    assert refused.value.field == "percent"

"""A price is what is asked, to the last digit, and never below."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.prices.openrouter_prices import ReadPrice, read_price
from app.domain.money import NANOS, Unit
from app.domain.pricing.quote import Tokens, charge_nanos
from app.ports.prices import ListPrice, Tier
from tests.emulators.openrouter import cost_of


def read(prompt: str = "0.000001", completion: str = "0.000002", **more: Any) -> ReadPrice | None:
    return read_price("a/model", {"prompt": prompt, "completion": completion, **more}, ("text",))


def price(*amounts: str, **more: Any) -> ListPrice:
    found = read(*amounts, **more)
    assert found is not None
    return found.list_price


def test_every_kind_has_its_price() -> None:
    assert price(
        "0.00000125", "0.00001", request="0.005", input_cache_read="0.00000031", input_cache_write="0.000001625",
        image_token="0.000002", audio="0.000003", internal_reasoning="0.00002", audio_output="0.00004",
        image_output="0.00003", web_search="0.01", discount=0.5, input_cache_write_1h="0.00001",
    ) == ListPrice(
        1_250_000_000, 10 * NANOS, 310_000_000, 5_000_000, 1_625_000_000, 2 * NANOS, 3 * NANOS, 20 * NANOS, 40 * NANOS,
        30 * NANOS,
    )  # fmt: skip


def test_a_fraction_of_a_nano_is_rounded_up_and_no_digit_is_lost() -> None:
    assert price("0.0000000000000001", "0.0000012345678901234567890123456789").input_nanos == 1
    assert price("1E-6", "0.0000012345678901234567890123456789").output_nanos == 1_234_567_891
    assert price("0.1", "0.3").input_nanos == 10**14


@given(st.decimals(0, 1, places=18, allow_nan=False), st.decimals(0, 1, places=12, allow_nan=False))
def test_no_price_is_below_what_is_asked_nor_a_nano_above(prompt: Decimal, completion: Decimal) -> None:
    found = price(str(prompt), str(completion))
    for nanos, asked in ((found.input_nanos, prompt), (found.output_nanos, completion)):
        assert 0 <= nanos - Fraction(asked) * 10**15 < 1


@pytest.mark.parametrize(
    "amounts",
    [{"prompt": "-1"}, {"completion": "-1"}, {"request": "-1"}, {"image": "-1"}, {"audio": "-0.1"}, {"prompt": "1.1"},
     {"completion": "1000000"}, {"image_output": "0.04"}, {"overrides": [{"min_prompt_tokens": 5, "prompt": "-1"}]},
     {"overrides": [{"min_images": 5, "prompt": "1"}]}],
)  # fmt: skip
def test_what_varies_is_absurd_or_has_unknown_conditions_is_not_priced(amounts: dict[str, Any]) -> None:
    assert read_price("a/model", {"prompt": "0", "completion": "0", **amounts}, ()) is None


def test_what_a_model_makes_beside_text_needs_a_price() -> None:
    asked = {"prompt": "0.1", "completion": "0.2"}
    assert read_price("a/m", asked, ("text", "image")) is None and read_price("a/m", asked, ("audio",)) is None
    assert read_price("a/m", {**asked, "image_output": "0.3"}, ("text", "image")) is not None
    assert read_price("a/m", {"prompt": "0", "completion": "0"}, ("text", "image")) is not None
    assert read_price("perplexity/sonar", asked, ("text",)) is None


def test_a_kind_at_nothing_costs_what_input_or_output_does() -> None:
    found = price(input_cache_read="0", internal_reasoning="0", audio="0", image="0")
    assert found == ListPrice(NANOS, 2 * NANOS)


@pytest.mark.parametrize(
    ("prompt", "image", "by_token", "whole", "part"),
    [
        ("0.00000125", "0.00000125", 1_250_000_000, 0, None),
        ("0.0000025", "0.003613", None, 0, 1_446),
        ("0", "0.003613", None, 3_613 * NANOS, None),
        ("0", "0.000001", 1_000_000_000, 0, None),
    ],
)
def test_an_image_is_priced_by_its_tokens_bounds_them_or_is_priced_whole(
    prompt: str, image: str, by_token: int | None, whole: int, part: int | None
) -> None:
    found = read(prompt, image=image)
    assert found is not None and found.part_tokens_max == part
    assert (found.list_price.image_input_nanos, found.list_price.image_nanos) == (by_token, whole)


def test_long_prompts_are_tiers_of_which_later_entries_win_key_by_key() -> None:
    found = price("0.000001", "0.000002", input_cache_read="0.0000001", overrides=[
        {"min_prompt_tokens": 200, "prompt": "0.000003", "completion": "0.000004", "request": "0.1"},
        {"min_prompt_tokens": 100, "prompt": "0.000002"},
        {"min_prompt_tokens": 200, "completion": "0.000009"},
    ])  # fmt: skip
    assert found == ListPrice(NANOS, 2 * NANOS, NANOS // 10, 100_000_000, tiers=(
        Tier(100, 2 * NANOS, NANOS // 10, 2 * NANOS), Tier(200, 2 * NANOS, NANOS // 10, 9 * NANOS),
    ))  # fmt: skip


def test_the_dearest_time_of_day_counts_at_every_length() -> None:
    found = price("0.000002", "0.000002", overrides=[
        {"utc_start": "16:30", "utc_end": "00:30", "prompt": "0.000001", "completion": "0.000005"},
        {"min_prompt_tokens": 100, "utc_start": "00:30", "utc_end": "16:30", "prompt": "0.000009"},
    ])  # fmt: skip
    assert (found.input_nanos, found.output_nanos) == (2 * NANOS, 5 * NANOS)
    assert found.tiers == (Tier(100, 9 * NANOS, 9 * NANOS, 5 * NANOS),)


CENTS = st.integers(0, 10**6).map(lambda number: f"{Decimal(number).scaleb(-9):f}")


@given(CENTS, CENTS, st.lists(st.tuples(st.integers(1, 5_000), CENTS, CENTS), max_size=4), st.integers(0, 6_000))
def test_a_request_costs_what_the_provider_says_whatever_its_length(
    prompt: str, completion: str, entries: list[tuple[int, str, str]], used: int
) -> None:
    overrides = [{"min_prompt_tokens": start, "prompt": dear, "completion": more} for start, dear, more in entries]
    asked = {"prompt": prompt, "completion": completion, "request": "0", "overrides": overrides}
    found = price(prompt, completion, overrides=overrides).to_price("m", Unit.USD)
    assert 0 <= charge_nanos(found, Tokens(used, 70)) - cost_of(asked, used, 70) * NANOS < 1


def test_what_costs_something_for_long_prompts_is_not_free() -> None:
    free, later = read("0", "0"), read("0", "0", overrides=[{"min_prompt_tokens": 9, "prompt": "0.000001"}])
    assert free is not None and free.is_free
    assert later is not None and not later.is_free

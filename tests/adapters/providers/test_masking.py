"""Secrets in what an upstream wrote."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.providers.masking import clean_object, clean_text
from tests.support.growing import ends_in_time, read_much

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Incorrect API key provided: sk-abc****wxyz. Try again.", "Incorrect API key provided: *** Try again."),
        ("Authorization: Bearer abc.def-123", "Authorization: ***"),
        ("the key gsk_0123456789 is revoked", "the key *** is revoked"),
        ("my own secret-of-mine here", "my own *** here"),
        ("key abcd****wxyz", "key ***"),
        ("keys ab****cd/sk-ab****yz and **two**", "keys *** and **two**"),
        ("a risk-free task-based answer, bearer of news", "a risk-free task-based answer, bearer of news"),
        ("invalid_api_key", "invalid_api_key"),
    ],
)
def test_secrets_are_masked_and_words_are_not(text: str, clean: str) -> None:
    assert clean_text(text, "secret-of-mine") == clean


@pytest.mark.parametrize("prefix", ["sk-", "pk-", "rk_", "xai-", "gsk_", "hf_", "r8_", "AIza", "Bearer 0"])
def test_a_key_of_another_provider_is_masked_by_its_form(prefix: str) -> None:
    assert clean_text(f"The key {prefix}0123456789ab is wrong.") == "The key *** is wrong."


def test_a_short_key_is_masked_where_it_stands_alone() -> None:
    assert clean_text("key x is excellent", "x") == "key *** is excellent"


@pytest.mark.slow
@settings(max_examples=40)
@given(st.dictionaries(st.text(), JSON), st.text("abcdef0123456789", min_size=8))
def test_the_key_never_comes_through_and_the_rest_can_be_written(value: dict[str, Any], secret: str) -> None:
    """Only keys and texts that nobody thought of find the one spelling of a key that would come through."""
    cleaned = clean_object({**value, "message": f"wrong: {secret}", "inner": [{secret: secret * 2}]}, secret)
    written = json.dumps(cleaned, allow_nan=False, ensure_ascii=False)
    assert written.encode()
    assert secret not in written


def test_what_no_reader_can_hold_is_replaced() -> None:
    deep: dict[str, object] = {}
    for _ in range(50):
        deep = {"in": deep}
    cleaned = clean_object({"big": 10**30, "nan": float("nan"), "half": "\ud800", "deep": deep, "fine": 400})
    assert (cleaned["big"], cleaned["nan"], cleaned["half"], cleaned["fine"]) == (str(10**30), None, "?", 400)
    assert json.dumps(cleaned).count('"in"') < 10


@ends_in_time
@pytest.mark.parametrize("piece", ["a", "a**", "Bearer ", "Bearer a", "sk-", "***", "*** ", "Bearer  a"])
def test_a_long_text_is_masked_in_a_time_that_grows_with_it(piece: str) -> None:
    read_much(lambda size: clean_text(piece * (size // len(piece))), 4_000)

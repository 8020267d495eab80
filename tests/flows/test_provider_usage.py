"""What a provider says of its usage is believed as far as it can be right."""

import pytest

from app.domain.money import NANOS
from app.domain.pricing.quote import TokenKind, Tokens
from app.flows.provider_usage import read_cost, read_usage


@pytest.mark.parametrize(
    "usage",
    [None, {}, [], {"prompt_tokens": 1}, {"prompt_tokens": -1, "completion_tokens": 1},
     {"prompt_tokens": 1, "completion_tokens": "2"}, {"prompt_tokens": True, "completion_tokens": 1},
     {"prompt_tokens": 1, "completion_tokens": 10**8}, {"prompt_tokens": 1.5, "completion_tokens": 1}],
)  # fmt: skip
def test_usage_that_cannot_be_right_is_none(usage: object) -> None:
    assert read_usage(usage) is None


def test_cached_tokens_are_part_of_the_prompt() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}
    assert read_usage(usage) == Tokens(5, 1, 5)
    assert read_usage(usage | {"prompt_tokens_details": {"cached_tokens": "x"}}) == Tokens(5, 1, 0)


def test_every_part_that_a_provider_names_is_a_kind_of_its_own() -> None:
    usage = {
        "prompt_tokens": 100, "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 20, "audio_tokens": 5, "image_tokens": 7},
        "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 4},
    }  # fmt: skip
    tokens = read_usage(usage)
    assert tokens is not None and dict(tokens.by_kind()) == {
        TokenKind.INPUT: 58, TokenKind.CACHED_INPUT: 10, TokenKind.CACHE_WRITE: 20, TokenKind.IMAGE_INPUT: 7,
        TokenKind.AUDIO_INPUT: 5, TokenKind.OUTPUT: 16, TokenKind.REASONING: 30, TokenKind.AUDIO_OUTPUT: 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("holder", "name", "kind"),
    [
        ("prompt_tokens_details", "cache_creation_tokens", TokenKind.CACHE_WRITE),
        ("completion_tokens_details", "image_tokens", TokenKind.IMAGE_OUTPUT),
    ],
)
def test_a_part_has_another_name_with_some_providers(holder: str, name: str, kind: TokenKind) -> None:
    tokens = read_usage({"prompt_tokens": 9, "completion_tokens": 9, holder: {name: 4}})
    assert tokens is not None and dict(tokens.by_kind())[kind] == 4


def test_cached_tokens_are_read_where_deepseek_says_them() -> None:
    assert read_usage({"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 4}) == Tokens(9, 1, 4)


@pytest.mark.parametrize("part", [-1, "3", None, 1.5, True, 2**50, [], {}])
def test_a_part_that_is_nonsense_is_left_out_and_the_whole_stands(part: object) -> None:
    details = {"prompt_tokens_details": {"audio_tokens": part}, "completion_tokens_details": {"reasoning_tokens": part}}
    assert read_usage({"prompt_tokens": 9, "completion_tokens": 1, **details}) == Tokens(9, 1)


@pytest.mark.parametrize(
    ("cost", "nanos"),
    [(0.00014, 140_000), (0, 0), (2, 2 * NANOS), (1e-9, 1), (0.1 + 0.2, 300_000_000), (-1, None), ("1", None),
     (None, None), (True, None), (float("inf"), None), (float("nan"), None), (10**9, None)],
)  # fmt: skip
def test_what_an_answer_cost_the_provider_is_nanos_of_a_dollar(cost: object, nanos: int | None) -> None:
    assert read_cost({"cost": cost}) == nanos

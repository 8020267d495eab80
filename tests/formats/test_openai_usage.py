"""What a provider says of its usage is believed as far as it can be right."""

from typing import Any

import pytest

from app.domain.money import NANOS
from app.domain.pricing.quote import TokenKind, Tokens
from app.formats.openai_usage import Usage, read_cost, read_usage, usage_of, without_usage

WHOLE = {"prompt_tokens": 100, "completion_tokens": 20}


def tokens_of(usage: object) -> Tokens | None:
    found = read_usage(usage)
    return found.tokens if found else None


def kinds_of(usage: object) -> dict[TokenKind, int]:
    found = tokens_of(usage)
    assert found is not None
    return dict(found.by_kind())


@pytest.mark.parametrize(
    "usage",
    [None, {}, [], 7, {"prompt_tokens": -1}, {"prompt_tokens": True, "completion_tokens": 0},
     {"prompt_tokens": 10**8, "completion_tokens": "many"}, {"prompt_tokens": 1.5, "completion_tokens": "2.5"},
     {"prompt_tokens": float("nan"), "completion_tokens": float("inf")}, {"completion_tokens": "9" * 99},
     {"prompt_tokens": "sNaN", "completion_tokens": "1e999999999"}],
)  # fmt: skip
def test_usage_that_cannot_be_right_is_none(usage: object) -> None:
    assert read_usage(usage) is None


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        ({"completion_tokens": 20}, (None, 20)),
        ({"prompt_tokens": 100, "completion_tokens": None}, (100, None)),
        ({"prompt_tokens": -1, "completion_tokens": 3}, (None, 3)),
        ({"prompt_tokens": 100, "completion_tokens": 0}, (100, None)),
        ({"prompt_tokens": "100", "completion_tokens": " 20 "}, (100, 20)),
        ({"prompt_tokens": 100.0, "completion_tokens": "20.0"}, (100, 20)),
        ({"prompt_tokens": "1e2", "completion_tokens": 2e1}, (100, 20)),
        ({"input_tokens": 100, "output_tokens": 20}, (100, 20)),
        ({"input_tokens": "100", "output_tokens": 20.0, "prompt_tokens": 0, "completion_tokens": None}, (100, 20)),
        ({"total_tokens": 120, "completion_tokens": 20}, (100, 20)),
        ({"total_tokens": 120, "prompt_tokens": 100}, (100, 20)),
        ({"total_tokens": "120", "prompt_tokens": "100"}, (100, 20)),
        ({"total_tokens": 120}, None),
    ],
)
def test_what_was_said_in_part_or_in_another_way_is_used(usage: object, said: tuple[int, int] | None) -> None:
    found = read_usage(usage)
    assert (found and (found.prompt, found.output)) == said


@pytest.mark.parametrize(
    ("usage", "output", "thoughts"),
    [
        # The issue's own: as xAI and Gemini count.
        ({"prompt_tokens": 100, "completion_tokens": 2, "total_tokens": 419,
          "completion_tokens_details": {"reasoning_tokens": 317}}, 319, 317),
        # OpenAI, DeepSeek: thoughts are among the output.
        ({"prompt_tokens": 100, "completion_tokens": 319, "total_tokens": 419,
          "completion_tokens_details": {"reasoning_tokens": 317}}, 319, 317),
        ({"prompt_tokens": 100, "completion_tokens": 319, "completion_tokens_details": {"reasoning_tokens": 317}},
         319, 317),
        # Nobody names them, and the total has them.
        ({"prompt_tokens": 100, "completion_tokens": 2, "total_tokens": 419}, 319, 317),
        ({"input_tokens": 100, "output_tokens": 2, "total_tokens": 419,
          "output_tokens_details": {"reasoning_tokens": 317}}, 319, 317),
        # No total, and a part that is larger than the whole.
        ({"prompt_tokens": 100, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 317}},
         319, 317),
        ({"prompt_tokens": 100, "completion_tokens": 2, "reasoning_tokens": 317}, 319, 317),
        # The total says that they are no part of what is paid.
        ({"prompt_tokens": 100, "completion_tokens": 2, "total_tokens": 102,
          "completion_tokens_details": {"reasoning_tokens": 317}}, 2, 2),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 50}, 20, 0),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 0}, 20, 0),
        ({"prompt_tokens": 100, "completion_tokens": 0, "total_tokens": 417,
          "completion_tokens_details": {"reasoning_tokens": 317}}, 317, 317),
    ],
)  # fmt: skip
def test_thoughts_beside_the_output_are_what_the_total_leaves(usage: object, output: int, thoughts: int) -> None:
    found = tokens_of(usage)
    assert found is not None and (found.prompt, found.output) == (100, output)
    assert kinds_of(usage).get(TokenKind.REASONING, 0) == thoughts


def test_cached_tokens_are_part_of_the_prompt() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}
    assert tokens_of(usage) == Tokens(5, 1, 5)
    assert tokens_of(usage | {"prompt_tokens_details": {"cached_tokens": "x"}}) == Tokens(5, 1, 0)


@pytest.mark.parametrize(
    ("said", "cached", "written"),
    [
        ({"cached_tokens": 80}, 80, 0),  # Kimi, Together
        ({"prompt_cache_hit_tokens": 80, "prompt_cache_miss_tokens": 20}, 80, 0),  # DeepSeek
        ({"prompt_cache_hit_tokens": 80, "prompt_tokens_details": {"cached_tokens": 0}}, 80, 0),
        ({"prompt_cache_hit_tokens": 0, "prompt_tokens_details": {"cached_tokens": 80}}, 80, 0),
        ({"num_cached_tokens": "80"}, 80, 0),  # Mistral
        ({"input_tokens_details": {"cached_tokens": 80.0}}, 80, 0),
        ({"cache_read_input_tokens": 80}, 80, 0),  # Anthropic's names, as LiteLLM writes them
        ({"cache_read_input_tokens": 50, "cache_creation_input_tokens": 30}, 50, 30),
        ({"cache_read_input_tokens": 50, "prompt_tokens_details": {"cached_tokens": 0}}, 50, 0),
        ({"cache_read_input_tokens": 0, "prompt_tokens_details": {"cached_tokens": 50}}, 50, 0),
        ({"prompt_tokens_details": {"cached_tokens": 40, "cache_creation_input_tokens": 30}}, 40, 30),  # Qwen
        ({"prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 30}}, 40, 30),  # OpenRouter
        ({"cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}}, 0, 30),
        ({"cached_tokens": None, "prompt_cache_hit_tokens": {}, "cache_read_input_tokens": []}, 0, 0),
    ],
)
def test_a_cache_is_read_wherever_it_is_said(said: dict[str, Any], cached: int, written: int) -> None:
    kinds = kinds_of({**WHOLE, **said})
    assert kinds.get(TokenKind.CACHED_INPUT, 0) == cached
    assert kinds.get(TokenKind.CACHE_WRITE, 0) == written
    assert sum(kinds.values()) == 120


@pytest.mark.parametrize(
    ("usage", "prompt"),
    [
        # Anthropic's own counts: three kinds beside one another.
        ({"input_tokens": 10, "output_tokens": 20, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 30},
         100),
        ({"input_tokens": 0, "output_tokens": 20, "cache_read_input_tokens": 100}, 100),
        # Under OpenAI's names, where a part would be larger than the whole, or the total says so.
        ({"prompt_tokens": 10, "completion_tokens": 20, "cache_read_input_tokens": 90}, 100),
        ({"prompt_tokens": 60, "completion_tokens": 20, "cache_read_input_tokens": 40, "total_tokens": 120}, 100),
        # Among the prompt: the total says so, or nothing does.
        ({"input_tokens": 100, "output_tokens": 20, "cache_read_input_tokens": 60, "total_tokens": 120}, 100),
        ({"prompt_tokens": 100, "completion_tokens": 20, "cache_read_input_tokens": 60, "total_tokens": 120}, 100),
        ({"prompt_tokens": 100, "completion_tokens": 20, "cache_read_input_tokens": 60}, 100),
    ],
)  # fmt: skip
def test_a_cache_beside_the_prompt_is_part_of_what_was_read(usage: dict[str, int], prompt: int) -> None:
    found = tokens_of(usage)
    assert found is not None and (found.prompt, found.output) == (prompt, 20)
    assert kinds_of(usage)[TokenKind.CACHED_INPUT] == usage["cache_read_input_tokens"]


def test_every_part_that_a_provider_names_is_a_kind_of_its_own() -> None:
    usage = {
        "prompt_tokens": 100, "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 20, "audio_tokens": 5, "image_tokens": 7},
        "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 4, "image_tokens": 1},
    }  # fmt: skip
    assert kinds_of(usage) == {
        TokenKind.INPUT: 58, TokenKind.CACHED_INPUT: 10, TokenKind.CACHE_WRITE: 20, TokenKind.IMAGE_INPUT: 7,
        TokenKind.AUDIO_INPUT: 5, TokenKind.OUTPUT: 15, TokenKind.REASONING: 30, TokenKind.AUDIO_OUTPUT: 4,
        TokenKind.IMAGE_OUTPUT: 1,
    }  # fmt: skip


@pytest.mark.parametrize("part", [-1, "x", None, 1.5, True, 2**50, [], {}])
def test_a_part_that_is_nonsense_is_left_out_and_the_whole_stands(part: object) -> None:
    details = {"prompt_tokens_details": {"audio_tokens": part}, "completion_tokens_details": {"reasoning_tokens": part}}
    assert tokens_of({"prompt_tokens": 9, "completion_tokens": 1, **details}) == Tokens(9, 1)


def choice(index: int, prompt: int, output: int) -> dict[str, Any]:
    return {"index": index, "delta": {}, "usage": {"prompt_tokens": prompt, "completion_tokens": output}}


@pytest.mark.parametrize(
    ("content", "tokens"),
    [
        ({"choices": [], "usage": WHOLE}, Tokens(100, 20)),
        ({"choices": [{"index": 0, "usage": WHOLE}]}, Tokens(100, 20)),  # Kimi
        ({"choices": [choice(0, 100, 15), choice(1, 100, 5)]}, Tokens(100, 20)),
        ({"choices": [{"index": 0, "usage": WHOLE}], "usage": None}, Tokens(100, 20)),
        ({"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}, "x_groq": {"usage": WHOLE}},
         Tokens(100, 20)),
        ({"choices": [7, None, {"usage": 7}], "usage": "none", "x_groq": {"usage": []}}, None),
        ({"choices": [{"index": 0, "message": {"content": "Hi", "usage": WHOLE}}]}, Tokens(100, 20)),
        ({"choices": [{"index": 0, "delta": {"usage": WHOLE}}]}, Tokens(100, 20)),
        ({"choices": [], "usage": [WHOLE]}, Tokens(100, 20)),
        ({"choices": 7}, None),
    ],
)  # fmt: skip
def test_usage_is_found_where_it_stands(content: dict[str, Any], tokens: Tokens | None) -> None:
    found = usage_of(content)
    assert (found and found.tokens) == tokens
    assert usage_of(without_usage(content)) is None


def test_an_event_without_its_usage_is_the_same_event() -> None:
    content = {"id": "c", "choices": [{"index": 0, "delta": {"content": "x"}, "usage": WHOLE}, 7], "usage": WHOLE,
               "x_groq": {"id": "g", "usage": WHOLE}}  # fmt: skip
    assert without_usage(content) == {
        "id": "c", "choices": [{"index": 0, "delta": {"content": "x"}}, 7], "usage": None, "x_groq": {"id": "g"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("timings", "tokens"),
    [
        ({"cache_n": 40, "prompt_n": 60, "predicted_n": 20}, Tokens(100, 20, 40)),
        ({"cache_n": 0, "prompt_n": 100, "predicted_n": 20, "predicted_ms": 7.5}, Tokens(100, 20)),
        ({"prompt_n": 60, "predicted_n": 20}, None),  # its prompt without what was in a cache is not known
        ({"cache_n": 1, "predicted_n": 0}, None),
        ([1], None),
    ],
)
def test_the_timings_of_llama_cpp_say_tokens_where_no_usage_does(timings: object, tokens: Tokens | None) -> None:
    content = {"choices": [], "timings": timings}
    found = usage_of(content)
    assert (found and found.tokens) == tokens
    said = usage_of({**content, "usage": WHOLE})
    assert said is not None and said.tokens == Tokens(100, 20)
    assert without_usage(content) == {**content, "usage": None}


def test_choices_that_say_their_usage_in_events_of_their_own_are_added_up() -> None:
    of_choices: dict[int, Usage] = {}
    said = [usage_of({"choices": [choice(*row)]}, of_choices) for row in ((0, 100, 9), (0, 100, 15), (1, 100, 5))]
    assert [found and found.tokens for found in said] == [Tokens(100, 9), Tokens(100, 15), Tokens(100, 20)]
    assert usage_of({"choices": [{"index": 1, "delta": {"content": "x"}}]}, of_choices) is None


def test_what_was_said_before_is_not_lost_by_silence_or_a_zero() -> None:
    first = read_usage({**WHOLE, "cost": 0.5, "prompt_tokens_details": {"cached_tokens": 7}})
    assert first is not None
    for later in ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, {"completion_tokens": 20}):
        found = (read_usage(later) or Usage()).after(first)
        assert (found.tokens, found.cost_nanos) == (Tokens(100, 20, 7), NANOS // 2)
    assert (read_usage({"completion_tokens": 30}) or Usage()).after(first).output == 30


def test_what_was_not_said_is_counted() -> None:
    counted = Tokens(90, 18)
    assert Usage().filled(counted) == counted
    assert Usage(100, None, ((TokenKind.CACHED_INPUT, 30),)).filled(counted) == Tokens(100, 18, 30)
    assert Usage(None, 20, ((TokenKind.REASONING, 5),)).filled(counted) == Tokens(
        90, 20, 0, ((TokenKind.REASONING, 5),)
    )


@pytest.mark.parametrize(
    ("cost", "nanos"),
    [(0.00014, 140_000), (0, 0), (2, 2 * NANOS), (1e-9, 1), (0.1 + 0.2, 300_000_000), (-1, None), ("1", None),
     (None, None), (True, None), (float("inf"), None), (float("nan"), None), (1_000, 1_000 * NANOS),
     (1_000.01, None), (10**9, None)],
)  # fmt: skip
def test_what_an_answer_cost_the_provider_is_nanos_of_a_dollar(cost: object, nanos: int | None) -> None:
    assert read_cost({"cost": cost}) == nanos


@pytest.mark.parametrize(
    ("ticks", "nanos"), [(232_856_000, 23_285_600), (0, 0), (-1, None), (10**13 + 1, None), (True, None), ("1", None)]
)
def test_xai_says_its_cost_in_ticks(ticks: object, nanos: int | None) -> None:
    assert read_cost({"cost_in_usd_ticks": ticks}) == nanos

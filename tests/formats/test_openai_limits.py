"""Limits that providers name, in the words that they are known to use; `sent` is what we had asked for."""
# ruff: noqa: E501 (their words are long)

import pytest

from app.formats.openai_limits import NamedLimit, read_named_limit
from tests.support.growing import ends_in_time, read_much

SENT = 16_384
OUTPUTS = {
    "openai": "max_tokens is too large: 16384. This model supports at most 4096 completion tokens, whereas you provided "
              "16384.",
    "azure": "max_tokens is too large: 16384. This model supports at most 4,096 completion tokens, whereas you provided "
             "16384.",
    "anthropic": "max_tokens: 16384 > 4096, which is the maximum allowed number of output tokens for claude-3-haiku",
    "groq": "`max_tokens` must be less than or equal to `4096`, the maximum value for `max_tokens` is less than the "
            "`context_window` for this model",
    "groq, new field": "`max_completion_tokens` must be less than or equal to `4096`",
    "deepseek": "Invalid max_tokens value, the valid range of max_tokens is [1, 4096]",
    "qwen": "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 4096]",
    "gemini": "Unable to submit request because it has a maxOutputTokens value of 16384. max_output_tokens must be "
              "between 1 and 4096.",
    "cohere": "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model. "
              "max_tokens must be at most 4096",
}  # fmt: skip
WINDOWS = {
    "openai": ("This model's maximum context length is 8192 tokens. However, you requested 16484 tokens (100 in the "
               "messages, 16384 in the completion). Please reduce the length of the messages or completion.", 100),
    "openai, tools": ("This model's maximum context length is 8192 tokens. However, you requested 16484 tokens (40 in the "
                      "messages, 60 in the functions, and 16384 in the completion).", 100),
    "openrouter": ("This endpoint's maximum context length is 8192 tokens. However, you requested about 16484 tokens (100 "
                   "of text input, 16384 in the output). Please reduce the length of either one.", 100),
    "vllm": ("'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 8192 "
             "tokens and your request has 100 input tokens (16384 > 8192 - 100).", 100),
    "together": ("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 100 `inputs` tokens and "
                 "16384 `max_new_tokens`", 100),
    "mistral": ("Prompt contains 100 tokens and 0 draft tokens, too large for model with 8192 maximum context length", 100),
    "kimi": ("Invalid request: Your request exceeded model token limit: 8192", None),
    "fireworks": ("The prompt and max_tokens exceed the maximum context window of 8,192", None),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_largest_output_is_read(name: str) -> None:
    assert read_named_limit(OUTPUTS[name], SENT) == NamedLimit(output=4_096)


@pytest.mark.parametrize("name", WINDOWS)
def test_the_window_is_read_and_what_the_prompt_takes_of_it(name: str) -> None:
    said, prompt = WINDOWS[name]
    assert read_named_limit(said, SENT) == NamedLimit(window=8_192, prompt=prompt)


@pytest.mark.parametrize("said", [
    "", "Invalid value for 'temperature': 9", "max_tokens must be an integer", "The model `m` does not exist",
    "Rate limit reached: 40000 tokens per minute", "This model supports at most 99999 completion tokens",
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
])  # fmt: skip
def test_what_names_no_smaller_limit_is_none(said: str) -> None:
    assert read_named_limit(said, SENT) is None


@pytest.mark.parametrize(
    "said",
    [
        "context length is {}",
        "supports at most {} output tokens",
        "Given: {} inputs tokens",
        "max_tokens must be <= {}",
    ],
)
def test_a_number_longer_than_any_limit_breaks_nothing(said: str) -> None:
    found = read_named_limit(said.format("9" * 5_000), 16_384)
    assert found is None or (found.output is None and (found.window or 0) > 10**20)


@ends_in_time
@pytest.mark.parametrize("piece", ["max_", "max_tokens", "1,", "context length 1", "maximum "])
def test_what_a_provider_says_is_read_in_a_time_that_grows_with_it(piece: str) -> None:
    read_much(lambda size: read_named_limit(piece * (size // len(piece)), 16_384), 8_000)

"""What a name says of a model."""

import pytest

from app.domain.catalogue.models import OUTPUT_TOKENS_MAX, is_reasoning, output_tokens_least, thinks_unseen


@pytest.mark.parametrize(
    "model",
    [
        "o1",
        "o3-mini",
        "openai/o4-mini",
        "gpt-5",
        "gpt-5-nano",
        "deepseek-r1",
        "x-thinking",
        "qwq-32b",
        "magistral-small",
        "openai/gpt-oss-120b",
        "deepseek/deepseek-r1",
        "grok-4-fast-reasoning",
        "O3-MINI",
        "Kimi-K2-Thinking",
        "o1-preview",
        "google/gemini-2.5-pro",
        "gemini-3-flash",
        "x-ai/grok-4",
    ],
)
def test_models_that_think_need_room_for_it(model: str) -> None:
    assert is_reasoning(model) and output_tokens_least(model) == 1_024


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4o",
        "gpt-4o-mini",
        "claude-sonnet",
        "ok",
        "mistral-large",
        "foo-o1x",
        "o10",
        "o0-mini",
        "gpt-4.5",
        "solo1",
        "",
        "llama-3.1-8b",
        "deepseek-chat",
        "gpt-3.5-turbo",
    ],
)
def test_other_models_answer_in_a_few_tokens(model: str) -> None:
    assert not is_reasoning(model) and output_tokens_least(model) == 16


@pytest.mark.parametrize(
    "model",
    ["grok-3-mini", "x-ai/grok-code-fast-1", "grok-4-fast", "qwen3-32b", "qwen/qwen3-235b-a22b", "z-ai/glm-4.6",
     "minimax/minimax-m2", "deepseek-v3.1", "kimi-k2.5", "o3", "gemini-2.5-flash", "sonar-deep-research"],
)  # fmt: skip
def test_models_that_may_think_unseen_hold_everything(model: str) -> None:
    assert thinks_unseen(model)


@pytest.mark.parametrize("model", ["gpt-4o", "grok-2", "qwen2.5-72b", "glm-4-9b", "kimi-k2", "demo-mini", "ok", ""])
def test_models_that_only_speak_hold_a_little_first(model: str) -> None:
    assert not thinks_unseen(model)


def test_the_least_output_is_never_more_than_the_most() -> None:
    assert output_tokens_least("gpt-4o") < output_tokens_least("o1") < OUTPUT_TOKENS_MAX

"""What a name says of a model."""

import pytest

from app.domain.catalogue.models import is_reasoning, output_tokens_least


@pytest.mark.parametrize(
    "model", ["o1", "o3-mini", "openai/o4-mini", "gpt-5", "gpt-5-nano", "deepseek-r1", "x-thinking"]
)
def test_models_that_think_need_room_for_it(model: str) -> None:
    assert is_reasoning(model) and output_tokens_least(model) == 1_024


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-mini", "claude-sonnet", "ok", "mistral-large", "foo-o1x"])
def test_other_models_answer_in_a_few_tokens(model: str) -> None:
    assert not is_reasoning(model) and output_tokens_least(model) == 16

"""A model that was seen to think is held as one that does."""

from app.domain.pricing.quote import TokenKind, Tokens
from app.flows.chat import thinking
from app.flows.chat.thinking import ThinkingModels

THOUGHT = Tokens(1, 9, 0, ((TokenKind.REASONING, 5),))


def test_a_model_is_remembered_by_its_paywall_once_it_thought() -> None:
    seen = ThinkingModels()
    seen.note("pw_1", "m", Tokens(1, 9, 0, ((TokenKind.AUDIO_OUTPUT, 5),)))
    assert not seen.has_thought("pw_1", "m")
    seen.note("pw_1", "m", THOUGHT)
    assert [seen.has_thought(*key) for key in (("pw_1", "m"), ("pw_2", "m"), ("pw_1", "n"))] == [True, False, False]


def test_only_the_latest_are_remembered() -> None:
    seen = ThinkingModels()
    seen.note("pw_1", "first", THOUGHT)
    seen.note("pw_1", "second", THOUGHT)
    seen.note("pw_1", "first", THOUGHT)
    for number in range(thinking.MODELS_MAX - 1):
        seen.note("pw_2", str(number), THOUGHT)
    assert seen.has_thought("pw_1", "first") and not seen.has_thought("pw_1", "second")

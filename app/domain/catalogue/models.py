"""What can be known of a model by its name, where neither catalogue nor provider says more."""

import re

OUTPUT_TOKENS_MAX = 16_384
"""The largest output of a model that nothing is known of (`decisions.md` 2)."""

_REASONING = re.compile(r"(^|/)(o[1-9]\b|gpt-5|gpt-oss|deepseek-r|qwq|magistral)|thinking|reason", re.IGNORECASE)


def is_reasoning(model: str) -> bool:
    """Tells whether a model thinks before it speaks, so that its output limit must leave room for it."""
    return bool(_REASONING.search(model))


def output_tokens_least(model: str) -> int:
    """Returns the least output limit that still gives an answer: 16 tokens, 1,024 for a reasoning model."""
    return 1_024 if is_reasoning(model) else 16

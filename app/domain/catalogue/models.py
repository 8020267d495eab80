"""What can be known of a model by its name, where neither catalogue nor provider says more."""

import re
from dataclasses import dataclass

from app.domain.pricing.list_price import ListPrice

OUTPUT_TOKENS_MAX = 16_384
"""The largest output of a model that nothing is known of (`decisions.md` 2)."""

_REASONING = re.compile(
    r"(^|/)(o[1-9]\b|gpt-5|gpt-oss|deepseek-r|qwq|magistral|gemini-(2\.5|3)|grok-4)|thinking|reason", re.IGNORECASE
)

_THINKING = re.compile(
    r"(^|/)(grok-(3-mini|code|[4-9])|qwen3|qwen-?plus|glm-(4\.[5-9]|[5-9])|minimax-m|deepseek-(v3\.[1-9]|v[4-9])"
    r"|kimi-k2\.|step-3|seed-|ernie-x|hunyuan-(t1|a13b)|nemotron|sonar-deep|exaone-deep|mimo)",
    re.IGNORECASE,
)
"""Models that may think unseen beside those: they get `max_tokens` like others, and are held like those."""

_IMAGE_TOKENS: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(rf"(^|/)({names})", re.IGNORECASE), tokens)
    for names, tokens in (
        (r"gpt-4o-mini", 48_169),
        (r"gpt-(4\.1|5)-nano", 3_779),
        (r"gpt-(4\.1|5)-mini|o4-mini", 2_642),
        (r"gpt-4o|gpt-4\.1|gpt-4\.5|gpt-4-turbo|chatgpt-4o", 1_445),
        (r"gpt-5|o1|o3", 1_275),
        (r"claude-", 4_784),
    )
)
"""The most tokens of one image, by OpenAI's and Anthropic's own tables (at high detail and the largest size)."""


@dataclass(frozen=True, slots=True)
class CataloguePrice:
    """A catalogue's price of a model, in dollars, and what else it knows of the model."""

    price: ListPrice
    context_tokens_max: int | None = None
    output_tokens_max: int | None = None
    part_tokens_max: int | None = None
    display_name: str = ""
    description: str = ""


def image_tokens_max(model: str) -> int | None:
    """Returns the most tokens that one image can cost, None where the maker does not say."""
    return next((tokens for pattern, tokens in _IMAGE_TOKENS if pattern.search(model)), None)


def is_reasoning(model: str) -> bool:
    """Tells whether a model thinks before it speaks, so that its output limit must leave room for it."""
    return bool(_REASONING.search(model))


def thinks_unseen(model: str) -> bool:
    """Tells whether a model may think in tokens that nobody sees before they are charged."""
    return is_reasoning(model) or bool(_THINKING.search(model))


def output_tokens_least(model: str) -> int:
    """Returns the least output limit that still gives an answer: 16 tokens, 1,024 for a reasoning model."""
    return 1_024 if is_reasoning(model) else 16

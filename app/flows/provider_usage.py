"""What a provider says of an answer's usage: tokens by kind, and what it cost itself.

Nothing is believed that cannot be right; a part that is nonsense is left out, and the whole stands.
"""

from decimal import Decimal
from typing import Any, TypeGuard

from app.domain.money import AMOUNT_UNITS_MAX, NANOS
from app.domain.pricing.quote import TokenKind, Tokens

_PARTS: tuple[tuple[str, str, TokenKind], ...] = (
    ("prompt_tokens_details", "cache_write_tokens", TokenKind.CACHE_WRITE),  # OpenRouter
    ("prompt_tokens_details", "cache_creation_tokens", TokenKind.CACHE_WRITE),
    ("prompt_tokens_details", "image_tokens", TokenKind.IMAGE_INPUT),
    ("prompt_tokens_details", "audio_tokens", TokenKind.AUDIO_INPUT),
    ("completion_tokens_details", "reasoning_tokens", TokenKind.REASONING),
    ("completion_tokens_details", "audio_tokens", TokenKind.AUDIO_OUTPUT),
    ("completion_tokens_details", "image_tokens", TokenKind.IMAGE_OUTPUT),  # OpenRouter
)


COUNT_MAX = 10**8
"""Ten times what the longest model reads; a count beyond it is nonsense, and the tokens are counted by us."""


def read_usage(usage: object) -> Tokens | None:
    """Returns the tokens of a provider's `usage`, or None where it cannot be right."""
    if not isinstance(usage, dict):
        return None
    prompt, output = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not _is_count(prompt) or not _is_count(output):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    if not _is_count(cached):
        cached = usage.get("prompt_cache_hit_tokens")  # DeepSeek
    return Tokens(prompt, output, min(cached, prompt) if _is_count(cached) else 0, _read_parts(usage))


def _read_parts(usage: dict[str, Any]) -> tuple[tuple[TokenKind, int], ...]:
    found: dict[TokenKind, int] = {}
    for holder, name, kind in _PARTS:
        details = usage.get(holder)
        count = details.get(name) if isinstance(details, dict) else None
        if count and _is_count(count):
            found[kind] = count
    return tuple(found.items())


def read_cost(usage: object) -> int | None:
    """Returns what the provider says that the answer cost it, in nanos of a dollar (OpenRouter's `usage.cost`)."""
    cost = usage.get("cost") if isinstance(usage, dict) else None
    if isinstance(cost, bool) or not isinstance(cost, (int, float)) or not 0 <= cost <= AMOUNT_UNITS_MAX:
        return None
    return int((Decimal(str(cost)) * NANOS).to_integral_value())


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < COUNT_MAX

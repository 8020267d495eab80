"""OpenRouter's `pricing` object as a list price: exact, never below what is asked, None where it cannot be told.

Fields and meanings are those of its reference (`PublicPricing`, `PricingOverride`). An entry of `overrides` counts
where all its conditions hold, later entries win key by key. Those for long prompts become tiers; of those for a time
of day the dearest is taken.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from app.domain.money import AMOUNT_UNITS_MAX, NANOS
from app.ports.prices import ListPrice, Tier

_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,40})?([eE][+-]?\d{1,2})?")
_KINDS = {
    "prompt": "input_nanos",
    "completion": "output_nanos",
    "input_cache_read": "cached_input_nanos",
    "input_cache_write": "cache_write_nanos",
    "image_token": "image_input_nanos",
    "audio": "audio_input_nanos",
    "internal_reasoning": "reasoning_nanos",
    "audio_output": "audio_output_nanos",
    "image_output": "image_output_nanos",
}
_CONDITIONS = {"min_prompt_tokens", "utc_start", "utc_end"}
_UNUSED = {"web_search", "input_audio_cache", "input_cache_write_1h", "discount"}
"""What is refused or cannot occur with the operator's key, and discounts, which only make it cheaper."""
_SEARCHES = re.compile(r"^perplexity/|search-preview|deep-research")
"""Models that search the web by themselves, at a price for each search that nobody can bound."""
_MODALITIES = {"image": "image_output", "audio": "audio_output"}
IMAGE_PROMPTS_MAX = 20
IMAGE_TOKEN_MAX = Fraction(1, 100_000)
"""An image that costs more than 20 tokens of the prompt, and than this, is priced whole and not by its tokens."""

Amounts = dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class ReadPrice:
    """A list price, and the most tokens of one image, where the list says what an image costs at most."""

    list_price: ListPrice
    part_tokens_max: int | None
    is_free: bool


def read_price(model: str, pricing: object, makes: tuple[str, ...]) -> ReadPrice | None:
    """Returns a model's list price, None where it cannot be told by the token; `makes` are its output modalities.

    Raises ValueError for what is no price at all.
    """
    if not isinstance(pricing, dict):
        raise ValueError("There is no pricing.")
    base = _amounts(pricing)
    if "prompt" not in base or "completion" not in base:
        raise ValueError("A price of prompt or completion is missing.")
    overrides = pricing.get("overrides") or []
    if not isinstance(overrides, list) or not all(isinstance(entry, dict) for entry in overrides):
        raise ValueError("The overrides are no list.")
    starts = sorted({start for entry in overrides if (start := _start(entry))})
    steps = [_at(base, overrides, start) for start in (0, *starts)]
    is_telling = all(_is_telling(step, makes) for step in steps)
    if not is_telling or _SEARCHES.search(model) or any(_is_foreign(entry) for entry in overrides):
        return None
    by_kind = [_nanos_by_kind(step) for step in steps]
    tiers = tuple(_tier(start, amounts) for start, amounts in zip(starts, by_kind[1:], strict=True))
    whole_images = [step["image"] for step in steps if "image" in step and not _is_by_token(step)]
    image = max(whole_images, default=Fraction(0))
    is_in_tokens = base["prompt"] > 0
    found = ListPrice(
        **by_kind[0],
        request_nanos=math.ceil(max(step.get("request", Fraction(0)) for step in steps) * NANOS),
        image_nanos=0 if is_in_tokens else _nanos(image),
        tiers=tiers,
    )
    part_tokens = math.ceil(image / base["prompt"]) if image and is_in_tokens else None
    return ReadPrice(found, part_tokens, not any(amount for step in steps for amount in step.values()))


def _amounts(pricing: Mapping[str, Any]) -> Amounts:
    """Returns what an object of prices holds. Raises ValueError for an amount that is no decimal number."""
    return {key: _decimal(value) for key, value in pricing.items()
            if key in (*_KINDS, "request", "image") and value is not None}  # fmt: skip


def _decimal(value: object) -> Fraction:
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text.isascii() or not _DECIMAL.fullmatch(text):
        raise ValueError("A price is no decimal number.")
    return Fraction(text)


def _start(entry: Mapping[str, Any]) -> int:
    start = entry.get("min_prompt_tokens", 0)
    if not isinstance(start, int) or isinstance(start, bool) or not 0 <= start < 2**40:
        raise ValueError("A tier begins nowhere.")
    return start


def _is_foreign(entry: Mapping[str, Any]) -> bool:
    """Tells whether an override has a condition, or a price, that we do not know."""
    return bool(set(entry) - set(_KINDS) - _CONDITIONS - _UNUSED - {"request", "image"})


def _at(base: Amounts, overrides: list[Mapping[str, Any]], prompt_tokens: int) -> Amounts:
    """Returns what a prompt of this length costs, at the dearest time of day."""
    found, by_time = dict(base), []
    for entry in overrides:
        if _start(entry) <= prompt_tokens:
            if "utc_start" in entry or "utc_end" in entry:
                by_time.append(_amounts(entry))
            else:
                found |= _amounts(entry)
    for amounts in by_time:
        found |= {key: max(amount, found.get(key, amount)) for key, amount in amounts.items()}
    return found


def _is_telling(amounts: Amounts, makes: tuple[str, ...]) -> bool:
    """Tells whether these amounts can be a price: none varies or is absurd, and what is made has one."""
    most = Fraction(AMOUNT_UNITS_MAX, 1_000_000)
    if any(not 0 <= amount <= most for amount in amounts.values()):
        return False
    is_free = not any(amounts.values())
    output_images = amounts.get("image_output", Fraction(0))
    if output_images > max(IMAGE_PROMPTS_MAX * amounts["completion"], IMAGE_TOKEN_MAX * 100):
        return False  # a price for each image that is made, whose number nobody can bound
    return is_free or all(amounts.get(_MODALITIES[kind]) for kind in makes if kind in _MODALITIES)


def _is_by_token(amounts: Amounts) -> bool:
    return amounts["image"] <= max(IMAGE_PROMPTS_MAX * amounts["prompt"], IMAGE_TOKEN_MAX)


def _nanos_by_kind(amounts: Amounts) -> dict[str, int]:
    """Returns nanos per million tokens. A kind at nothing is one without a price of its own, where prompts cost."""
    found = dict(amounts)
    if "image" in found and "image_token" not in found and _is_by_token(found):
        found["image_token"] = found["image"]
    return {name: _nanos(found[key]) for key, name in _KINDS.items()
            if key in found and (found[key] or key in ("prompt", "completion"))}  # fmt: skip


def _nanos(dollars: Fraction) -> int:
    """Returns dollars for one as nanos for a million, rounded up."""
    return math.ceil(dollars * 1_000_000 * NANOS)


def _tier(start: int, amounts: dict[str, int]) -> Tier:
    return Tier(start, **{"cached_input_nanos": amounts["input_nanos"], **amounts})

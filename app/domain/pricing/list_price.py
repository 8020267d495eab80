"""What a provider asks for a model, before markup: amounts by kind, and tiers for long prompts."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from app.domain.errors import BadField
from app.domain.money import AMOUNT_UNITS_MAX, NANOS, Unit
from app.domain.pricing.quote import TIERED, Price, Tier
from app.domain.record import record

CREDITS_PER_DOLLAR = 100
TIERS_MAX = 20


@record(frozen=True, slots=True)
class ListPrice:
    """Nanos of a unit per million tokens or images, and per request. A kind that is None costs what input or
    output does."""

    input_nanos: int
    output_nanos: int
    cached_input_nanos: int | None = None
    request_nanos: int = 0
    cache_write_nanos: int | None = None
    image_input_nanos: int | None = None
    audio_input_nanos: int | None = None
    reasoning_nanos: int | None = None
    audio_output_nanos: int | None = None
    image_output_nanos: int | None = None
    image_nanos: int = 0
    tiers: tuple[Tier, ...] = ()

    def in_unit(self, unit: Unit) -> "ListPrice":
        """Returns this price in dollars as a price in another unit: 1 USD = 1 USDC = 100 CREDIT (`decisions.md` 1)."""
        if unit is not Unit.CREDIT:
            return self
        amounts = {name: value * CREDITS_PER_DOLLAR for name in LISTED if (value := getattr(self, name))}
        return replace(self, tiers=tiers_in_unit(self.tiers, unit), **amounts)

    def to_price(self, model: str, unit: Unit) -> Price:
        """Returns it as the arithmetic wants it: without markup and minimum."""
        amounts = {name: getattr(self, name) for name in LISTED if name != "cached_input_nanos"}
        cached = self.input_nanos if self.cached_input_nanos is None else self.cached_input_nanos
        return Price("", model, 0, unit, cached_input_nanos=cached, tiers=self.tiers, **amounts)

    def to_json(self) -> dict[str, Any]:
        """Returns what is stored."""
        amounts = {name: value for name in LISTED if (value := getattr(self, name)) is not None}
        return {**amounts, "tiers": tiers_to_json(self.tiers)}

    @staticmethod
    def from_json(stored: dict[str, Any]) -> "ListPrice":
        """Reads what was stored."""
        return ListPrice(**{**stored, "tiers": tiers_from_json(stored["tiers"])})


LISTED = (*TIERED, "request_nanos", "image_nanos")
"""The amounts of a list price."""


def tiers_in_unit(tiers: Sequence[Tier], unit: Unit) -> tuple[Tier, ...]:
    """Returns tiers in dollars as tiers in another unit."""
    if unit is not Unit.CREDIT:
        return tuple(tiers)
    changed = (
        {name: value * CREDITS_PER_DOLLAR for name in TIERED if (value := getattr(tier, name))} for tier in tiers
    )
    return tuple(replace(tier, **amounts) for tier, amounts in zip(tiers, changed, strict=True))


def tiers_to_json(tiers: Sequence[Tier]) -> list[dict[str, int]] | None:
    """Returns what is stored of tiers; None where there are none."""
    return [{name: value for name, value in asdict(tier).items() if value is not None} for tier in tiers] or None


def tiers_from_json(stored: list[dict[str, int]] | None) -> tuple[Tier, ...]:
    """Reads what was stored of tiers."""
    return tuple(Tier(**tier) for tier in stored or ())


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Raises BadField for tiers that cannot be: out of order, too many, or with an amount that is out of range."""
    if not tiers:
        return
    starts = [tier.from_tokens for tier in tiers]
    if len(starts) > TIERS_MAX or starts != sorted({start for start in starts if start > 0}):
        raise BadField(
            "tiers", f"`tiers` must be at most {TIERS_MAX}, each from more tokens of the prompt than the last."
        )
    for tier in tiers:
        for name in TIERED:
            value = getattr(tier, name)
            if value is not None and not 0 <= value <= AMOUNT_UNITS_MAX * NANOS:
                raise BadField("tiers", f"`tiers` holds a `{name}` that is not between 0 and {AMOUNT_UNITS_MAX} units.")

"""List prices of known models from genai-prices' own snapshot: offline, exact, never updated at run time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from genai_prices import data_snapshot
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, TieredPrices, TimeOfDateConstraint

from app.domain.money import NANOS
from app.ports.prices import CataloguePrice, ListPrice, Tier

_NAMES = {
    "input_nanos": "input_mtok",
    "output_nanos": "output_mtok",
    "cached_input_nanos": "cache_read_mtok",
    "cache_write_nanos": "cache_write_mtok",
    "image_input_nanos": "input_image_mtok",
    "audio_input_nanos": "input_audio_mtok",
    "reasoning_nanos": "output_reasoning_mtok",
    "audio_output_nanos": "output_audio_mtok",
    "image_output_nanos": "output_image_mtok",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class GenaiPrices:
    """A PriceCatalogue. `now` gives microseconds since 1970: prices have dates from which they hold."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now

    def find(self, model: str) -> CataloguePrice | None:
        """Returns a model's list price, or None where it is unknown or not by the token alone.

        Of prices that depend on the time of day the dearest is taken, and a fraction of a nano is rounded up: a
        price must never be below what the provider asks. Those that depend on the length of the prompt are tiers.
        """
        known = _find_model(model)
        if known is None:
            return None
        now = _EPOCH + timedelta(microseconds=self._now())
        prices = list(_current_prices(known, now))
        if any(price.requests_kcount for price in prices):
            return None
        starts = sorted({start for price in prices for start in _starts(price)})
        base, *steps = [_nanos_at(prices, start) for start in (0, *starts)]
        if base["input_nanos"] is None or base["output_nanos"] is None:
            return None
        # A tier begins behind its start (`calc_unit_price`), and a cached token never costs more than another.
        tiers = [_tier(start + 1, amounts) for start, amounts in zip(starts, steps, strict=True)]
        amounts = {name: value for name, value in base.items() if value is not None}
        return CataloguePrice(ListPrice(**amounts, tiers=tuple(tiers)), known.context_window or None)


def _starts(price: ModelPrice) -> Iterator[int]:
    """Yields the lengths of a prompt beyond which another price holds."""
    for amount in (getattr(price, name, None) for name in _NAMES.values()):
        if isinstance(amount, TieredPrices):
            yield from (tier.start for tier in amount.tiers)


def _nanos_at(prices: list[ModelPrice], start: int) -> dict[str, int | None]:
    """Returns what each kind costs behind a start of a tier."""
    return {kind: _dearest_nanos([getattr(price, name, None) for price in prices], start)
            for kind, name in _NAMES.items()}  # fmt: skip


def _tier(from_tokens: int, amounts: dict[str, int | None]) -> Tier:
    cached = amounts["cached_input_nanos"]
    return Tier(from_tokens, **{**amounts, "cached_input_nanos": amounts["input_nanos"] if cached is None else cached})  # type: ignore[arg-type]


def _find_model(model: str) -> ModelInfo | None:
    """Finds a model by its own name (`gpt-4o`), as OpenRouter writes it, or after its provider's id (`openai/…`)."""
    snapshot = data_snapshot.get_snapshot()
    maker, slash, name = model.partition("/")
    attempts = [(model, "openrouter"), (name, maker)] if slash else [(model, None)]
    for reference, provider in attempts:
        try:
            return snapshot.find_provider_model(reference, None, provider, None)[1]
        except LookupError:
            continue
    return None


def _current_prices(model: ModelInfo, now: datetime) -> Iterator[ModelPrice]:
    """Yields the price that holds since the latest date that has come, and every one for a time of day."""
    if isinstance(model.prices, ModelPrice):
        yield model.prices
        return
    is_dated_found = False
    for conditional in reversed(model.prices):
        if _is_daily(conditional):
            yield conditional.prices
        elif not is_dated_found and (conditional.constraint is None or conditional.constraint.active(now)):
            is_dated_found = True
            yield conditional.prices


def _is_daily(price: ConditionalPrice) -> bool:
    return isinstance(price.constraint, TimeOfDateConstraint)


def _dearest_nanos(prices: list[Decimal | TieredPrices | None], start: int) -> int | None:
    """Returns the highest of prices in dollars per million tokens, as nanos; None where there is none."""
    dollars: list[Decimal] = []
    for price in prices:
        if isinstance(price, TieredPrices):
            dollars.append(next((tier.price for tier in reversed(price.tiers) if tier.start <= start), price.base))
        elif price is not None:
            dollars.append(price)
    return int((max(dollars) * NANOS).to_integral_value(ROUND_CEILING)) if dollars else None

"""List prices of known models from genai-prices' own snapshot: offline, exact, never updated at run time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from genai_prices import data_snapshot
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, TieredPrices, TimeOfDateConstraint

from app.domain.money import NANOS
from app.flows.ports import CataloguePrice

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class GenaiPrices:
    """A PriceCatalogue. `now` gives microseconds since 1970: prices have dates from which they hold."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now

    def find(self, model: str) -> CataloguePrice | None:
        """Returns a model's list price, or None where it is unknown or not by the token alone.

        Of prices that depend on the length of the prompt or the time of day the dearest is taken, and a
        fraction of a nano is rounded up: a price must never be below what the provider asks.
        """
        known = _find_model(model)
        if known is None:
            return None
        now = _EPOCH + timedelta(microseconds=self._now())
        prices = list(_current_prices(known, now))
        if any(price.requests_kcount for price in prices):
            return None
        input_nanos = _dearest_nanos([price.input_mtok for price in prices])
        output_nanos = _dearest_nanos([price.output_mtok for price in prices])
        if input_nanos is None or output_nanos is None:
            return None
        return CataloguePrice(
            input_nanos=input_nanos,
            output_nanos=output_nanos,
            cached_input_nanos=_dearest_nanos([price.cache_read_mtok for price in prices]),
            context_tokens_max=known.context_window or None,
            cache_write_nanos=_dearest_nanos([price.cache_write_mtok for price in prices]),
            audio_input_nanos=_dearest_nanos([price.input_audio_mtok for price in prices]),
            reasoning_nanos=_dearest_nanos([price.output_reasoning_mtok for price in prices]),
            audio_output_nanos=_dearest_nanos([price.output_audio_mtok for price in prices]),
        )


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


def _dearest_nanos(prices: list[Decimal | TieredPrices | None]) -> int | None:
    """Returns the highest of prices in dollars per million tokens, as nanos; None where there is none."""
    dollars: list[Decimal] = []
    for price in prices:
        if isinstance(price, TieredPrices):
            dollars += [price.base, *(tier.price for tier in price.tiers)]
        elif price is not None:
            dollars.append(price)
    return int((max(dollars) * NANOS).to_integral_value(ROUND_CEILING)) if dollars else None

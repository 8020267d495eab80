"""Prices where a developer has set none: the catalogue's, offline, with the paywall's markup.

What the catalogue does not know has no price, and is refused by that name.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from app.domain.catalogue.models import image_tokens_max
from app.domain.money import Unit
from app.domain.pricing import price_book
from app.domain.pricing.price_book import CATALOGUE, NewPrice
from app.flows.ports import PriceCatalogue

CREDITS_PER_DOLLAR = 100


def default_price(model: str, catalogue: PriceCatalogue, markup_basis_points: int) -> NewPrice | None:
    """Returns the catalogue's price of a model in dollars, None where it knows none."""
    found = catalogue.find(model)
    if found is None:
        return None
    return NewPrice(
        model,
        found.input_nanos,
        found.output_nanos,
        found.cached_input_nanos,
        markup_basis_points=markup_basis_points,
        context_tokens_max=found.context_tokens_max,
        part_tokens_max=image_tokens_max(model),
        cache_write_nanos=found.cache_write_nanos,
        audio_input_nanos=found.audio_input_nanos,
        reasoning_nanos=found.reasoning_nanos,
        audio_output_nanos=found.audio_output_nanos,
        source=CATALOGUE,
    )


def in_unit(price: NewPrice, unit: Unit) -> NewPrice:
    """Returns a price in dollars as a price in another unit: 1 USD = 1 USDC = 100 CREDIT (`decisions.md` 1)."""
    if unit is not Unit.CREDIT:
        return price
    amounts = {name: value * CREDITS_PER_DOLLAR for name in price_book.AMOUNTS if (value := getattr(price, name))}
    return replace(price, **amounts)


def fill_prices(
    session: Session,
    paywall_id: str,
    unit: Unit,
    models: Sequence[str],
    catalogue: PriceCatalogue,
    markup_basis_points: int,
) -> tuple[list[str], list[str]]:
    """Prices a provider's models from the catalogue; a developer's own prices stay as they are.

    Returns the models that have a price now, and those that have none.
    """
    overridden = price_book.read_offers(session, paywall_id, unit).overridden
    priced, unpriced = [], []
    for model in models:
        price = None if model in overridden else default_price(model, catalogue, markup_basis_points)
        if price is not None:
            price_book.set_price(session, paywall_id, in_unit(price, unit))
        elif model not in overridden:
            price_book.note_unpriced(session, paywall_id, model)
            unpriced.append(model)
            continue
        priced.append(model)
    return priced, unpriced

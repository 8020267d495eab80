"""Prices where a developer has set none: the catalogue's, offline, with the paywall's markup.

What the catalogue does not know has no price, and is refused by that name.
"""

from collections.abc import Sequence

from app.domain.catalogue.catalogue import ListedModel, read_listed
from app.domain.catalogue.models import image_tokens_max
from app.domain.money import Unit
from app.domain.paywalls.versions import Edition
from app.domain.pricing import price_book
from app.domain.pricing.list_price import LISTED
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.tables import PriceSource
from app.ports.prices import CataloguePrice, PriceCatalogue

Known = CataloguePrice | ListedModel
"""What a catalogue knows of a model."""


def default_price(model: str, catalogue: PriceCatalogue, markup_basis_points: int) -> NewPrice | None:
    """Returns the catalogue's price of a model in dollars, None where it knows none."""
    found = catalogue.find(model)
    return None if found is None else to_new_price(model, found, Unit.USD, markup_basis_points)


def to_new_price(model: str, found: Known, unit: Unit, markup_basis_points: int) -> NewPrice | None:
    """Returns a catalogue's price as what is set for a paywall of that unit; None where it is not priced."""
    if found.price is None:
        return None
    price = found.price.in_unit(unit)
    return NewPrice(
        model,
        **{name: getattr(price, name) for name in LISTED},
        tiers=price.tiers,
        markup_basis_points=markup_basis_points,
        display_name=found.display_name,
        description=found.description,
        context_tokens_max=found.context_tokens_max,
        output_tokens_max=found.output_tokens_max,
        part_tokens_max=found.part_tokens_max or image_tokens_max(model),
        source=PriceSource.CATALOGUE,
    )


def fill_prices(edition: Edition, models: Sequence[str], catalogue: PriceCatalogue) -> tuple[list[str], list[str]]:
    """Prices a provider's models from the list that was synced last, and what it lacks from the offline catalogue.

    A developer's own prices stay as they are. Returns the models that have a price now, and those that have none.
    """
    session, unit = edition.session, edition.paywall.unit
    overridden = price_book.read_offers(session, edition.paywall.id, unit).overridden
    listed = read_listed(session)
    priced, unpriced = [], []
    for model in models:
        found: Known | None = None if model in overridden else listed.get(model) or catalogue.find(model)
        markup = edition.configuration.markup_basis_points
        price = to_new_price(model, found, unit, markup) if found is not None else None
        if price is not None:
            price_book.set_price(edition, price)
        elif model not in overridden:
            price_book.note_unpriced(edition, model)
            unpriced.append(model)
            continue
        priced.append(model)
    return priced, unpriced

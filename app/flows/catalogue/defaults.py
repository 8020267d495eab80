"""Prices where a developer has set none: the catalogue's, offline, with the paywall's markup.

What the catalogue does not know has no price, and is refused by that name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.catalogue.catalogue import ListedModel, read_listed
from app.domain.catalogue.models import image_tokens_max
from app.domain.money import Unit
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.versions import Edition
from app.domain.pricing import price_book
from app.domain.pricing.list_price import LISTED
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.tables import ModelPrice, PriceSource, RetiredBecause
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


@dataclass(frozen=True, slots=True)
class Filled:
    """What a provider offers: models with a price now, those that need one first, and those that another serves."""

    priced: tuple[str, ...]
    unpriced: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()


def fill_prices(edition: Edition, provider: str, models: Sequence[str], catalogue: PriceCatalogue) -> Filled:
    """Prices a provider's models from the list that was synced last, and what it lacks from the offline catalogue.

    A developer's own prices stay as they are, and so does who serves a model that another provider lists too.
    """
    latest = price_book.read_latest(edition.session, edition.paywall.id)
    listed, own = read_listed(edition.session), edition.configuration.as_stored(provider)
    filled: dict[str, list[str]] = {"priced": [], "unpriced": [], "elsewhere": []}
    for model in models:
        row = latest.get(model)
        if row is not None and _is_anothers(edition.configuration, provider, row):
            filled["elsewhere"].append(model)
        elif row is not None and row.source is PriceSource.DEVELOPER:
            filled["unpriced" if row.retired_at else "priced"].append(model)
        else:
            upstream = row.upstream_model if row is not None and row.provider == own else None
            found: Known | None = listed.get(upstream or model) or catalogue.find(upstream or model)
            is_priced = _fill(edition, found, model, own, upstream)
            filled["priced" if is_priced else "unpriced"].append(model)
    return Filled(**{name: tuple(models) for name, models in filled.items()})


def _fill(edition: Edition, found: Known | None, model: str, provider: str | None, upstream: str | None) -> bool:
    """Sets the price of a model that a catalogue knows, and notes one that it does not. Tells which it was."""
    unit, markup = edition.paywall.unit, edition.configuration.markup_basis_points
    price = to_new_price(upstream or model, found, unit, markup) if found is not None else None
    if price is None:
        price_book.note_unpriced(edition, model, provider)
        return False
    price_book.set_price(edition, replace(price, model=model, provider=provider, upstream_model=upstream))
    return True


def _is_anothers(configuration: Configuration, provider: str, row: ModelPrice) -> bool:
    """Tells whether another provider of the paywall's serves a model, or would if the developer had left it on."""
    owner = configuration.find_provider(row.provider)
    if owner is None or owner.name == provider:
        return False
    return (
        row.retired_at is None or row.retired_because is RetiredBecause.DEVELOPER or row.source is PriceSource.DEVELOPER
    )

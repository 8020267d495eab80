"""Offers as an own key sees them: the model as it is, at no price, because its provider bills whoever's key it is."""

from dataclasses import replace

from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import Price


def unpaid(offer: Offer) -> Offer:
    """Returns an offer that costs nothing, whatever is used; what is known of its model stays."""
    price = offer.price
    return replace(offer, price=Price(price.id, price.model, price.version, price.unit, 0, 0, 0))

"""What a developer typed as a percentage or an amount, as prices want it."""

from app.domain.errors import BadField
from app.domain.money import parse_amount
from app.domain.pricing.own_price import parse_percent
from app.domain.pricing.price_book import MARKUP_BASIS_POINTS_MAX


def read_markup(text: str) -> int:
    """Returns a markup in basis points, 0 for nothing. Raises BadField."""
    return parse_percent(text.strip() or "0", "markup_basis_points", 0, MARKUP_BASIS_POINTS_MAX)


def read_amount(text: str, field: str) -> int:
    """Returns nanos of the unit, 0 for nothing. Raises BadField, in words for people."""
    typed = text.strip().removeprefix("$").strip()
    if not typed.replace("0", "").replace(".", "", 1):
        return 0
    try:
        return parse_amount(typed, field)
    except BadField:
        raise BadField(field, "Enter an amount such as 0.002, or leave it empty.") from None

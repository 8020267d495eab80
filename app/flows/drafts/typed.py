"""What a developer typed as a percentage or an amount, as prices want it."""

from app.domain.errors import BadField
from app.domain.money import NANOS, parse_amount

PERCENT_NANOS = NANOS // 100
"""A basis point, where a per cent is a whole."""


def read_percent(text: str, field: str) -> int:
    """Returns basis points: 1250 for `12.5`. Raises BadField."""
    nanos = read_amount(text.strip().removesuffix("%"), field, "Enter a percentage such as 20 or 12.5.")
    if nanos % PERCENT_NANOS:
        raise BadField(field, "A markup has at most two decimals.")
    return nanos // PERCENT_NANOS


def read_amount(text: str, field: str, otherwise: str = "Enter an amount such as 0.002, or leave it empty.") -> int:
    """Returns nanos of the unit, 0 for nothing. Raises BadField, in words for people."""
    typed = text.strip().removeprefix("$").strip()
    if not typed.replace("0", "").replace(".", "", 1):
        return 0
    try:
        return parse_amount(typed, field)
    except BadField:
        raise BadField(field, otherwise) from None

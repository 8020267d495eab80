"""Words and figures of prices: exact amounts, per cent, kinds of token by the names that people know."""

from app.domain.errors import BadField
from app.domain.money import Unit, format_decimal, format_fraction
from app.domain.pricing.margins import Moved, user_fee, user_rate
from app.domain.pricing.quote import Price, TokenKind
from app.domain.pricing.split import REQUEST

KINDS = {
    "input": "Input",
    "output": "Output",
    "cached_input": "Cached input",
    "cache_write": "Cache write",
    "reasoning": "Reasoning",
    "image_input": "Image in",
    "audio_input": "Audio in",
    "audio_output": "Audio out",
    "image_output": "Image out",
    "image": "Images, each",
}
"""The kinds of token in the order in which a form shows them."""
SHOWN_PARTS_MAX = 3


def at_least_cents(decimal: str) -> str:
    """Writes an exact decimal with two places at least, and none where it is zero: `2.50`, `0.1875`, `0`."""
    whole, _, rest = decimal.partition(".")
    return whole if whole == "0" and not rest else f"{whole}.{rest.ljust(2, '0')}"


def rate(price: Price | None, kind: TokenKind, missing: str = "—") -> str:
    """Writes what users pay per million tokens of a kind."""
    return missing if price is None else at_least_cents(user_rate(price, kind))


def percent(basis_points: int) -> str:
    """Writes per cent: 1250 basis points are `12.5 %`."""
    return f"{format_fraction(basis_points, 100)} %"


def times(basis_points: int) -> str:
    """Writes a markup as what a list price is multiplied by: 2500 basis points are `× 1.25`."""
    return f"× {format_fraction(10_000 + basis_points, 10_000)}"


def fee_words(price: Price) -> str:
    """Writes what a request costs beside its tokens: `+ 0.002 a request, at least 0.01`."""
    fee = f"+ {user_fee(price)} a request" if price.request_nanos else ""
    least = f"at least {format_decimal(price.minimum_nanos)}" if price.minimum_nanos else ""
    return ", ".join(filter(None, (fee, least)))


def share(fraction: tuple[int, int]) -> str:
    """Writes how far an amount moved: (3, 2) is `+50 %`, and many times as much is `× 12`."""
    new, old = fraction
    if new >= old * 10:
        return f"× {format_fraction(new * 10 // old, 10)}"
    points = (abs(new - old) * 1_000 // old) if old else 0
    return f"{'+' if new > old else '−'}{format_fraction(points, 10)} %"


def moved_words(moved: Moved) -> str:
    """Writes how far a price moved: `+20 %`, `−5 % to +20 %`, or nothing."""
    ends = [share(end) for end in (moved.fall, moved.rise) if end != (1, 1)]
    return " to ".join(dict.fromkeys(ends))


def kinds_words(kinds: tuple[str, ...]) -> str:
    """Names kinds of token: `input, cached input and 3 more`."""
    names = ["the request" if kind == REQUEST else KINDS[kind].lower() for kind in kinds]
    more = len(names) - SHOWN_PARTS_MAX
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:SHOWN_PARTS_MAX])} and {more} more"


def unit_words(unit: Unit) -> str:
    """Names the unit of amounts in a head: `USD`, `USDC`, `credits`."""
    return "credits" if unit is Unit.CREDIT else unit.value


def refusal(error: BadField) -> str:
    """Says beside its field why a price is refused: what the flow says of it, without the field's name."""
    _, is_too_low, rest = error.message.partition(" must be higher")
    return f"Must be higher{rest}" if is_too_low else error.message

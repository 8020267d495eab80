"""Between which amounts a wallet is topped up: as the operator says."""

from dataclasses import dataclass

from app.domain.errors import BadField
from app.domain.money import CENT_NANOS, Unit, format_for_people, parse_amount


@dataclass(frozen=True, slots=True)
class TopupBounds:
    """The least and the most of one top-up, in cents, both of which may be paid."""

    least_cents: int = 300
    most_cents: int = 1_000_000

    def admits(self, cents: int) -> bool:
        """Tells whether so much may be paid."""
        return self.least_cents <= cents <= self.most_cents

    def __str__(self) -> str:
        least, most = (format_for_people(cents * CENT_NANOS, Unit.USD) for cents in (self.least_cents, self.most_cents))
        return f"from {least} to {most}"


USUAL = TopupBounds()


def check_amount(amount: str, bounds: TopupBounds = USUAL) -> int:
    """Returns the cents of an amount to top up, within bounds. Raises BadField, in words for people."""
    text = amount.strip().removeprefix("$")
    try:
        nanos = parse_amount(text)
    except BadField:
        raise BadField("amount", "Enter an amount in dollars, such as 12.50.") from None
    if not bounds.least_cents * CENT_NANOS <= nanos <= bounds.most_cents * CENT_NANOS:
        raise BadField("amount", f"Choose an amount {bounds}.")
    if nanos % CENT_NANOS:
        raise BadField("amount", "A card can pay whole cents only.")
    return nanos // CENT_NANOS

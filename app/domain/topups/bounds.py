"""Between which amounts a wallet is topped up: as the operator says."""

from dataclasses import dataclass

from app.domain.money import CENT_NANOS, Unit, format_for_people


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

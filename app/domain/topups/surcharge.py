"""What a card top-up costs beside what it credits, however it is paid: as the operator says, 0 unless they do."""

from dataclasses import dataclass

BASIS = 10_000


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A share in basis points and a number of cents, added to what is paid and never to what is credited."""

    basis_points: int = 0
    cents: int = 0

    def fee_cents(self, cents: int) -> int:
        """Returns what a top-up of so many cents costs beside; the share is rounded half up, once."""
        return (cents * self.basis_points + BASIS // 2) // BASIS + self.cents

    def paid_cents(self, cents: int) -> int:
        """Returns what is paid for a top-up of so many cents."""
        return cents + self.fee_cents(cents)


NO_SURCHARGE = Surcharge()

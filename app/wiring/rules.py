"""Rules that flows are handed, made of what the operator chose."""

from app.domain.topups.surcharge import Surcharge
from app.settings import Settings


def surcharge_of(chosen: Settings) -> Surcharge:
    """Returns what checkouts at the operator's own connections cost beside what they credit."""
    return Surcharge(chosen.topup_fee_basis_points, chosen.topup_fee_cents)

"""What a payout must keep to, and the name that the token knows it by. Pure."""

import hashlib
from dataclasses import dataclass

from app.domain.money import MICRO_NANOS, NANOS

TEST_LEAST_UNITS, TEST_MOST_UNITS = 1_000_001, 1_009_999
"""How much a test payout is: its recipient types the amount in, which nobody else knows."""
UNITS_OF_ONE = NANOS // MICRO_NANOS
VALID_SECONDS = 24 * 60 * 60
"""For how long a payout is signed at a time."""
BATCH_PAYOUTS_MAX = 100


@dataclass(frozen=True, slots=True)
class PayoutRules:
    """The operator's settings, in units (10⁻⁶ USDC): the least payout, and what goes without an operator.

    That is `payout_units_max` in one payout, `day_units_max` in any 24 hours on one chain, and in one batch
    `batch_units_max` of what no operator has let through.
    """

    least_units: int = 5 * UNITS_OF_ONE
    payout_units_max: int = 500 * UNITS_OF_ONE
    day_units_max: int = 2_000 * UNITS_OF_ONE
    batch_units_max: int = 2_000 * UNITS_OF_ONE


def nonce_of(instance_id: str, payout_id: str) -> str:
    """Returns the nonce of a payout's authorization: the token takes it once, whatever we know or have forgotten."""
    return "0x" + hashlib.sha256(f"coinslot payout\x00{instance_id}\x00{payout_id}".encode()).hexdigest()


def units_of(nanos: int) -> int:
    """Returns whole units of an amount, rounded down; the rest stays in earnings."""
    return nanos // MICRO_NANOS


def nanos_of(units: int) -> int:
    """Returns the nanos of units."""
    return units * MICRO_NANOS

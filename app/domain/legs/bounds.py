"""What a request holds whose legs run at once, and what each of them may use of a grant. Pure (`decisions.md` 19).

Bounds are in parts of a nano, unrounded: they are rounded once, together. A grant below the whole is shared in
proportion to them, so that no leg is chosen over another; a leg that its share would leave too little for an answer
makes the grant too small for all.
"""

from collections.abc import Sequence

from app.domain.money import NANOS, Unit
from app.domain.pricing.quote import ONE_NANO, round_up
from app.domain.record import record


@record(frozen=True, slots=True)
class LegBound:
    """What a leg may come to, with its whole output and with the least that is an answer."""

    whole: int
    least: int


def wanted(unit: Unit, bounds: Sequence[LegBound], floor_nanos: int) -> tuple[int, int]:
    """Returns the most and the least that is held, in nanos; never below what is reserved anyway."""
    whole = sum(bound.whole for bound in bounds)
    least = max((-(-bound.least * whole // (bound.whole * ONE_NANO)) for bound in bounds if bound.whole), default=0)
    most = -(-whole // ONE_NANO)
    return round_up(unit, most * ONE_NANO, floor_nanos), round_up(unit, least * ONE_NANO, floor_nanos)


def shares(unit: Unit, bounds: Sequence[LegBound], granted_nanos: int) -> Sequence[int]:
    """Returns what each leg may come to of a grant, in parts of a nano.

    What is no whole credit of it is left out: a charge is rounded up to whole ones.
    """
    usable = granted_nanos // NANOS * NANOS if unit is Unit.CREDIT else granted_nanos
    whole = sum(bound.whole for bound in bounds)
    if not whole or usable * ONE_NANO >= whole:
        return [bound.whole for bound in bounds]
    return [usable * ONE_NANO * bound.whole // whole for bound in bounds]

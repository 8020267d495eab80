"""What a draft comes to is kept in this process while its page is open, so that a click plans no thousand prices anew.

A key holds all that a plan depends on: the paywall's version, what the catalogue lists just now, the fee, the steps.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable

from app.domain.catalogue.catalogue import read_mark
from app.flows.paywalls.prices import PriceDesk
from app.flows.pricing.drafts import Planned, Step, plan

PLANS_MAX = 4
"""How many are kept; one of a thousand models takes some 3 MB. The one that was not asked for longest goes first."""


class KeptPlans:
    """Plans, by what they depend on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._plans: OrderedDict[Hashable, Planned] = OrderedDict()

    def plan(self, desk: PriceDesk, steps: tuple[Step, ...]) -> Planned:
        """Returns what `plan` does, which leaves a draft's markup with the desk. Raises BadField."""
        if not steps:
            return plan(desk, steps)
        paywall, rules = desk.paywall, desk.rules
        key = (paywall.id, paywall.version, read_mark(desk.session), rules.fee_basis_points, steps)
        with self._lock:
            found = self._plans.get(key)
            if found is not None:
                self._plans.move_to_end(key)
        if found is None:
            found = plan(desk, steps)
            with self._lock:
                self._plans[key] = found
                while len(self._plans) > PLANS_MAX:
                    self._plans.popitem(last=False)
        elif (markup := found.prices.markup_basis_points) is not None:
            desk.mark_up(markup)
        return found


PLANS = KeptPlans()
"""The plans of this process."""

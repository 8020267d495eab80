"""What pages of prices ask again is kept in this process: a version's prices as they were read, and what a draft of
them comes to, so that a click neither reads nor plans a thousand prices anew.

A key holds all that what is kept depends on: the paywall's version, what the catalogue lists just now, and for a plan
the fee and the steps.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from app.domain.catalogue.catalogue import read_listed, read_mark
from app.domain.paywalls.configuration import read_current
from app.domain.pricing import price_book
from app.flows.paywalls.prices import PriceBook, PriceDesk, PriceRules
from app.flows.pricing.drafts import Planned, Step, plan

PLANS_MAX, BOOKS_MAX = 4, 4
"""How many are kept."""


T = TypeVar("T")


class _Kept(Generic[T]):
    """So many things by what they depend on; the one that was not asked for longest goes first."""

    def __init__(self, most: int) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._things: OrderedDict[Hashable, T] = OrderedDict()

    def find(self, key: Hashable, make: Callable[[], T]) -> tuple[T, bool]:
        """Returns what is kept by a key, made where nothing is, and whether it was there. Raises as `make` does."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key], True
        made = make()
        with self._lock:
            self._things[key] = made
            while len(self._things) > self._most:
                self._things.popitem(last=False)
        return made, False


class KeptPlans:
    """Plans, by what they depend on."""

    def __init__(self) -> None:
        self._plans = _Kept[Planned](PLANS_MAX)

    def plan(self, desk: PriceDesk, steps: tuple[Step, ...]) -> Planned:
        """Returns what `plan` does, which leaves a draft's markup with the desk. Raises BadField."""
        if not steps:
            return plan(desk, steps)
        paywall, rules = desk.paywall, desk.rules
        key = (paywall.id, paywall.version, read_mark(desk.session), rules.fee_basis_points, steps)
        found, is_kept = self._plans.find(key, lambda: plan(desk, steps))
        if is_kept and (markup := found.prices.markup_basis_points) is not None:
            desk.mark_up(markup)
        return found


class KeptBooks:
    """Prices as they were read, by the version that they are of."""

    def __init__(self) -> None:
        self._books = _Kept[PriceBook](BOOKS_MAX)

    def desk(self, session: Session, paywall_id: str, rules: PriceRules) -> PriceDesk:
        """Returns what a page asks of a paywall's prices, in a transaction that only reads. Raises NotFound."""
        paywall, current = read_current(session, paywall_id)
        key = (paywall.id, paywall.version, read_mark(session))

        def read() -> PriceBook:
            # All that a draft asks too: whoever opens the page waits for it, and not whoever then clicks.
            made = PriceBook(price_book.read_latest(session, paywall_id), read_listed(session))
            desk = PriceDesk(session, paywall, current, rules, made)
            for row in made.latest.values():
                desk.charged(row)
            return made

        book, _ = self._books.find(key, read)
        return PriceDesk(session, paywall, current, rules, book)


PLANS = KeptPlans()
"""The plans of this process."""
BOOKS = KeptBooks()
"""The prices that pages of this process read last."""

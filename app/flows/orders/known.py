"""Orders as requests name them: looked up once and kept in memory, because who pays for one never changes again.

One whose user has not chosen yet is never kept: they may have chosen a moment later.
"""

from app import db
from app.domain.errors import BadField, NotFound
from app.domain.legs.legs import Source
from app.domain.orders.orders import Order, read_order
from app.flows.callers.snapshot import Snapshot

HEADER, BILLING = "X-Paywall-Order", "X-Paywall-Billing"
KNOWN_MAX = 20_000


class Orders:
    """The orders that one process knows."""

    def __init__(self) -> None:
        self._known: dict[str, Order] = {}

    async def find(self, snapshot: Snapshot, user: str, order_id: str | None) -> Order | None:
        """Returns the order that a request of a user names, None for none.

        Raises BadField for one that is not this user's in this paywall, whoever else's it may be; Unavailable.
        """
        if order_id is None:
            return None
        known = self._known.get(order_id)
        if known is None:
            known = await self._read(snapshot.paywall_id, order_id)
        if known is None or (known.paywall_id, known.user) != (snapshot.paywall_id, user):
            raise BadField(HEADER, f"`{HEADER}` names no order of this user: {order_id[:40]}.", "unknown_order")
        return known

    async def _read(self, paywall_id: str, order_id: str) -> Order | None:
        try:
            found = await db.in_transaction(lambda session: read_order(session, paywall_id, order_id))
        except NotFound:
            return None
        if found.billing is not None:
            if len(self._known) >= KNOWN_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[order_id] = found
        return found


def source_of(order: Order | None, asked: Source | None) -> Source | None:
    """Returns who is asked to pay the provider of a request under an order: whom its user chose, once and for all.

    Raises BadField where the request itself says somebody else.
    """
    if order is None or order.billing is None:
        return asked
    chosen = order.billing
    if asked not in (None, chosen):
        message = f"The user chose `{chosen.value}` for this order, and that stays. Leave `{BILLING}` away."
        raise BadField(BILLING, message, "unsupported_billing")
    return chosen


def check_charged(order: Order | None) -> None:
    """Raises BadField for an order whose user chose that nothing under it is charged to their wallet."""
    if order is not None and order.billing is Source.OWN:
        message = f"The user's own key pays for this order: nothing under it is charged. `{HEADER}` must not name it."
        raise BadField(HEADER, message, "unsupported_billing")

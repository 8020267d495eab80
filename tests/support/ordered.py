"""Orders for tests: of a shared paywall's user who is connected, or not yet."""

from app import db
from app.domain.legs.legs import Source
from app.domain.orders.orders import NewOrder, Order, make_order
from app.flows.callers.snapshot import Snapshot


def order_of(snapshot: Snapshot, user: str, billing: Source | None = None, name: str = "Book") -> Order:
    """Makes an order of a user; without `billing` they are to choose."""
    with db.transaction() as session:
        return make_order(session, NewOrder(snapshot.paywall_id, user, name, billing))

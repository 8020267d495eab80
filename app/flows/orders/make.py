"""An app makes an order for one of its users, once per Idempotency-Key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from app import db
from app.domain.errors import BadField
from app.domain.legs.legs import Source
from app.domain.orders.orders import NewOrder, Order, make_order, read_order
from app.domain.rows import write
from app.domain.usage.idempotency import Claim, keep_answer, read_answer
from app.flows.callers.snapshot import Snapshot

ASK = "ask"
"""What an app says who leaves it to the user."""


@dataclass(frozen=True, slots=True)
class Made:
    """An order, and whether it was made by an earlier call with the same key."""

    order: Order
    is_replay: bool


def check_source(snapshot: Snapshot, wanted: object) -> Source | None:
    """Returns who is to pay, None where the user is asked. Raises BadField: an app's own wallets belong to nobody who
    could have a key."""
    sources = (*Source, ASK)
    if wanted not in sources:
        raise BadField("billing_source", f"`billing_source` must be one of {', '.join(sources)}.")
    if snapshot.rules.has_app_wallets and wanted != Source.PLATFORM:
        message = "The users of this paywall have no account here, and so no key of their own: `platform` alone pays."
        raise BadField("billing_source", message, "unsupported_billing")
    return None if wanted == ASK else Source(str(wanted))


async def make(
    snapshot: Snapshot, user: str, name: str, billing: Source | None, details: Mapping[str, Any] | None,
    claimed: Claim | None,
) -> Made:  # fmt: skip
    """Makes an order. Raises KeyReused where the key was used for another body."""
    new = NewOrder(snapshot.paywall_id, user, name, billing, details)

    def work(session: db.Session) -> Made:
        first = None if claimed is None else read_answer(session, claimed)
        if first is not None:
            return Made(read_order(session, snapshot.paywall_id, first["id"]), is_replay=True)
        order = make_order(session, new)
        if claimed is not None:
            write(session, [keep_answer(claimed, {"id": order.id})])
        return Made(order, is_replay=False)

    try:
        return await db.in_transaction(work, writes=True)
    except IntegrityError:
        # Another call with the same key was first, a moment before.
        return await db.in_transaction(work, writes=True)

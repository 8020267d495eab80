"""Balance transactions at Stripe: what each payment cost, what disputes took, what was paid out; and the balance."""

from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from app.adapters.payments.stripe_client import StripeAccount
from app.adapters.payments.stripe_marks import instance_of, marks_of
from app.ports.movements import Connection, Movement, MovementKind, RailBalance, RailMovements

PAGE = 100
_KINDS = {
    "charge": MovementKind.PAYMENT, "payment": MovementKind.PAYMENT, "refund": MovementKind.REFUND,
    "payment_refund": MovementKind.REFUND, "refund_failure": MovementKind.REFUND_FAILED,
    "payment_failure_refund": MovementKind.REFUND_FAILED, "payout": MovementKind.PAYOUT,
    "payout_failure": MovementKind.PAYOUT, "payout_cancel": MovementKind.PAYOUT,
}  # fmt: skip
_DISPUTES = ("dispute", "dispute_reversal")
"""Reporting categories of adjustments that are a dispute's money, out and back."""


class StripeMovements:
    """A RailMovements at Stripe. A charge is listed some seconds after it was made."""

    def __init__(self, account: StripeAccount) -> None:
        self._account = account

    async def list_movements(self, since: int, until: int) -> Sequence[Movement]:
        """Pages backwards from `until`, and turns the whole round."""
        found: list[Movement] = []
        params: dict[str, Any] = {
            "created": {"gte": since, "lte": until}, "limit": PAGE, "expand": ["data.source"],
        }  # fmt: skip
        while True:
            page = await self._page(params)
            found += [_movement(one) for one in page.data]
            if not page.has_more:
                return found[::-1]
            params["starting_after"] = page.data[-1].id

    async def _page(self, params: Any) -> Any:
        return await self._account.call(lambda client: client.v1.balance_transactions.list_async(params))

    async def read_balance(self) -> RailBalance:
        """Adds up what is available and what is pending."""
        found: Any = await self._account.call(lambda client: client.v1.balance.retrieve_async())
        at = int(parsedate_to_datetime(found.last_response.headers["date"]).timestamp())
        parts = [*found.available, *found.pending]
        if {part.currency for part in parts if part.amount} - {"usd"} or "usd" not in {part.currency for part in parts}:
            return RailBalance(None, at)
        return RailBalance(sum(part.amount for part in parts), at)


class StripeMovementLists:
    """The lists of all connections, each reached as `reach_account` reaches its account."""

    def __init__(self, reach_account: Callable[[Connection], StripeAccount]) -> None:
        self._reach_account = reach_account

    def reach(self, connection: Connection) -> RailMovements:
        """Returns the list as a connection reaches it. Raises Unavailable for one without a key."""
        return StripeMovements(self._reach_account(connection))


def _movement(listed: Any) -> Movement:
    source: Mapping[str, Any] = (
        {} if listed.source is None or isinstance(listed.source, str) else listed.source.to_dict()
    )
    kind = _KINDS.get(listed.type, MovementKind.OTHER)
    if listed.type == "adjustment" and listed.reporting_category in _DISPUTES:
        kind = MovementKind.DISPUTE
    metadata = (source.get("metadata") or {}) if kind is MovementKind.PAYMENT else {}
    marks, payment = marks_of(metadata), source.get("payment_intent")
    return Movement(
        id=listed.id, kind=kind, cents=listed.amount, fee_cents=listed.fee, currency=listed.currency.upper(),
        created=listed.created, description=listed.description or "",
        payment_id=payment if isinstance(payment, str) else None, instance=instance_of(metadata),
        topup_id=None if marks is None else marks.topup_id, account_id=None if marks is None else marks.account_id,
    )  # fmt: skip

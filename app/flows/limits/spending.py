"""Limits of spending, opened in the ledger before a hold counts against them: once a period, version and process."""

from collections.abc import Sequence

from app import db
from app.domain import clock
from app.domain.errors import InsufficientFunds, LimitReached
from app.domain.limits.spending import SpendLimit, first_short, open_spend_limits, spend_limits
from app.domain.money import format_for_people
from app.domain.paywalls.configuration import epoch_subject
from app.flows.callers.snapshot import Snapshot

KNOWN_MAX = 100_000
"""How many budgets a process remembers as open; beyond that they are looked up again."""

WHOSE = {"user": "this user", "key": "this key", "paywall": "all users together"}


class SpendLimits:
    """The budgets of limits that one process knows to be open."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    async def open(self, snapshot: Snapshot, user: str) -> tuple[SpendLimit, ...]:
        """Returns the limits that a user's spending counts against, each with its budget.

        Raises StaleDecision if the snapshot is old, and Unavailable.
        """
        if snapshot.limits is None:
            return ()
        found = spend_limits(snapshot.limits, snapshot.paywall_id, snapshot.counted_key, user, clock.now())
        if found:
            await self._open(snapshot, user, found)
        return found

    async def _open(self, snapshot: Snapshot, user: str, found: Sequence[SpendLimit]) -> None:
        subject = epoch_subject(snapshot.paywall_id)
        epoch = next(epoch for epoch in snapshot.epochs if epoch.subject == subject)
        unknown = [limit for limit in found if self._known.get(limit.budget_id) != epoch.epoch]
        if unknown:
            wallet = snapshot.wallet(user).account
            await db.in_transaction(
                lambda session: open_spend_limits(session, snapshot.paywall_id, wallet, epoch, unknown), writes=True
            )
            for limit in unknown:
                self._remember(limit.budget_id, epoch.epoch)

    def _remember(self, budget_id: str, epoch: int) -> None:
        if len(self._known) >= KNOWN_MAX:
            self._known.pop(next(iter(self._known)))
        self._known[budget_id] = epoch


async def first_reached(limits: Sequence[SpendLimit], refusal: InsufficientFunds) -> SpendLimit | None:
    """Returns the limit that left less than a refused hold or charge needed; limits go before funds."""
    needed = refusal.needed_nanos
    return await db.in_transaction(lambda session: first_short(session, limits, needed)) if limits else None


def spending_reached(limit: SpendLimit, snapshot: Snapshot) -> LimitReached:
    """Returns the refusal of a request that a limit of spending leaves no room for."""
    seconds = max((limit.ends_at - clock.now()) // clock.SECOND + 1, 1)
    return LimitReached(f"{spending_text(limit, snapshot)} Nothing was charged.", f"spend_per_{limit.period}", seconds)


def spending_text(limit: SpendLimit, snapshot: Snapshot) -> str:
    """Says which limit of spending is reached, and until when."""
    cap = format_for_people(limit.cap_nanos, snapshot.unit)
    until = clock.to_iso(limit.ends_at)[:16].replace("T", " ")
    name = snapshot.configuration.app_name
    return f"The limit of {name} for {WHOSE[limit.scope]} is reached: {cap} a {limit.period}, until {until} UTC."

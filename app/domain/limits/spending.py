"""Limits of spending: a budget of the ledger for each day and month, UTC, of a user, a key or the whole paywall.

A hold is granted by wallet and every budget at once, so none is ever exceeded. What a request costs counts in the
period in which it began.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound, StaleDecision
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Epoch, SetCap
from app.domain.ledger.tables import LedgerBudget, LedgerEpoch
from app.domain.paywalls.limits import KeyLimits, Scope
from app.domain.paywalls.tables import PaywallRow
from app.sql.columns import table_of


class Period(StrEnum):
    """For how long a limit of spending counts, UTC."""

    DAY = "day"
    """From midnight to midnight."""
    MONTH = "month"
    """From the first of a month to the first of the next."""

    def end(self, at: int) -> int:
        """Returns when the period of a time ends, and the next one begins."""
        return _period(self, at)[1]


@dataclass(frozen=True, slots=True)
class SpendLimit:
    """What may be spent in one period, which ends before `ends_at`."""

    budget_id: str
    scope: Scope
    period: Period
    cap_nanos: int
    ends_at: int


def spend_limits(limits: KeyLimits, paywall_id: str, key_id: str, user: str, at: int) -> tuple[SpendLimit, ...]:
    """Returns the limits that a user's spending counts against at a time."""
    subjects = {Scope.USER: f"user:{user}", Scope.KEY: f"key:{key_id}", Scope.PAYWALL: "paywall"}
    found = []
    for scope, set_limits in limits.of(user):
        caps: tuple[tuple[Period, int | None], ...] = (
            (Period.DAY, set_limits.spend_per_day_nanos),
            (Period.MONTH, set_limits.spend_per_month_nanos),
        )
        for period, cap in caps:
            if cap is not None:
                name, ends_at = _period(period, at)
                budget_id = f"limit:{paywall_id}:{subjects[scope]}:{name}"
                found.append(SpendLimit(budget_id, scope, period, cap, ends_at))
    return tuple(found)


def open_spend_limits(
    session: Session, paywall_id: str, wallet: Account, epoch: Epoch, limits: Sequence[SpendLimit]
) -> None:
    """Opens budgets, or gives them the caps that hold now. Raises StaleDecision for limits that no longer do.

    The paywall's row is locked, which whoever changes its limits waits for: caps are set in the order in which
    they were published.
    """
    if session.get(PaywallRow, paywall_id, with_for_update={"read": True}, populate_existing=True) is None:
        raise NotFound(f"There is no paywall {paywall_id}.")
    table = table_of(LedgerEpoch)
    if (session.scalar(select(table.c.epoch).where(table.c.subject == epoch.subject)) or 0) != epoch.epoch:
        raise StaleDecision(f"The limits of {paywall_id} have changed since they were read.")
    caps = read_budgets(session, limits)
    for limit in sorted(limits, key=lambda limit: limit.budget_id):
        if limit.budget_id not in caps or caps[limit.budget_id].cap != limit.cap_nanos:
            apply_one(session, SetCap(limit.budget_id, wallet, limit.cap_nanos))


def read_budgets(session: Session, limits: Sequence[SpendLimit]) -> dict[str, LedgerBudget]:
    """Returns the budgets that exist, by id."""
    ids = [limit.budget_id for limit in limits]
    budgets = session.scalars(select(LedgerBudget).where(table_of(LedgerBudget).c.id.in_(ids)))
    return {budget.id: budget for budget in budgets}


def left_nanos(session: Session, limits: Sequence[SpendLimit]) -> int | None:
    """Returns the least that limits still let through, None without any; what holds set aside is not left."""
    budgets = read_budgets(session, limits)
    return min((_left(limit, budgets) for limit in limits), default=None)


def first_short(session: Session, limits: Sequence[SpendLimit], needed_nanos: int) -> SpendLimit | None:
    """Returns the limit, of those that have less left than is needed, that stays so for longest.

    On a month's last day that of the day ends with it: the month's is told, and of two of a period that with less left.
    """
    budgets = read_budgets(session, limits)
    left = [(_left(limit, budgets), limit) for limit in limits]
    short = [
        (limit.ends_at, limit.period is Period.MONTH, -nanos, limit) for nanos, limit in left if nanos < needed_nanos
    ]
    return max(short, key=lambda one: one[:3])[-1] if short else None


def _left(limit: SpendLimit, budgets: dict[str, LedgerBudget]) -> int:
    budget = budgets.get(limit.budget_id)
    return max(limit.cap_nanos - (budget.spent + budget.held if budget else 0), 0)


def _period(period: Period, at: int) -> tuple[str, int]:
    """Returns the name of the period of a time, and when the next one begins."""
    begins = clock.to_datetime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    days, name = 1, begins.strftime("%Y-%m-%d")
    if period is Period.MONTH:
        begins, name = begins.replace(day=1), begins.strftime("%Y-%m")
        days = monthrange(begins.year, begins.month)[1]
    return f"{period}:{name}", int((begins + timedelta(days=days)).timestamp()) * clock.SECOND

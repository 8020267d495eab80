"""Payouts that are requested by themselves: whose, how often, from which amount on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField
from app.domain.money import Environment
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import Every, PayoutSchedule
from app.sql.columns import table_of

_SCHEDULES = table_of(PayoutSchedule)


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule of somebody's."""

    id: str
    account_id: str
    environment: Environment
    every: Every
    least_units: int
    next_at: int


def next_time(every: Every, after: int) -> int:
    """Returns the first time behind another, in microseconds, at midnight UTC: of a day, a Monday, a first."""
    day = datetime.fromtimestamp(after / clock.SECOND, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if every is Every.DAY:
        following = day + timedelta(days=1)
    elif every is Every.WEEK:
        following = day + timedelta(days=7 - day.weekday())
    else:
        following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return int(following.timestamp()) * clock.SECOND


def set_schedule(
    session: Session, rules: PayoutRules, account_id: str, environment: Environment, every: Every | None, least: int
) -> None:
    """Has somebody's payouts requested by themselves, or by hand alone for None. Raises BadField for too little."""
    row = session.get(PayoutSchedule, _id(account_id, environment), with_for_update=True, populate_existing=True)
    if every is None:
        if row is not None:
            session.delete(row)
            session.flush()
        return
    if least < rules.least_units:
        raise BadField("least", f"A payout is at least {rules.least_units / 10**6:.2f} USDC.")
    next_at = next_time(every, clock.now())
    if row is None:
        row = PayoutSchedule(id=_id(account_id, environment), account_id=account_id, environment=environment,
                             every=every, least_units=least, next_at=next_at)  # fmt: skip
        session.add(row)
    row.every, row.least_units, row.next_at = every, least, next_at
    session.flush()


def find_schedule(session: Session, account_id: str, environment: Environment) -> ScheduleView | None:
    """Returns somebody's schedule, None where they request by hand."""
    row = session.get(PayoutSchedule, _id(account_id, environment))
    return None if row is None else _view(row)


def list_due(session: Session, now: int) -> Sequence[ScheduleView]:
    """Returns the schedules whose time has come."""
    due = select(PayoutSchedule).where(_SCHEDULES.c.next_at <= now).order_by(_SCHEDULES.c.next_at, _SCHEDULES.c.id)
    return [_view(row) for row in session.scalars(due)]


def has_due(session: Session, now: int) -> bool:
    """Tells whether the time of any schedule has come."""
    return session.scalar(select(_SCHEDULES.c.id).where(_SCHEDULES.c.next_at <= now).limit(1)) is not None


def note_done(session: Session, schedule: ScheduleView) -> None:
    """Puts a schedule off to its next time, if nobody changed it meanwhile."""
    row = session.get(PayoutSchedule, schedule.id, with_for_update=True, populate_existing=True)
    if row is not None and row.next_at == schedule.next_at:
        row.next_at = next_time(row.every, clock.now())
        session.flush()


def _id(account_id: str, environment: Environment) -> str:
    return f"{environment.value}:{account_id}"


def _view(row: PayoutSchedule) -> ScheduleView:
    return ScheduleView(row.id, row.account_id, row.environment, row.every, row.least_units, row.next_at)

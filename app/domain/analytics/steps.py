"""From link to use: how many users were shown a link in a range, paid after it, and used what they paid for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Label, case, func, select, union_all
from sqlalchemy.orm import Session

from app.domain.funnel.tables import FunnelRound
from app.domain.rollups.reading import read_books
from app.domain.rollups.zones import day_number, day_start
from app.sql.columns import table_of

ROUNDS_MAX = 50_000
"""How many rounds are looked through at most."""
_ROUNDS = table_of(FunnelRound)


@dataclass(frozen=True, slots=True)
class Steps:
    """How many users came how far; `is_more` where that is only the least."""

    shown: int = 0
    paid: int = 0
    used: int = 0
    is_more: bool = False


def read_steps(session: Session, paywall_ids: Collection[str], first: date, last: date) -> Steps:
    """Returns how far users came whose first link was shown from one day to another, both included.

    Days are those of each paywall's own zone, and each app's users are its own. What came after the range counts: who
    is shown a link at night pays in the morning.
    """
    of_each = [
        select(_ROUNDS.c.paywall_id, _ROUNDS.c.external_id, _ROUNDS.c.paid_at, _ROUNDS.c.used_at).where(
            _ROUNDS.c.paywall_id == book.paywall_id, _ROUNDS.c.shown_at >= day_start(book.zone, day_number(first)),
            _ROUNDS.c.shown_at < day_start(book.zone, day_number(last + timedelta(1))),
        )
        for book in read_books(session, paywall_ids)
    ]  # fmt: skip
    if not of_each:
        return Steps()
    some = select(union_all(*of_each).subquery()).limit(ROUNDS_MAX + 1).subquery()

    def ever(column: str) -> Label[Any]:
        return func.max(case((some.c[column].is_not(None), 1), else_=0)).label(column)

    users = (
        select(func.count().label("rounds"), ever("paid_at"), ever("used_at"))
        .select_from(some)
        .group_by(some.c.paywall_id, some.c.external_id)
        .subquery()
    )
    sums = [func.coalesce(func.sum(users.c[name]), 0) for name in ("paid_at", "used_at", "rounds")]
    shown, paid, used, rounds = map(int, session.execute(select(func.count(), *sums).select_from(users)).one())
    return Steps(shown, paid, used, is_more=rounds > ROUNDS_MAX)

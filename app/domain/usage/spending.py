"""What a wallet spent, by day and app: sums over the ledger's own transfers, so they always agree with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ledger.accounts import Account
from app.domain.ledger.history import ids_within
from app.domain.ledger.tables import LedgerTransfer
from app.domain.usage.requests import TABLE as REQUESTS
from app.sql.columns import table_of

DAY_SECONDS = 24 * 60 * 60

_TRANSFERS = table_of(LedgerTransfer)


@dataclass(frozen=True, slots=True)
class DaySpent:
    """What one app charged on one day; `day` counts days since 1970, UTC."""

    day: int
    paywall_id: str
    nanos: int


def day_of(at: int) -> int:
    """Returns the day of a time, counted from 1970-01-01, UTC."""
    return at // (DAY_SECONDS * clock.SECOND)


def read_spending(session: Session, account: Account, days: int) -> Sequence[DaySpent]:
    """Returns what each app charged on each of the last days, today included, the oldest first."""
    day = _TRANSFERS.c.created_at // (DAY_SECONDS * clock.SECOND)
    since = (day_of(clock.now()) - days + 1) * DAY_SECONDS * clock.SECOND
    statement = (
        select(day.label("day"), REQUESTS.c.paywall_id, func.sum(_TRANSFERS.c.amount).label("nanos"))
        .join(REQUESTS, REQUESTS.c.id == _TRANSFERS.c.request_id)
        .where(
            _TRANSFERS.c.debit_account_id.in_((account.id, account.promo.id)),
            _TRANSFERS.c.type == "charge",
            _TRANSFERS.c.created_at >= since,
            _TRANSFERS.c.id >= ids_within(session, since, None)[0],
        )
        .group_by(day, REQUESTS.c.paywall_id)
        .order_by(day, REQUESTS.c.paywall_id)
    )
    return [DaySpent(int(row.day), row.paywall_id, int(row.nanos)) for row in session.execute(statement)]

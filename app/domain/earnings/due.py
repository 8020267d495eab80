"""When pending earnings become available, day by day: added up from transfers by a job, and read from its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.earnings.earnings import REINSTATED
from app.domain.earnings.tables import EarningsDue, EarningsMaturity
from app.domain.ledger.accounts import Account
from app.sql.columns import table_of
from app.sql.statements import insert

_DUE = table_of(EarningsDue)
_ADD = insert(_DUE, ("account_id", "day", "amount_nanos", "made_at"))
_EARNED = text("""
    SELECT (created_at + :pending) / :day AS day, sum(amount) AS nanos FROM ledger_transfer
    WHERE credit_account_id = :account AND id > :after AND created_at >= :since AND type <> :reinstated
    GROUP BY 1
""")
_TAKEN = text("""
    SELECT (earned_at + :pending) / :day AS day, sum(amount_nanos - returned_nanos) AS nanos FROM earnings_takeback
    WHERE account_id = :account AND earned_at >= :since GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class Due:
    """What becomes available on a day (UTC), in nanos, as it stood at `made_at`."""

    day: date
    nanos: int
    made_at: int


def find_due(session: Session, account_id: str, pending_days: int) -> Mapping[int, int]:
    """Returns what becomes available on which day, of all that has not; it reads every transfer of that time."""
    stored = session.get(EarningsMaturity, account_id)
    span = {"pending": pending_days * clock.DAY, "day": clock.DAY, "account": account_id}
    since = {"since": stored.until if stored else 0}
    after = {"after": stored.transfer_id if stored else 0, "reinstated": REINSTATED}
    found = {row.day: int(row.nanos) for row in session.execute(_EARNED, span | since | after)}
    for row in session.execute(_TAKEN, span | since):
        found[row.day] = found.get(row.day, 0) - int(row.nanos)
    return {day: nanos for day, nanos in found.items() if nanos > 0}


def keep_due(session: Session, account_id: str, found: Mapping[int, int]) -> None:
    """Keeps what was found in place of what was found before."""
    session.execute(delete(_DUE).where(_DUE.c.account_id == account_id))
    now = clock.now()
    _ADD.run(session.connection(), [(account_id, day, nanos, now) for day, nanos in sorted(found.items())])


def read_due(session: Session, pending: Account) -> Sequence[Due]:
    """Returns what becomes available of a paywall's pending earnings, the soonest first."""
    rows = session.execute(select(_DUE).where(_DUE.c.account_id == pending.id).order_by(_DUE.c.day))
    return [Due(date(1970, 1, 1) + timedelta(row.day), row.amount_nanos, row.made_at) for row in rows]

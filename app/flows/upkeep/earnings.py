"""Earnings become available once they are old enough (`decisions.md` 14)."""

from functools import partial

import structlog

from app import db
from app.domain import clock
from app.domain.earnings import due, earnings
from app.each_alone import Failed, each_alone

log = structlog.get_logger()

DAY_SECONDS = 24 * 60 * 60


async def mature_earnings(pending_days: int) -> int:
    """Makes available what has been pending for long enough, a paywall at a time; returns of how many paywalls."""
    before = clock.now() - pending_days * DAY_SECONDS * clock.SECOND
    pending = await db.in_transaction(earnings.list_pending)
    done = await each_alone("earnings_maturity", pending, partial(_mature, before))
    await each_alone("earnings_due", pending, partial(_note_due, pending_days))
    return sum(1 for _, nanos in done if not isinstance(nanos, Failed) and nanos)


async def _mature(before: int, account_id: str) -> int:
    nanos = await db.in_transaction(partial(earnings.mature, account_id=account_id, before=before), writes=True)
    if nanos:
        log.info("earnings_maturity", account=account_id, nanos=nanos)
    return nanos


async def _note_due(pending_days: int, account_id: str) -> None:
    """Notes what becomes available when. The reading is long, and in no transaction that writes."""
    found = await db.in_transaction(partial(due.find_due, account_id=account_id, pending_days=pending_days))
    await db.in_transaction(partial(due.keep_due, account_id=account_id, found=found), writes=True)

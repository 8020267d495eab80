"""Earnings become available once they are old enough (`decisions.md` 14)."""

from functools import partial

import structlog

from app import db, settings
from app.domain import clock
from app.domain.earnings import earnings

log = structlog.get_logger()

DAY_SECONDS = 24 * 60 * 60


async def mature_earnings() -> int:
    """Makes available what has been pending for long enough, a paywall at a time; returns of how many paywalls."""
    before = clock.now() - settings.get().earnings_pending_days * DAY_SECONDS * clock.SECOND
    matured = 0
    for account_id in await db.in_transaction(earnings.list_pending):
        work = partial(earnings.mature, account_id=account_id, before=before)
        nanos = await db.in_transaction(work, writes=True)
        if nanos:
            matured += 1
            log.info("earnings_maturity", account=account_id, nanos=nanos)
    return matured

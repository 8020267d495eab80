"""Our cost beside the provider's own (`decisions.md` 9), per model and day: measured, kept, told where they differ."""

from functools import partial

import structlog

from app import db
from app.domain import clock
from app.domain.usage.drift import Drift, measure_drift, write_drift

log = structlog.get_logger()

SHARE_TOLD_PERCENT = 1
"""From which difference on a model is named in the log."""
LATE = 2 * 3_600 * clock.SECOND
"""For how long into a day the one before is measured again: answers may end on the day after they began."""


async def report_drift() -> int:
    """Measures the running day, logs every model that drifts, and returns how many do."""
    now = clock.now()
    today = now // clock.DAY * clock.DAY
    drifting = 0
    for start in (today - clock.DAY, today) if now < today + LATE else (today,):
        # Nobody waits for the reading: what is written is a few rows, in a transaction of their own.
        measured = await db.in_transaction(partial(measure_drift, day_start=start))
        await db.in_transaction(partial(write_drift, measured=measured), writes=True)
        for drift in measured:
            if abs(drift.share) * 100 >= SHARE_TOLD_PERCENT:
                drifting += 1
                _tell(drift)
    return drifting


def _tell(drift: Drift) -> None:
    log.warning("cost_drift", day=drift.day, provider=drift.provider, model=drift.model, requests=drift.requests,
                own_nanos=drift.own_nanos, provider_nanos=drift.provider_nanos,
                percent=f"{float(drift.share * 100):.2f}")  # fmt: skip

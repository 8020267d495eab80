"""The audit: everything that must hold of money, checked on one snapshot while others go on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.disputes import audit as takebacks_audit
from app.domain.ids import new_id
from app.domain.inbox import audit as payments_audit
from app.domain.ledger import invariants, recent
from app.domain.ledger.invariants import Finding
from app.domain.movements import audit as movements_audit
from app.domain.rollups import audit as rollups_audit
from app.domain.usage import audit as usage_audit
from app.domain.usage.tables import AuditRun
from app.sql.columns import table_of

log = structlog.get_logger()

_RUNS = table_of(AuditRun)
_NEWEST = select(_RUNS).order_by(_RUNS.c.finished_at.desc()).limit(1)

FIRST_MAX = 20
"""How many findings a run keeps; `coinslot audit` names them all."""


def audit(session: Session, progress: Callable[[str, float], None] | None = None) -> Iterator[Finding]:
    """Yields each broken row, in constant memory; nothing if the books balance.

    `session` must show one snapshot: `db.transaction(writes=False)`. `progress` is called with the name of
    a check and how much of it is done, 0 to 1.
    """
    tell = progress or _tell_nobody
    yield from invariants.check_all(session, tell)
    yield from usage_audit.check_all(session, tell)
    yield from payments_audit.check_all(session, tell)
    yield from takebacks_audit.check_all(session, tell)
    yield from movements_audit.check_all(session, tell)
    yield from rollups_audit.check_all(session, tell)


def audit_since(session: Session, after: int) -> Iterator[Finding]:
    """Yields each broken row of what was posted after a transfer, and of what is quick to look at as a whole.

    What grows with all that there ever was, such as sums of rollups and balances that every request moves, is left to
    `audit`.
    """
    yield from recent.check_since(session, after, _tell_nobody)
    yield from usage_audit.check_since(session, after, _tell_nobody)
    yield from payments_audit.check_all(session, _tell_nobody)
    yield from takebacks_audit.check_all(session, _tell_nobody)
    yield from movements_audit.check_all(session, _tell_nobody)


@dataclass(frozen=True, slots=True)
class AuditView:
    """The newest run of the audit job; `first` are the first of its findings as sentences."""

    finished_at: int
    findings: int
    first: tuple[str, ...]


async def run_audit() -> int:
    """Audits what was posted since the last run, logs each finding, keeps the outcome, and returns how much was found.

    It audits everything where there was no run before, where that finds something, or the last run did: what is broken
    is named, and found again until it is not.
    """
    started_at = clock.now()
    found, first, seen = await db.in_transaction(_count)
    run = AuditRun(id=new_id("aud"), started_at=started_at, finished_at=clock.now(), findings=found, first=first,
                   seen_transfer=seen)  # fmt: skip
    await db.in_transaction(lambda session: session.add(run), writes=True)
    return found


def _count(session: Session) -> tuple[int, list[str], int]:
    found = 0
    first: list[str] = []
    for finding in _due(session):
        found += 1
        log.error("audit", check=finding.check, row=finding.row, finding=finding.message)
        if len(first) < FIRST_MAX:
            first.append(finding.message)
    return found, first, invariants.newest_transfer(session)


def _due(session: Session) -> Iterator[Finding]:
    last = session.execute(_NEWEST).first()
    if last is None or last.findings or last.seen_transfer is None:
        return audit(session)
    is_sound = not any(audit_since(session, recent.step_back(session, last.seen_transfer, last.started_at)))
    return iter(()) if is_sound else audit(session)


def read_newest(session: Session) -> AuditView | None:
    """Returns the newest run, None before the first."""
    row = session.execute(_NEWEST).first()
    return AuditView(row.finished_at, row.findings, tuple(row.first)) if row is not None else None


def _tell_nobody(_check: str, _share: float) -> None:
    return

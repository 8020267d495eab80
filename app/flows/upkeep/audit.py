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
from app.domain.ledger import invariants
from app.domain.ledger.invariants import Finding
from app.domain.movements import audit as movements_audit
from app.domain.usage import audit as usage_audit
from app.domain.usage.tables import AuditRun
from app.sql.columns import table_of

log = structlog.get_logger()

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


@dataclass(frozen=True, slots=True)
class AuditView:
    """The newest run of the audit job; `first` are the first of its findings as sentences."""

    finished_at: int
    findings: int
    first: tuple[str, ...]


async def run_audit() -> int:
    """Audits the books, logs each finding, keeps the outcome, and returns how much was found."""
    started_at = clock.now()
    found, first = await db.in_transaction(_count)
    run = AuditRun(id=new_id("aud"), started_at=started_at, finished_at=clock.now(), findings=found, first=first)
    await db.in_transaction(lambda session: session.add(run), writes=True)
    return found


def _count(session: Session) -> tuple[int, list[str]]:
    found = 0
    first: list[str] = []
    for finding in audit(session):
        found += 1
        log.error("audit", check=finding.check, row=finding.row, finding=finding.message)
        if len(first) < FIRST_MAX:
            first.append(finding.message)
    return found, first


def read_newest(session: Session) -> AuditView | None:
    """Returns the newest run, None before the first."""
    table = table_of(AuditRun)
    row = session.execute(select(table).order_by(table.c.finished_at.desc()).limit(1)).first()
    return AuditView(row.finished_at, row.findings, tuple(row.first)) if row is not None else None


def _tell_nobody(_check: str, _share: float) -> None:
    return

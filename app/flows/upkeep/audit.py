"""The audit: everything that must hold of money, checked on one snapshot while others go on."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.chain_deposits import audit as deposits_audit
from app.domain.disputes import audit as takebacks_audit
from app.domain.ids import new_id
from app.domain.inbox import audit as payments_audit
from app.domain.ledger import invariants, recent
from app.domain.ledger.invariants import Finding
from app.domain.movements import audit as movements_audit
from app.domain.payouts import audit as payouts_audit
from app.domain.rollups import audit as rollups_audit
from app.domain.rollups import recent as recent_rollups
from app.domain.usage import audit as usage_audit
from app.domain.usage import budget_sums, kept_sums, marks
from app.domain.usage.tables import AuditRun
from app.sql.columns import table_of

log = structlog.get_logger()

_RUNS = table_of(AuditRun)
_NEWEST = select(_RUNS).order_by(_RUNS.c.finished_at.desc()).limit(1)
_SOUND = select(_RUNS.c.finished_at).where(_RUNS.c.findings == 0).order_by(_RUNS.c.finished_at.desc()).limit(1)

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
    yield from payouts_audit.check_all(session, tell)
    yield from deposits_audit.check_all(session, tell)
    yield from rollups_audit.check_all(session, tell)


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a run has looked: to its newest transfer, at a time, and to the end of all that was made before another.

    `marked` is the transfer up to which it kept what accounts had moved.
    """

    transfer: int
    at: int
    ended_at: int
    marked: int


NOTHING = Seen(0, 0, 0, 0)


def audit_since(session: Session, seen: Seen) -> Iterator[Finding]:
    """Yields each broken row of what was made, posted or ended since, and of what is quick to look at as a whole.

    Budgets and sums of rollups are what was kept of them and what came since. What a run from before anything was kept
    has not kept is found to be wrong, and put right by the whole audit that follows.
    """
    newest = invariants.newest_transfer(session)
    after = recent.step_back(session, seen.transfer, seen.at)
    yield from recent.check_since(session, after, seen.ended_at, _tell_nobody)
    for moved in marks.read_moved(session, seen.marked, seen.marked):
        yield from marks.check(moved)
    yield from usage_audit.check_since(session, after, seen.ended_at, _tell_nobody)
    yield from payments_audit.check_all(session, _tell_nobody)
    yield from takebacks_audit.check_all(session, _tell_nobody)
    yield from movements_audit.check_all(session, _tell_nobody)
    yield from payouts_audit.check_all(session, _tell_nobody)
    yield from budget_sums.check_since(session, seen.marked, newest, seen.ended_at)
    yield from recent_rollups.check_since(session, seen.marked, newest, seen.at)


@dataclass(frozen=True, slots=True)
class AuditView:
    """The newest run of the audit job; `first` are the first of its findings as sentences.

    `sound_at` is when a run last found nothing, None if none ever did; `since` when the first run after that ended.
    """

    finished_at: int
    findings: int
    first: tuple[str, ...]
    sound_at: int | None
    since: int


async def run_audit() -> int:
    """Audits what was posted since the last run, logs each finding, keeps the outcome, and returns how much was found.

    It audits everything where there was no run before, where that finds something, or the last run did: what is broken
    is named, and found again until it is not.
    """
    run = await db.in_transaction(partial(_look, clock.now()))
    await db.in_transaction(run.keep, writes=True)
    return run.findings


@dataclass(frozen=True, slots=True)
class _Run:
    """A run, as it is kept: what it found, how far it looked, and what accounts had moved by then.

    `sums` are those of budgets and paywalls that have changed since the run before, or all where there was none.
    """

    findings: int
    first: list[str]
    seen: Seen
    moved: Mapping[str, int]
    sums: Mapping[str, int]
    are_all: bool

    def keep(self, session: Session) -> None:
        seen = self.seen
        session.add(AuditRun(id=new_id("aud"), started_at=seen.at, finished_at=clock.now(), findings=self.findings,
                             first=self.first, seen_transfer=seen.transfer, marked_transfer=seen.marked,
                             ended_at=seen.ended_at))  # fmt: skip
        marks.keep(session, self.moved)
        kept_sums.keep(session, self.sums, are_all=self.are_all)


def _look(started_at: int, session: Session) -> _Run:
    found = 0
    first: list[str] = []
    before = _seen_before(session)
    if before is None or any(audit_since(session, before)):
        before = NOTHING
        for finding in audit(session):
            found += 1
            log.error("audit", check=finding.check, row=finding.row, finding=finding.message)
            if len(first) < FIRST_MAX:
                first.append(finding.message)
    newest = invariants.newest_transfer(session)
    mark = max(recent.step_back(session, newest, started_at), before.marked)
    moved = {one.account_id: one.marked for one in marks.read_moved(session, before.marked, mark)}
    seen = Seen(newest, started_at, recent.ended_before(session, started_at), mark)
    return _Run(found, first, seen, moved, _sums(session, before.marked, mark), are_all=not before.marked)


def _sums(session: Session, marked: int, mark: int) -> Mapping[str, int]:
    """Returns what changed sums come to at a new mark, on what was kept at the one before; 0 adds up everything."""
    added = {**budget_sums.read_charged(session, marked, mark), **recent_rollups.read_moved(session, marked, mark)}
    kept = kept_sums.read_kept(session, added) if marked else {}
    return {subject: kept.get(subject, 0) + nanos for subject, nanos in added.items()}


def _seen_before(session: Session) -> Seen | None:
    """Returns how far the last run looked; None where there was none, or something was broken."""
    last = session.execute(_NEWEST).first()
    if last is None or last.findings or last.ended_at is None:
        return None
    return Seen(last.seen_transfer, last.started_at, last.ended_at, last.marked_transfer)


def read_newest(session: Session) -> AuditView | None:
    """Returns the newest run, None before the first."""
    row = session.execute(_NEWEST).first()
    if row is None:
        return None
    sound_at, since = session.scalar(_SOUND), row.finished_at
    if row.findings:
        behind = select(func.min(_RUNS.c.finished_at)).where(_RUNS.c.finished_at > (sound_at or 0))
        since = session.scalar(behind) or since
    return AuditView(row.finished_at, row.findings, tuple(row.first), sound_at, since)


def _tell_nobody(_check: str, _share: float) -> None:
    return

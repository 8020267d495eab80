"""What the page of jobs shows, ready to be read: each with what it is for, its last run, its next, and what fails."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.db import Session
from app.domain import clock
from app.domain.leases import job_runs, job_wishes
from app.domain.leases.job_runs import JobView
from app.web.frame.format import ago, utc

DOES = {
    "reap-holds": "Ends holds of processes that are gone.",
    "finish-inbox": "Credits payments that a rail told of.",
    "send-refunds": "Gives money back that could not be credited.",
    "tell-disputes": "Tells of disputes and fraud warnings.",
    "auto-topups": "Charges saved cards whose owners allowed it.",
    "expire-checkouts": "Ends checkouts that nobody paid.",
    "end-tried-checkouts": "Ends checkouts on which cards are tried out.",
    "connect-operator": "Keeps your own rail accounts connected.",
    "read-events": "Reads payment events from the rail's own list.",
    "check-endpoints": "Sees that rails can reach us.",
    "read-movements": "Compares the rail's money with the ledger.",
    "fan-out-events": "Hands each event to the webhooks that want it.",
    "deliver-webhooks": "Sends events to developers' endpoints.",
    "forget-events": "Forgets events that are old.",
    "fold-deltas": "Adds up what requests brought to balances.",
    "forget-answers": "Forgets kept answers after 15 minutes.",
    "forget-codes": "Forgets sign-in codes that are over.",
    "forget-drafts": "Forgets drafts of paywalls after 30 days.",
    "mature-earnings": "Makes pending earnings available.",
    "sync-catalogue": "Reads the list of models and prices.",
    "report-drift": "Compares our cost with what providers say.",
    "count-rollups": "Counts requests for analytics.",
    "build-rollups": "Counts anew after a change of zone.",
    "list-users": "Lists the top users of each paywall.",
    "forget-rollups": "Forgets quarter hours after 35 days.",
    "raise-alerts": "Tells developers what needs them.",
    "send-mails": "Sends mails to operators that were stored and not sent.",
    "read-deposits": "Credits deposits on chains that are final.",
    "sweep-deposits": "Moves deposits to the treasury.",
    "compare-reserves": "Compares what stands on chains with the books; too little pauses payouts.",
    "payouts": "Takes payouts further, and watches the treasury.",
    "request-payouts": "Requests payouts that people want by themselves.",
    "audit": "Checks that the books balance.",
}
"""What each job is for, in a sentence."""


@dataclass(frozen=True)
class JobRow:
    """A job as it ran last; `mend` says what to do where it fails or is late."""

    name: str = ""
    does: str = ""
    last: str = ""
    following: str = ""
    says: str = ""
    mend: str = ""
    tone: str = "ok"
    is_asked: bool = False


@dataclass(frozen=True)
class JobsPage:
    """Everything on the page."""

    rows: list[JobRow] = field(default_factory=list)
    lead: str = ""


def read_jobs_page(session: Session) -> JobsPage:
    """Reads every job that ever ran, what is wrong first."""
    asked = frozenset(job_wishes.list_asked(session))
    rows = sorted((_row(job, job.name in asked) for job in job_runs.read_all(session)), key=_worst_first)
    failing = sum(row.tone != "ok" for row in rows)
    return JobsPage(rows, f"{failing} of {len(rows)} need you." if failing else f"All {len(rows)} are well.")


def _worst_first(row: JobRow) -> tuple[int, str]:
    return ("bad", "wait", "ok").index(row.tone), row.name


def _row(job: JobView, is_asked: bool) -> JobRow:
    now = clock.now()
    due = max((job.next_at - now) // clock.SECOND, 0)
    said = what_is_wrong(job)
    return JobRow(
        name=job.name,
        does=DOES.get(job.name, ""),
        last="never" if job.succeeded_at is None else ago(job.succeeded_at),
        following=f"in {due}\N{NO-BREAK SPACE}s" if due < 120 else f"in {due // 60}\N{NO-BREAK SPACE}min",
        says=" ".join(said[:2]) if said else "",
        mend=said[2] if said else "",
        tone="ok" if not said else "bad" if job.last_error else "wait",
        is_asked=is_asked,
    )


def what_is_wrong(job: JobView) -> tuple[str, str, str] | None:
    """Returns what is wrong with a job, since when, and what to do; None for one that is well."""
    since = "It never succeeded" if job.succeeded_at is None else f"It succeeded last {ago(job.succeeded_at)}"
    since += "." if job.failing_since is None else f", and fails since {utc(job.failing_since)} UTC."
    if job.last_error:
        mend = f"Mend that, then run it; its log has the whole error, and “coinslot job {job.name}” shows it."
        return f"It says: {job.last_error.removesuffix('.')}.", since, mend
    if job.is_late(clock.now()):
        return ("It is late.", since, "See that a worker runs; “coinslot doctor” says what keeps it.")
    return None


def list_wrong(jobs: Iterable[JobView]) -> Iterable[tuple[JobView, tuple[str, str, str]]]:
    """Yields the jobs with which something is wrong, each with what that is."""
    for job in jobs:
        if said := what_is_wrong(job):
            yield job, said

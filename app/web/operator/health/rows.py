"""What the page of this instance's health shows, ready to be read: what is wrong first, then everything."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.db import Session
from app.domain import clock
from app.domain.inbox import inbox
from app.domain.leases import job_runs
from app.domain.leases.job_runs import JobView
from app.domain.operators.operators import ChangeView, read_changes
from app.domain.paywalls.names import read_names
from app.domain.people.accounts import read_account
from app.domain.providers import refusals
from app.domain.refunds.refunds import count_owed
from app.domain.refunds.tables import RefundStatus
from app.flows.disputes.warnings import list_waiting
from app.flows.reconciling.soundness import ConnectionView, is_sound, read_connections, said_of
from app.flows.upkeep import audit
from app.flows.upkeep.audit import AuditView
from app.web.frame.format import ago, utc
from app.web.operator.connections.rows import read_webhooks
from app.web.operator.jobs.rows import list_wrong

BAD, WAIT = "bad", "wait"
CHANGES_LISTED, REFUSALS_LISTED, WARNINGS_LISTED, FINDINGS_SHOWN = 20, 20, 50, 3
BOOKS_MEND = (
    "Keep a copy of the database, then run “coinslot audit”: it names every row with its check, and the guide says"
    " under “When the books do not balance” what each check means and what mends it."
)
AUDIT_SECONDS_MAX = 3 * 900
"""How old the newest audit may be: it runs every 15 minutes."""


@dataclass(frozen=True)
class WrongRow:
    """One thing that is wrong: what, since when, and what to do."""

    id: str = ""
    title: str = ""
    detail: str = ""
    mend: str = ""
    tone: str = WAIT


@dataclass(frozen=True)
class LineRow:
    """One more line: a connection, a count, a change."""

    id: str = ""
    title: str = ""
    detail: str = ""
    tone: str = "ok"


@dataclass(frozen=True)
class HealthPage:
    """Everything on the page."""

    wrong: list[WrongRow] = field(default_factory=list)
    connections: list[LineRow] = field(default_factory=list)
    books: LineRow = field(default_factory=LineRow)
    waiting: list[LineRow] = field(default_factory=list)
    changes: list[LineRow] = field(default_factory=list)
    at: str = ""


def read_health_page(session: Session) -> HealthPage:
    """Reads how this instance is; no request is read for that."""
    connections = read_connections(session)
    wrong = [*_of_books(session), *_of_jobs(job_runs.read_all(session)), *_of_connections(connections),
             *_of_providers(session), *_of_refunds(session), *_of_webhooks(session),
             *_of_warnings(session)]  # fmt: skip
    return HealthPage(
        wrong=sorted(wrong, key=lambda row: row.tone != BAD),
        connections=[LineRow(one.health.connection_id, f"{one.health.rail}, {one.health.environment}", said_of(one),
                             "ok" if is_sound(one) else BAD) for one in connections],
        books=_books(session),
        waiting=[*_waiting(session)],
        changes=[_change(session, one) for one in read_changes(session, CHANGES_LISTED)],
        at=f"{utc(clock.now())} UTC",
    )  # fmt: skip


def _of_books(session: Session) -> Iterable[WrongRow]:
    newest = audit.read_newest(session)
    if newest is None:
        yield WrongRow("books", "The books were never audited", "The job audit does that every 15 minutes.",
                       "Look whether it runs, on the page of jobs.", WAIT)  # fmt: skip
    elif newest.findings:
        rows = "1 row" if newest.findings == 1 else f"{newest.findings} rows"
        said = " ".join(newest.first[:FINDINGS_SHOWN])
        yield WrongRow("books", f"{rows} of the books {'is' if newest.findings == 1 else 'are'} broken",
                       f"{_since(newest)} {said}", BOOKS_MEND, BAD)  # fmt: skip
    elif clock.now() - newest.finished_at > AUDIT_SECONDS_MAX * clock.SECOND:
        yield WrongRow("books", "The books were not audited lately", f"The last time was {ago(newest.finished_at)}.",
                       "Look at the job audit, on the page of jobs.", WAIT)  # fmt: skip


def _since(newest: AuditView) -> str:
    """Says since when the books are broken: between which two audits that came about, and when it was seen last."""
    again = "" if newest.since == newest.finished_at else f", and again {ago(newest.finished_at)}"
    before = "never balanced before" if newest.sound_at is None else f"balanced last on {utc(newest.sound_at)} UTC"
    return f"Found on {utc(newest.since)} UTC, {ago(newest.since)}{again}; they {before}."


def _of_jobs(jobs: Iterable[JobView]) -> Iterable[WrongRow]:
    for job, (what, since, mend) in list_wrong(jobs):
        title = f"The job {job.name} {'fails' if job.last_error else 'is late'}"
        yield WrongRow(f"job:{job.name}", title, f"{what} {since}", mend, BAD if job.last_error else WAIT)


def _of_connections(connections: Iterable[ConnectionView]) -> Iterable[WrongRow]:
    for one in connections:
        if not is_sound(one):
            since = f"Since {ago(one.health.refused_at)}. " if one.health.refused_at else ""
            yield WrongRow(f"connection:{one.health.connection_id}", f"{one.health.connection_id} needs somebody",
                           since + said_of(one), "Nothing is lost: events of 30 days are read again once it is mended.",
                           BAD if one.health.refused_at or one.differs else WAIT)  # fmt: skip


def _of_providers(session: Session) -> Iterable[WrongRow]:
    found = refusals.list_all(session)[:REFUSALS_LISTED]
    names = read_names(session, [one.paywall_id for one in found])
    for one in found:
        yield WrongRow(f"refusal:{one.paywall_id}:{one.provider}",
                       f"{names.get(one.paywall_id, one.paywall_id)}: {one.provider} refuses its key",
                       f"Since {ago(one.since)} it answers {one.status}; users get 502.",
                       "A developer's own key is theirs to change; the built-in one stands in the environment.",
                       WAIT)  # fmt: skip


def _of_refunds(session: Session) -> Iterable[WrongRow]:
    if failed := count_owed(session).get(RefundStatus.FAILED, 0):
        yield WrongRow("refunds", f"{failed} refunds did not reach their payers", "The rail refused them.",
                       "Give them back by hand at the rail, and note it there.", BAD)  # fmt: skip


def _of_webhooks(session: Session) -> Iterable[WrongRow]:
    for one in read_webhooks(session):
        yield WrongRow(f"webhook:{one.id}", f"A webhook fails. {one.title}", one.detail, one.mend, WAIT)


def _of_warnings(session: Session) -> Iterable[WrongRow]:
    if found := list_waiting(session, WARNINGS_LISTED):
        since = f"The oldest came {ago(found[0].since)}; the wallets are frozen."
        yield WrongRow("warnings", f"Fraud warnings wait for you: {len(found)}", since,
                       "Decide them on the page of wallets.", BAD)  # fmt: skip


def _books(session: Session) -> LineRow:
    newest = audit.read_newest(session)
    if newest is None:
        return LineRow("books", "Not audited yet", "", WAIT)
    if newest.findings:
        return LineRow("books", f"{newest.findings} broken rows", f"Audited {ago(newest.finished_at)}.", BAD)
    return LineRow("books", "They balance", f"Audited {ago(newest.finished_at)}.", "ok")


def _waiting(session: Session) -> Iterable[LineRow]:
    counts = inbox.count_waiting(session).values()
    waiting, failing = sum(count for count, _ in counts), sum(count for _, count in counts)
    says = f"{failing:,} failed before and {'is' if failing == 1 else 'are'} tried again." if failing else (
        "None of them failed before.")  # fmt: skip
    yield LineRow("inbox", f"Payment events: {waiting:,}", says, WAIT if failing else "ok")
    owed = sum(count_owed(session).values())
    yield LineRow("owed", f"Refunds: {owed:,}", "Money that came and could not be credited.", "ok")


def _change(session: Session, one: ChangeView) -> LineRow:
    what = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in one.what.items())
    return LineRow(one.id, f"{one.about}: {what}", f"{read_account(session, one.made_by).name}, {utc(one.created_at)}")

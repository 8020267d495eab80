"""What `coinslot doctor` says: one line for each thing that must work, and what is wrong with it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import Unavailable
from app.domain.inbox import inbox
from app.domain.leases import job_runs
from app.domain.leases.job_runs import JobView
from app.domain.money import Unit, format_finely
from app.domain.payouts import desk
from app.domain.payouts.tables import PayoutDesk
from app.domain.refunds.refunds import count_owed
from app.domain.refunds.tables import RefundStatus
from app.domain.reserves import reports
from app.domain.reserves.tables import ReserveReport
from app.flows.reconciling.soundness import ConnectionView, is_sound, read_connections, said_of
from app.flows.settlement.looking import look_at
from app.flows.upkeep import audit
from app.ports.chain.chain import Chains
from app.sql.full_text import has_full_text

HEAD_SECONDS_MAX = 180
"""How old the newest block may be: a chain on which nothing is under way is read every half minute."""
RESERVES_SECONDS_MAX = 300
"""How old the newest comparison may be: it is made four times a minute."""
AUDIT_SECONDS_MAX = 3 * 900
"""How old the newest audit may be: it runs every 15 minutes."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the operator chose that can be wrong for serving people; each is empty or False where nothing was chosen."""

    database: str
    public_url: str
    has_mail: bool
    operators: int
    has_provider_key: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `says` is a sentence for the operator."""

    name: str
    is_fine: bool
    says: str


async def examine(chosen: Chosen, chains: Chains | None = None) -> AsyncIterator[Check]:
    """Yields each check as it is made; what needs the database comes only where there is one, chains come last."""
    try:
        is_migrated = await asyncio.to_thread(db.is_migrated)
    except (Unavailable, DBAPIError):
        yield Check("database", False, f"{chosen.database} cannot be reached.")
        return
    yield Check("database", True, f"{chosen.database} answers.")
    says = "All are there." if is_migrated else "Some are missing; `coinslot serve` makes them when it starts."
    yield Check("migrations", is_migrated, says)
    yield _of_full_text()
    for check in _of_settings(chosen):
        yield check
    if is_migrated:
        for check in await db.in_transaction(_of_database):
            yield check
    if chains is not None:
        for chain in chains.all():
            look = await look_at(chain, chains.keys(chain.rules.id).gas.address)
            yield Check(f"chain {look.name}", not look.wrong, " ".join(look.wrong) or look.says)


def _of_full_text() -> Check:
    has_it = has_full_text()
    says = "SQLite's FTS5 is there." if has_it else "This Python's SQLite has no FTS5: `/help` answers nothing."
    return Check("help", has_it, says)


def _of_settings(chosen: Chosen) -> Iterator[Check]:
    url = chosen.public_url
    yield Check("public URL", bool(url), _said_of_address(url))
    says = "is set." if chosen.has_mail else "is not set: nobody gets a sign-in code."
    yield Check("mail", chosen.has_mail, f"COINSLOT_SMTP_URL {says}")
    says = f"names {chosen.operators}." if chosen.operators else "is not set: alerts reach nobody."
    yield Check("operators", chosen.operators > 0, f"COINSLOT_OPERATOR_EMAILS {says}")
    says = "The operator's own is set." if chosen.has_provider_key else "There is none: each paywall needs its own."
    yield Check("provider key", True, says)


def _said_of_address(url: str) -> str:
    if not url:
        return "COINSLOT_PUBLIC_URL is not set: links in answers begin with it."
    if url.startswith("https://"):
        return f"{url} can be sent webhooks."
    return f"{url} is not https, so that no rail sends webhooks there; payments are read from lists."


def _of_database(session: Session) -> list[Check]:
    return [
        *_of_books(session),
        *(_of_job(job) for job in job_runs.read_all(session)),
        *(_of_connection(one) for one in read_connections(session, explains=True)),
        *_of_payments(session),
        *(_of_payouts(one) for one in desk.list_desks(session)),
        *(_of_reserves(one) for one in reports.read_all(session)),
    ]


def _of_books(session: Session) -> Iterator[Check]:
    newest = audit.read_newest(session)
    if newest is None:
        yield Check("books", False, "They were never audited; the job `audit` does that every 15 minutes.")
        return
    age = (clock.now() - newest.finished_at) // clock.SECOND
    if newest.findings:
        yield Check("books", False, f"{newest.findings} broken rows: `coinslot audit` names them. {newest.first[0]}")
    else:
        yield Check("books", age <= AUDIT_SECONDS_MAX, f"They balance; audited {_ago(age)}.")


def _of_job(job: JobView) -> Check:
    now = clock.now()
    is_fine = job.last_error is None and not job.is_late(now)
    said = "never succeeded"
    if job.succeeded_at is not None:
        said = f"succeeded {_ago((now - job.succeeded_at) // clock.SECOND)}"
    wrong = f" The last run failed: {job.last_error}" if job.last_error else ""
    due = max((job.next_at - now) // clock.SECOND, 0)
    return Check(f"job {job.name}", is_fine, f"It {said}, and runs again in {due} s.{wrong}")


def _of_connection(one: ConnectionView) -> Check:
    return Check(f"connection {one.health.connection_id}", is_sound(one), said_of(one))


def _of_payments(session: Session) -> Iterator[Check]:
    failing = sum(count for _, count in inbox.count_waiting(session).values())
    says = f"{failing} failed before and are tried again." if failing else "None waits that failed before."
    yield Check("payment events", failing == 0, says)
    failed = count_owed(session).get(RefundStatus.FAILED, 0)
    says = f"{failed} did not reach their payers; somebody has to see to it." if failed else "None is owed."
    yield Check("refunds", failed == 0, says)


def _of_payouts(one: PayoutDesk) -> Check:
    name, age = f"payouts on chain {one.chain_id}", clock.now() // clock.SECOND - one.head_at
    if one.paused_because is not None:
        return Check(name, False, f"They are paused: {one.paused_because}")
    if one.halted_because is not None:
        return Check(name, False, f"{one.halted_because} They go on by themselves when that ends.")
    if age > HEAD_SECONDS_MAX:
        return Check(
            name, False, f"Nothing is signed: the newest block that was read is {_ago(age).removesuffix(' ago')} old."
        )
    if one.lacking_units:
        return Check(name, False, f"The treasury lacks {one.lacking_units / 10**6:.6f} USDC for what was requested.")
    return Check(name, True, f"They go on; the chain was read {_ago((clock.now() - one.read_at) // clock.SECOND)}.")


def _of_reserves(one: ReserveReport) -> Check:
    name, age = f"reserves {one.environment}", (clock.now() - one.made_at) // clock.SECOND
    if one.lacking_nanos:
        lacking = format_finely(one.lacking_nanos, Unit.USDC)
        return Check(name, False, f"Chains hold {lacking} less than the books say; `/reserves` shows where.")
    return Check(name, age <= RESERVES_SECONDS_MAX, f"Chains hold what the books say; compared {_ago(age)}.")


def _ago(seconds: int) -> str:
    return f"{seconds} s ago" if seconds < 120 else f"{seconds // 60} min ago"

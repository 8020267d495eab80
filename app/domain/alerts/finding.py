"""What is to be told right now: charges of the month, keys that are refused, endpoints that fail, numbers behind."""

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.alerts.raising import Found
from app.domain.alerts.rules import list_monthly
from app.domain.alerts.tables import AlertKind
from app.domain.events.tables import EndedBy, WebhookSubscription
from app.domain.money import format_decimal, format_for_people
from app.domain.providers import refusals
from app.domain.rollups.reading import read_books, read_sums
from app.domain.rollups.zones import date_of
from app.domain.usage.tables import is_due
from app.sql.columns import table_of

THRESHOLDS = (50, 80, 100)
FAILURES_MIN = 3
"""From how many failed attempts in a row on an endpoint is said to fail."""
BEHIND_SECONDS = 300
"""How long after its end a request may be missing in the numbers before that is said."""
LOOKED_MAX = 200

_SUBSCRIPTIONS = table_of(WebhookSubscription)
_BEHIND = text(f"""
    SELECT paywall_id FROM request WHERE {is_due()} AND finished_at < :before ORDER BY finished_at LIMIT :limit
""")  # noqa: S608 - the condition is the index's own


def find_all(session: Session) -> Iterator[Found]:
    """Yields all that is to be told, also what was told before."""
    yield from _spend(session)
    yield from _refused(session)
    yield from _failing(session)
    yield from _behind(session)


def _spend(session: Session) -> Iterator[Found]:
    """What was charged in the month of the paywall's zone, against the amount that its developer chose."""
    amounts = dict(list_monthly(session))
    for book in read_books(session, list(amounts)):
        today, most = date_of(book.today), amounts[book.paywall_id]
        charged = read_sums(session, [book.paywall_id], date(today.year, today.month, 1), today).gross_nanos
        for threshold in THRESHOLDS:
            if charged * 100 >= most * threshold:
                yield Found(
                    book.paywall_id, AlertKind.SPEND, format_decimal(most), threshold, f"{today:%Y-%m}",
                    f"{threshold} % of {format_for_people(most, book.unit)} is charged this month",
                    f"In {today:%B %Y} ({book.zone}) users were charged {format_for_people(charged, book.unit)} of the"
                    f" {format_for_people(most, book.unit)} that you chose. Nothing is stopped by that; limits do.",
                )  # fmt: skip


def _refused(session: Session) -> Iterator[Found]:
    for one in refusals.list_all(session):
        said = f" It says: {one.words}" if one.words else ""
        yield Found(
            one.paywall_id, AlertKind.PROVIDER_REFUSED, one.provider, 100, clock.to_iso(one.since),
            f"{one.provider} refuses the key",
            f"Since {clock.to_iso(one.since)} it answers {one.status}, and users get 502.{said}"
            " Set another key on the page Provider.",
        )  # fmt: skip


def _failing(session: Session) -> Iterator[Found]:
    table = _SUBSCRIPTIONS
    is_failing = (table.c.is_active == 1) & (table.c.consecutive_failures >= FAILURES_MIN)
    is_off = table.c.ended_by.in_([EndedBy.FAILURES.value, EndedBy.GONE.value])
    columns = [table.c[name] for name in ("id", "paywall_id", "url", "is_active", "failing_since", "updated_at")]
    for row in session.execute(select(*columns).where(is_failing | is_off).order_by(table.c.id)):
        since = clock.to_iso(row.failing_since or row.updated_at)
        says = "fails" if row.is_active else "was switched off"
        yield Found(
            row.paywall_id, AlertKind.WEBHOOK_FAILING, f"{row.id}:{says}", 100, since, f"A webhook {says}",
            f"{row.url[:200]}: deliveries do not arrive since {since}. "
            + ("They are tried again." if row.is_active else "Mend it and switch it on again on the page Events."),
        )  # fmt: skip


def _behind(session: Session) -> Iterator[Found]:
    """At most once a day, and no further than the oldest few: who waits longest is told."""
    now = clock.now()
    found = session.scalars(_BEHIND, {"before": now - BEHIND_SECONDS * clock.SECOND, "limit": LOOKED_MAX})
    day = clock.to_datetime(now).date().isoformat()
    for paywall_id in sorted(set(found)):
        yield Found(
            paywall_id, AlertKind.ROLLUPS_BEHIND, "", 100, day, "Numbers on pages are behind",
            f"Requests that ended more than {BEHIND_SECONDS // 60} minutes ago are not counted yet. Charges and"
            " balances are exact all the same; the numbers follow when the job count-rollups runs again.",
        )  # fmt: skip

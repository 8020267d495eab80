"""Sums of paywalls are what the ledger says, found by what came since a mark: the part of the audit that the job makes.

What transfers came to up to the mark was kept; what is not counted yet of all of them is taken off, and is little. That
the tables of sums say the same of each other is looked at for the days that may have changed. Requests and the
provider's cost, which no transfer need tell, are left to the whole audit.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.ledger.invariants import Finding
from app.domain.rollups.audit import MONEY, MOVED, by_paywall, check_days, check_sum, read_borne, read_totals
from app.domain.rollups.zones import UTC_NAME, day_of
from app.domain.usage.kept_sums import read_kept
from app.domain.usage.tables import is_due

DAYS_BACK = 2
"""How many days before the last run are looked at again: a zone is up to a day behind, and what is counted late."""

_MOVED_SINCE = text(f"""
    SELECT {MOVED}
    FROM ledger_transfer t JOIN request r ON r.id = t.request_id WHERE t.id > :after AND t.id <= :last
    GROUP BY r.paywall_id
""")  # noqa: S608 - ours
_NOT_COUNTED = text(f"""
    SELECT {MOVED}
    FROM request r LEFT JOIN ledger_hold h ON h.request_id = r.id
    JOIN ledger_transfer t ON t.posting_id IN ('settle:' || h.id, 'late:' || h.id, 'charge:' || h.id,
        'charge_refund:' || r.id)
    WHERE {is_due("r.")}
        AND (r.counted_nanos IS NULL OR (t.posting_id LIKE 'late:%' AND coalesce(r.counted_late, 0) <> 1))
    GROUP BY r.paywall_id
""")  # noqa: S608 - ours


def read_moved(session: Session, after: int, last: int) -> Mapping[str, int]:
    """Returns what requests of each paywall moved by the transfers after one up to another, counted or not, by paywall
    and what of it: `pw_…:gross`."""
    found = by_paywall(session, _MOVED_SINCE, after=after, last=last)
    return {_subject(id_, name): sums[name] for id_, sums in found.items() for name in MONEY if sums[name]}


def check_since(session: Session, marked: int, newest: int, seen_at: int) -> Iterator[Finding]:
    """Yields the paywalls whose sums are wrong, by what was kept at the mark and came since, or whose tables of sums
    say different things of the days since a time."""
    yield from check_days(session, day_of(UTC_NAME, max(seen_at, 0)) - DAYS_BACK)
    totals, waiting, borne = read_totals(session, 0), by_paywall(session, _NOT_COUNTED), read_borne(session)
    since = read_moved(session, marked, newest)
    paywalls = {*totals, *waiting, *borne, *(subject.partition(":")[0] for subject in since)}
    kept = read_kept(session, [_subject(id_, name) for id_ in paywalls for name in MONEY])
    for paywall_id in sorted(paywalls):
        for name in MONEY:
            subject = _subject(paywall_id, name)
            wanted = kept.get(subject, 0) + since.get(subject, 0) - waiting.get(paywall_id, {}).get(name, 0)
            wanted += borne.get(paywall_id, 0) if name == "refunds" else 0
            yield from check_sum(paywall_id, name, totals.get(paywall_id, {}).get(name, 0), wanted)


def _subject(paywall_id: str, name: str) -> str:
    return f"{paywall_id}:{name}"

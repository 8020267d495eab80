"""Sums are what the ledger says: gross, refunds and fee of each paywall, and cost where the ledger has all of it.

What is not counted yet is left out on both sides. The tables of sums say the same of each other.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Kind, parse
from app.domain.ledger.invariants import Finding, Progress
from app.domain.money import format_decimal
from app.domain.paywalls.modes import RULES
from app.domain.paywalls.provider import BUILT_IN, DEMO
from app.domain.rollups.building import list_builds

_COUNTED = text("""
    SELECT b.paywall_id, sum(d.requests) AS requests, sum(d.gross_nanos) AS gross, sum(d.refunds_nanos) AS refunds,
        sum(d.trial_nanos) AS trial, sum(d.fee_nanos) AS fee, sum(d.cost_nanos) AS cost
    FROM paywall_rollup b JOIN rollup_day d ON d.paywall_id = b.paywall_id AND d.build = b.build AND d.day >= :first
    GROUP BY b.paywall_id
""")
_TOTALS = text("""
    SELECT b.paywall_id, sum(d.requests) AS requests, sum(d.gross_nanos) AS gross, sum(d.refunds_nanos) AS refunds,
        sum(d.trial_nanos) AS trial, sum(d.fee_nanos) AS fee, sum(d.cost_nanos) AS cost, sum(d.users) AS users
    FROM paywall_rollup b JOIN rollup_total d ON d.paywall_id = b.paywall_id AND d.build = b.build AND d.day >= :first
    GROUP BY b.paywall_id
""")
_OF_USERS = text("""
    SELECT b.paywall_id, sum(u.requests) AS requests, sum(u.gross_nanos) AS gross, sum(u.fee_nanos) AS fee,
        count(*) AS users
    FROM paywall_rollup b JOIN rollup_user_day u ON u.paywall_id = b.paywall_id AND u.build = b.build
        AND u.day >= :first
    GROUP BY b.paywall_id
""")
_OF_PARTS = text("""
    SELECT b.paywall_id, sum(u.requests) AS requests, sum(u.gross_nanos) AS gross, sum(u.fee_nanos) AS fee
    FROM paywall_rollup b JOIN rollup_user_part u ON u.paywall_id = b.paywall_id AND u.build = b.build
        AND u.day >= :first
    GROUP BY b.paywall_id
""")
MOVED = """
    r.paywall_id,
        sum(CASE WHEN t.type = 'charge' AND t.credit_account_id NOT LIKE '%:grants:%'
            THEN t.amount ELSE 0 END) AS gross,
        sum(CASE WHEN t.type = 'charge' AND t.credit_account_id LIKE '%:grants:%' THEN t.amount ELSE 0 END) AS trial,
        sum(CASE WHEN t.posting_id LIKE 'charge_refund:%' AND t.credit_account_id LIKE '%:wallet:%'
            THEN t.amount ELSE 0 END) AS refunds,
        sum(CASE WHEN t.credit_account_id LIKE '%:platform_fees:%' THEN t.amount
            WHEN t.debit_account_id LIKE '%:platform_fees:%' THEN -t.amount ELSE 0 END) AS fee,
        sum(CASE WHEN t.credit_account_id LIKE '%:provider_payable:%' THEN t.amount ELSE 0 END) AS cost
"""
"""What transfers `t` of requests `r` come to by paywall: gross, trial, refunds, fee and cost."""
_POSTED = text(f"""
    SELECT {MOVED}
    FROM ledger_transfer t JOIN request r ON r.id = t.request_id
    WHERE r.counted_nanos IS NOT NULL AND (t.posting_id NOT LIKE 'late:%' OR r.counted_late = 1)
    GROUP BY r.paywall_id
""")  # noqa: S608 - ours
_REQUESTS = text("""
    SELECT r.paywall_id, sum(CASE r.kind WHEN 'refund' THEN 0 ELSE 1 END) AS requests,
        min(CASE WHEN w.mode NOT IN :split OR (r.kind = 'chat' AND coalesce(r.provider, '') NOT IN (:demo, :built_in))
            THEN 0 ELSE 1 END) AS is_cost_posted
    FROM request r JOIN paywall w ON w.id = r.paywall_id WHERE r.counted_nanos IS NOT NULL GROUP BY r.paywall_id
""").bindparams(
    bindparam(
        "split", [mode.value for mode, rules in RULES.items() if rules.is_split or rules.is_operators], expanding=True
    ),
    demo=DEMO,
    built_in=BUILT_IN,
)
_BORNE = text("""
    SELECT t.debit_account_id, t.credit_account_id, t.amount FROM takeback b
    JOIN ledger_transfer t ON t.posting_id = 'takeback:' || b.topup_id || ':' || b.n
    WHERE b.counted_at IS NOT NULL
""")
MONEY = ("gross", "trial", "refunds", "fee")
"""What of each paywall the ledger knows whole."""

Found = Mapping[str, int]


def check_all(session: Session, progress: Progress) -> Iterator[Finding]:
    """Yields each paywall whose sums are not what the ledger or another table of sums says; in constant memory."""
    progress("rollups", 0)
    yield from check_days(session, 0)
    progress("rollups", 0.1)
    posted, requests, borne = by_paywall(session, _POSTED), by_paywall(session, _REQUESTS), read_borne(session)
    counted = by_paywall(session, _COUNTED, first=0)
    for paywall_id in sorted({*counted, *posted, *requests, *borne}):
        here, there, asked = (found.get(paywall_id, {}) for found in (counted, posted, requests))
        wanted = {name: there.get(name, 0) for name in MONEY}
        wanted["refunds"] += borne.get(paywall_id, 0)
        if asked.get("is_cost_posted"):
            wanted["cost"] = there.get("cost", 0)
        for name, nanos in wanted.items():
            yield from check_sum(paywall_id, name, here.get(name, 0), nanos)
        if here.get("requests", 0) != asked.get("requests", 0):
            message = (
                f"The sums of {paywall_id} have {here.get('requests', 0)} requests, not {asked.get('requests', 0)}."
            )
            yield Finding("rollup", paywall_id, message)
    progress("rollups", 1)


def check_days(session: Session, first: int) -> Iterator[Finding]:
    """Yields each paywall whose tables of sums say different things of its days from a first one on."""
    totals = read_totals(session, first)
    names = ("requests", "gross", "refunds", "trial", "fee", "cost")
    yield from _compare(by_paywall(session, _COUNTED, first=first), totals, "days", names)
    # Money that revenue bore for a payment may be no user's.
    of_users = by_paywall(session, _OF_USERS, first=first)
    yield from _compare(of_users, totals, "users", ("requests", "gross", "fee", "users"))
    # What is read from before users had parts has none: it is being built anew.
    under_way = set(list_builds(session))
    of_parts, whole = (
        {id_: sums for id_, sums in found.items() if id_ not in under_way}
        for found in (by_paywall(session, _OF_PARTS, first=first), totals)
    )
    yield from _compare(of_parts, whole, "parts of users", ("requests", "gross", "fee"))


def check_sum(paywall_id: str, name: str, here: int, wanted: int) -> Iterator[Finding]:
    """Yields a sum of a paywall that is not what the ledger says."""
    if here != wanted:
        said = f"{format_decimal(here)}, and the ledger says {format_decimal(wanted)}"
        yield Finding("rollup", paywall_id, f"The sums of {paywall_id} have {name} of {said}.")


def read_totals(session: Session, first: int) -> Mapping[str, Found]:
    """Returns what was counted of each paywall on its days from a first one on."""
    return by_paywall(session, _TOTALS, first=first)


def _compare(
    parts: Mapping[str, Found], totals: Mapping[str, Found], what: str, names: Sequence[str]
) -> Iterator[Finding]:  # fmt: skip
    for paywall_id in sorted({*parts, *totals}):
        here, there = parts.get(paywall_id, {}), totals.get(paywall_id, {})
        for name in names:
            if here.get(name, 0) != there.get(name, 0):
                said = f"{name} of {here.get(name, 0)}, and its totals {there.get(name, 0)}"
                yield Finding("rollup", paywall_id, f"The {what} of {paywall_id} have {said}.")


def by_paywall(session: Session, statement: Any, **asked: int) -> Mapping[str, Found]:
    """Returns the sums that a statement reads, by the paywall that each row is of."""
    return {
        row["paywall_id"]: {name: int(value or 0) for name, value in row.items() if name != "paywall_id"}
        for row in session.execute(statement, asked).mappings()
    }


def read_borne(session: Session) -> Mapping[str, int]:
    """Returns what revenue bore of payments that went back, by paywall."""
    found: dict[str, int] = defaultdict(int)
    for debit, credit, nanos in session.execute(_BORNE):
        for account, sign in ((parse(debit), 1), (parse(credit), -1)):
            if account.kind is Kind.REVENUE:
                found[account.owner] += sign * nanos
    return found

"""What must hold of payouts: what is under way stands on its transit account, and what ended left it, once.

A batch is what its payouts are: none is skipped on the way.
"""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.ledger.invariants import BATCH, Finding, Progress

_PAYOUTS = text("""
    SELECT p.id, p.status, p.units * 1000 AS nanos,
        coalesce((SELECT sum(amount) FROM ledger_transfer WHERE posting_id = 'payout:' || p.id
            AND credit_account_id = p.environment || ':USDC:payout_transit:' || p.id), 0) AS came,
        coalesce((SELECT sum(amount) FROM ledger_transfer WHERE posting_id = 'payout_paid:' || p.id), 0) AS paid,
        coalesce((SELECT sum(amount) FROM ledger_transfer WHERE posting_id = 'payout_returned:' || p.id), 0) AS back
    FROM payout p WHERE p.id > :after ORDER BY p.id LIMIT :limit
""")

_BATCHES = text("""
    SELECT b.id, b.units, b.payouts, coalesce(sum(p.units), 0) AS there, count(p.id) AS found
    FROM payout_batch b LEFT JOIN payout p ON p.batch_id = b.id
    GROUP BY b.id, b.units, b.payouts HAVING coalesce(sum(p.units), 0) != b.units OR count(p.id) != b.payouts
    ORDER BY b.id LIMIT 20
""")


def check_all(session: Session, progress: Progress) -> Iterator[Finding]:
    """Yields what is broken, in constant memory; on the snapshot that the ledger was checked on."""
    progress("payouts", 0)
    after = ""
    while rows := session.execute(_PAYOUTS, {"after": after, "limit": BATCH}).mappings().all():
        for row in rows:
            due = {"paid": (row["nanos"], 0), "returned": (0, row["nanos"])}.get(row["status"], (0, 0))
            if row["came"] != row["nanos"] or (row["paid"], row["back"]) != due:
                message = (
                    f"{row['id']} ({row['status']}) is of {row['nanos']} nanos; {row['came']} came to its transit"
                    f" account, {row['paid']} were paid and {row['back']} came back."
                )
                yield Finding("payout", row["id"], message)
        after = rows[-1]["id"]
    for row in session.execute(_BATCHES).mappings():
        message = (
            f"{row['id']} was opened with {row['payouts']} payouts of {row['units']} units, and has {row['found']} of"
            f" {row['there']}."
        )
        yield Finding("payout_batch", row["id"], message)
    progress("payouts", 1)

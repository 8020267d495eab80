"""What must hold of payouts: what is under way stands on its transit account, and what ended left it, once."""

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
    progress("payouts", 1)

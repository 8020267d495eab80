"""What must hold of movements: of ours the fee is posted as its row says, and no fee is posted without a row."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.ledger.invariants import BATCH, Finding, Progress

_FEES = text("""
    SELECT m.connection_id, m.id, m.fee_nanos, count(l.id) AS transfers,
        coalesce(sum(CASE WHEN w.id = l.credit_account_id THEN l.amount ELSE -l.amount END), 0) AS posted
    FROM rail_movement m LEFT JOIN ledger_transfer l ON l.posting_id = 'fee:' || m.id
        LEFT JOIN ledger_account w ON w.kind = 'world' AND w.owner = m.connection_id AND w.unit = m.unit
            AND w.id IN (l.debit_account_id, l.credit_account_id)
    WHERE m.standing = 'ours' AND (m.connection_id > :connection OR (m.connection_id = :connection AND m.id > :after))
    GROUP BY m.connection_id, m.id, m.fee_nanos ORDER BY m.connection_id, m.id LIMIT :limit
""")
_SUMS = text("""
    SELECT r.connection_id, r.ours_cents, r.elsewhere_cents,
        coalesce(sum(CASE WHEN m.standing = 'ours' THEN m.cents - m.fee_cents ELSE 0 END), 0) AS ours,
        coalesce(sum(CASE WHEN m.standing = 'elsewhere' THEN m.cents - m.fee_cents ELSE 0 END), 0) AS elsewhere
    FROM rail_reading r LEFT JOIN rail_movement m ON m.connection_id = r.connection_id
    GROUP BY r.connection_id, r.ours_cents, r.elsewhere_cents ORDER BY r.connection_id
""")


def check_all(session: Session, progress: Progress) -> Iterator[Finding]:
    """Yields what is broken, in constant memory; on the snapshot that the ledger was checked on."""
    progress("movements", 0)
    at: dict[str, Any] = {"connection": "", "after": "", "limit": BATCH}
    while rows := session.execute(_FEES, at).mappings().all():
        for row in rows:
            if row["posted"] != row["fee_nanos"] or row["transfers"] != (row["fee_nanos"] != 0):
                message = f"{row['id']} cost {row['fee_nanos']} nanos, and posted is {row['posted']}."
                yield Finding("movement", row["id"], message)
        at |= {"connection": rows[-1]["connection_id"], "after": rows[-1]["id"]}
    for row in session.execute(_SUMS).mappings():
        if (row["ours_cents"], row["elsewhere_cents"]) != (row["ours"], row["elsewhere"]):
            message = f"The movements of {row['connection_id']} do not add up to what its reading says."
            yield Finding("movement", row["connection_id"], message)
    progress("movements", 1)

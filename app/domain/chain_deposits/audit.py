"""What must hold of what came in on chains: each row is posted once as it says, and nothing is posted without a row."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.ledger.invariants import Finding, Progress, read_by_key
from app.domain.money import MICRO_NANOS

_ROWS = text("""
    SELECT a.id, a.units, a.kind, coalesce((
        SELECT sum(l.amount) FROM ledger_transfer l WHERE l.posting_id = 'deposit:' || a.id
            AND l.credit_account_id = a.account_id AND l.type IN ('deposit', 'funding')), 0) AS posted
    FROM chain_arrival a WHERE a.id > :after ORDER BY a.id LIMIT :limit
""")
_STRAY = text("""
    SELECT l.id, l.posting_id FROM ledger_transfer l WHERE l.posting_id LIKE 'deposit:arr_%'
        AND NOT EXISTS (SELECT 1 FROM chain_arrival a WHERE 'deposit:' || a.id = l.posting_id) LIMIT 20
""")
_CREDITING = ("credited", "funding")


def check_all(session: Session, progress: Progress) -> Iterator[Finding]:
    """Yields what is broken, in constant memory; on the snapshot that the ledger was checked on."""
    for row in read_by_key(session, _ROWS, "chain_arrival", lambda share: progress("chain deposits", share)):
        wanted = row["units"] * MICRO_NANOS if row["kind"] in _CREDITING else 0
        if int(row["posted"]) != wanted:
            message = f"{row['id']} ({row['kind']}) is {wanted} nanos, and posted is {row['posted']}."
            yield Finding("chain_deposit", row["id"], message)
    for row in session.execute(_STRAY).mappings():
        yield Finding("chain_deposit", str(row["id"]), f"{row['posting_id']} is posted, and nothing came in.")

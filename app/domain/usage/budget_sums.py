"""Budgets that were used since a mark are what their charges and open holds come to: what was kept and what came since.

Charges are told by their transfers, which a late settlement has too. That a hold charged what its transfers took is
looked at beside it (`app/domain/ledger/recent.py`).
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.ids import least_id
from app.domain.ledger.invariants import BATCH, Finding, check_budget
from app.domain.usage.kept_sums import read_kept
from app.sql.statements import Read

_CHARGED = text("""
    SELECT m.budget_id, sum(t.amount) AS charged FROM ledger_transfer t
    JOIN ledger_hold h ON h.id = CASE WHEN t.posting_id LIKE 'settle:%' THEN substr(t.posting_id, 8)
        WHEN t.posting_id LIKE 'charge:%' THEN substr(t.posting_id, 8)
        WHEN t.posting_id LIKE 'late:%' THEN substr(t.posting_id, 6) END
    JOIN ledger_account a ON a.id = h.account_id
    JOIN ledger_budget_set_member m ON m.set_id = h.budget_set
    WHERE t.id > :after AND t.id <= :last AND h.budget_set IS NOT NULL
        AND t.debit_account_id IN (a.id, a.environment || ':' || a.unit || ':promo:' || a.owner)
    GROUP BY m.budget_id
""")
_OPEN = text("""
    SELECT m.budget_id, sum(h.amount) AS open FROM ledger_hold h
    JOIN ledger_budget_set_member m ON m.set_id = h.budget_set WHERE h.status = 'open' GROUP BY m.budget_id
""")
_HELD_SINCE = text("""
    SELECT DISTINCT m.budget_id FROM (
        SELECT DISTINCT budget_set FROM ledger_hold WHERE id >= :after AND id < 'hold:req`' AND budget_set IS NOT NULL
    ) h JOIN ledger_budget_set_member m ON m.set_id = h.budget_set
""")
_BUDGETS = Read("SELECT id, cap, spent, held, overrun FROM ledger_budget WHERE id IN ? ORDER BY id")
_COLUMNS = ("id", "cap", "spent", "held", "overrun")


def read_charged(session: Session, after: int, last: int) -> Mapping[str, int]:
    """Returns what each budget was charged by the transfers after one up to another; one without any is left out."""
    return {row.budget_id: int(row.charged) for row in session.execute(_CHARGED, {"after": after, "last": last})}


def check_since(session: Session, marked: int, newest: int, made_since: int) -> Iterator[Finding]:
    """Yields the budgets that are wrong, of those that were charged after the mark or held at a time or later."""
    since = read_charged(session, marked, newest)
    still_open = {row.budget_id: int(row.open) for row in session.execute(_OPEN)}
    asked = {"after": f"hold:{least_id('req', made_since)}"}
    used = sorted({*since, *still_open, *session.execute(_HELD_SINCE, asked).scalars()})
    for first in range(0, len(used), BATCH):
        ids = used[first : first + BATCH]
        kept = read_kept(session, ids)
        for row in _BUDGETS.rows(session.connection(), ids):
            budget_id = row[0]
            charged = kept.get(budget_id, 0) + since.get(budget_id, 0)
            yield from check_budget(dict(zip(_COLUMNS, row, strict=True)), charged, still_open.get(budget_id, 0))

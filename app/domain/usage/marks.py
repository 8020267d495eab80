"""What accounts that every request touches had moved up to a transfer, so that nobody adds all of it up again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import SHARED_BY_ALL
from app.domain.ledger.invariants import Finding
from app.domain.usage.tables import AuditMark
from app.sql.columns import table_of

_SHARED = ", ".join(f"'{kind}'" for kind in sorted(SHARED_BY_ALL))
_MOVED = text(f"""
    SELECT a.id, a.posted + coalesce((SELECT sum(d.amount) FROM ledger_delta d WHERE d.account_id = a.id), 0)
            AS balance, coalesce(m.moved, 0)
        + coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.credit_account_id = a.id AND t.id > :after AND t.id <= :mark), 0)
        - coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.debit_account_id = a.id AND t.id > :after AND t.id <= :mark), 0) AS marked,
        coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.credit_account_id = a.id AND t.id > :mark), 0)
        - coalesce((SELECT sum(t.amount) FROM ledger_transfer t
            WHERE t.debit_account_id = a.id AND t.id > :mark), 0) AS since
    FROM ledger_account a LEFT JOIN audit_mark m ON m.account_id = a.id AND :after > 0
    WHERE a.kind IN ({_SHARED}) ORDER BY a.id
""")  # noqa: S608 - names of our own kinds


@dataclass(frozen=True, slots=True)
class Moved:
    """An account: what it has, and what its transfers come to up to a mark and after it."""

    account_id: str
    balance: int
    marked: int
    since: int


def read_moved(session: Session, after: int, mark: int) -> Iterator[Moved]:
    """Yields each shared account as of a new mark, on what was kept at the mark `after`; 0 adds up everything."""
    for row in session.execute(_MOVED, {"after": after, "mark": mark}):
        yield Moved(row.id, int(row.balance), int(row.marked), int(row.since))


def check(moved: Moved) -> Iterator[Finding]:
    """Yields an account whose balance is not what its transfers come to."""
    total = moved.marked + moved.since
    if moved.balance != total:
        message = f"{moved.account_id} has {moved.balance} nanos and its transfers come to {total}."
        yield Finding("balance", moved.account_id, message)


def keep(session: Session, marked: Mapping[str, int]) -> None:
    """Keeps what accounts had moved up to a mark, in the place of what was kept before."""
    table = table_of(AuditMark)
    session.execute(delete(table))
    if marked:
        session.execute(table.insert(), [{"account_id": id_, "moved": moved} for id_, moved in marked.items()])

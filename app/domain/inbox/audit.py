"""What must hold of money at a connection: each top-up and refund is posted as its row says, and nothing else is.

`world:<connection>` is what the ledger says that a rail's account holds; every transfer there has its row.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.ledger.invariants import BATCH, Finding, Progress, read_by_key
from app.domain.money import nanos_of_cents
from app.domain.refunds.tables import RefundStatus
from app.domain.topups.tables import Topup, TopupStatus

_TOPUPS = text("""
    SELECT t.id, t.status, t.account_id, t.connection_id, t.paid_cents, t.credited_nanos, l.debit_account_id AS debit,
        l.credit_account_id AS credit, l.amount, f.debit_account_id AS fee_debit, f.amount AS fee
    FROM topup t LEFT JOIN ledger_transfer l ON l.posting_id = 'topup:' || t.id AND l.credit_account_id = t.account_id
    LEFT JOIN ledger_transfer f ON f.posting_id = 'topup:' || t.id AND f.credit_account_id <> t.account_id
    WHERE t.id > :after ORDER BY t.id LIMIT :limit
""")
_REFUNDS = text("""
    SELECT r.id, r.status, r.account_id, r.connection_id, r.paid_cents, due.debit_account_id AS due_from,
        due.amount AS due, sent.credit_account_id AS sent_to, sent.amount AS sent
    FROM refund r LEFT JOIN ledger_transfer due ON due.posting_id = 'refund_due:' || r.id
        AND due.credit_account_id = r.account_id
    LEFT JOIN ledger_transfer sent ON sent.posting_id = 'refund:' || r.id
        AND sent.debit_account_id = r.account_id
    WHERE r.reason IN ('mismatch', 'second') AND r.id > :after ORDER BY r.id LIMIT :limit
""")
_WORLDS = text("""
    SELECT a.id, c.id AS connection_id FROM connection c JOIN ledger_account a ON a.kind = 'world' AND a.owner = c.id
    ORDER BY a.id
""")
_UNEXPLAINED = """
    SELECT l.id, l.posting_id,
        NOT EXISTS (SELECT 1 FROM topup t WHERE t.connection_id = :connection AND l.posting_id LIKE 'topup:%'
            AND t.id = substr(l.posting_id, 7))
        AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.connection_id = :connection AND r.id =
            CASE WHEN l.posting_id LIKE 'refund:%' THEN substr(l.posting_id, 8)
            WHEN l.posting_id LIKE 'refund_due:%' THEN substr(l.posting_id, 12) END)
        AND NOT EXISTS (SELECT 1 FROM rail_movement m WHERE m.connection_id = :connection
            AND l.posting_id LIKE 'fee:%' AND m.id = substr(l.posting_id, 5)) AS is_strange
    FROM ledger_transfer l WHERE l.{side} = :account AND l.id > :after ORDER BY l.id LIMIT :limit
"""
_SIDES = tuple(text(_UNEXPLAINED.format(side=side)) for side in ("debit_account_id", "credit_account_id"))


def check_all(session: Session, progress: Progress) -> Iterator[Finding]:
    """Yields what is broken, in constant memory; on the snapshot that the ledger was checked on."""
    progress("payments", 0)
    for row in read_by_key(session, _TOPUPS, "topup", lambda share: progress("payments", min(share, 1) / 2)):
        yield from _check_topup(row)
    for row in read_by_key(session, _REFUNDS, "refund", lambda share: progress("payments", 0.5)):
        yield from _check_refund(row)
    for row in session.execute(_WORLDS).mappings().all():
        yield from _check_world(session, row)
    progress("payments", 1)


def _world(row: RowMapping) -> Account:
    return parse(row["account_id"]).beside(Kind.WORLD, row["connection_id"])


def _check_topup(row: RowMapping) -> Iterator[Finding]:
    posted = (row["debit"], row["credit"], row["amount"], row["fee_debit"], row["fee"])
    wanted: tuple[Any, ...] = (None,) * 5
    if row["status"] == TopupStatus.PAID:
        world = _world(row)
        beyond = nanos_of_cents(row["paid_cents"], world.unit) - row["credited_nanos"]
        wanted = (world.id, row["account_id"], row["credited_nanos"], *((world.id, beyond) if beyond else (None, None)))
    if posted != wanted:
        message = (
            f"{row['id']} is {row['status']} with {row['credited_nanos']} nanos to credit, and posted is {posted}."
        )
        yield Finding("topup", row["id"], message)


def _check_refund(row: RowMapping) -> Iterator[Finding]:
    if row["account_id"] is None:
        return  # of a currency that the ledger has no unit for
    world, amount = _world(row).id, nanos_of_cents(row["paid_cents"], parse(row["account_id"]).unit)
    is_sent = row["status"] == RefundStatus.SUCCEEDED
    wanted = (world, amount, world if is_sent else None, amount if is_sent else None)
    posted = (row["due_from"], row["due"], row["sent_to"], row["sent"])
    if posted != wanted:
        yield Finding("refund", row["id"], f"{row['id']} is {row['status']} of {amount} nanos, and posted is {posted}.")


def _is_takeback(session: Session, posting_id: str, connection_id: str) -> bool:
    """Tells whether a posting takes back a top-up of a connection."""
    kind, _, rest = posting_id.partition(":")
    topup = session.get(Topup, rest.rpartition(":")[0]) if kind == "takeback" else None
    return topup is not None and topup.connection_id == connection_id


def _check_world(session: Session, row: RowMapping) -> Iterator[Finding]:
    """Each transfer of a connection's account is of a top-up or refund of that connection."""
    for statement in _SIDES:
        asked: dict[str, Any] = {"connection": row["connection_id"], "account": row["id"], "limit": BATCH}
        after = 0
        while found := session.execute(statement, {**asked, "after": after}).mappings().all():
            for transfer in found:
                if transfer["is_strange"] and not _is_takeback(session, transfer["posting_id"], row["connection_id"]):
                    message = (
                        f"{transfer['posting_id']} moves money of {row['id']} and is no payment of that connection."
                    )
                    yield Finding("connection", str(transfer["id"]), message)
            after = found[-1]["id"]

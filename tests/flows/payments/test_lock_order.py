"""The door locks rows in one order, so that no two of its transactions ever wait for each other."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from structlog.testing import capture_logs

from app import db
from app.domain import clock
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Applied, Operation
from app.flows.payments.expiry import expire_checkouts
from app.ports.payments import PaymentStatus
from tests.support.books import make_snapshot
from tests.support.paying import begin, door_of, open_bank

ORDER = ("inbox_event", "topup", "refund", "the ledger")
"""What comes with disputes, auto top-up and lots stands between refund and ledger, in this order."""
CHANGES: tuple[dict[str, Any], ...] = ({"paid_cents": 1}, {}, {}, {"status": PaymentStatus.EXPIRED})
_LOCKED = re.compile(r"(?:FROM|UPDATE|INSERT INTO|DELETE FROM) \"?(\w+)", re.IGNORECASE)


@contextmanager
def watching(transactions: list[list[int]]) -> Iterator[None]:
    """Notes, of each transaction, in which order it wrote or locked what ORDER names.

    The ledger writes on the driver itself, which is not seen here.
    """

    def begins(_connection: object) -> None:
        transactions.append([])

    def runs(_c: object, _u: object, statement: str, *_: object) -> None:
        is_write = statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")) or "FOR UPDATE" in statement
        found = _LOCKED.search(statement)
        if is_write and found:
            places = [place for place, name in enumerate(ORDER) if found[1].startswith(name)]
            transactions[-1].extend(places)

    engine = db.engine()
    sql_event.listen(engine, "begin", begins)
    sql_event.listen(engine, "before_cursor_execute", runs)
    try:
        yield
    finally:
        sql_event.remove(engine, "begin", begins)
        sql_event.remove(engine, "before_cursor_execute", runs)


async def test_inbox_then_top_up_then_refund_then_ledger(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, bank = make_snapshot(), open_bank()
    door, marks = door_of(bank), begin(snapshot, bank.connection_id)
    transactions: list[list[int]] = []

    def applies(session: db.Session, operation: Operation) -> Applied:
        transactions[-1].append(len(ORDER) - 1)
        return apply_one(session, operation)

    for flow in ("received", "refund"):
        monkeypatch.setattr(f"app.flows.payments.{flow}.apply_one", applies)
    with watching(transactions), capture_logs():
        for number, changed in enumerate(CHANGES):
            bank.pay(f"pi_{number}", marks, **changed)
            await door.receive(bank.connection_id, f"e{number}", f"pi_{number}")
        now = clock.now() + 3_600 * clock.SECOND
        monkeypatch.setattr(clock, "now", lambda: now)
        await door.finish_inbox()
        await door.refunds.send_due()
        await expire_checkouts(door)
    # SQLite locks no rows: only what is written is seen there.
    assert any({0, 1, 3} <= set(steps) for steps in transactions)
    assert any({0, 2, 3} <= set(steps) for steps in transactions)
    for steps in transactions:
        assert all(before <= after for before, after in pairwise(steps)), [ORDER[step] for step in steps]

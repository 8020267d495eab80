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
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.apply import apply_all, apply_one
from app.flows.payments.expiry import expire_checkouts
from app.ports.payments import PaymentStatus
from tests.support.books import make_snapshot
from tests.support.paying import begin
from tests.support.taking_back import house_of, open_taking_bank

ORDER = ("inbox_event", "topup", "refund", "card_charge", "auto_topup", "wallet_lots", "wallet_freeze", "the ledger")
"""What comes with auto top-up stands before lots."""
ALIKE = {"dispute": "refund", "fraud_warning": "refund"}
"""What is locked under the same top-up and in no order among themselves."""
INBOX, TOPUP, REFUND, _, _, LOTS, FREEZE, LEDGER = range(len(ORDER))
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
            table = ALIKE.get(found[1], found[1])
            places = [place for place, name in enumerate(ORDER) if table.startswith(name)]
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
    snapshot, bank = make_snapshot(), open_taking_bank()
    house, marks = house_of(bank), begin(snapshot, bank.connection_id)
    transactions: list[list[int]] = []

    def applies(apply: Any) -> Any:
        def one(session: db.Session, asked: Any) -> Any:
            transactions[-1].append(LEDGER)
            return apply(session, asked)

        return one

    for place in ("app.flows.payments.received", "app.flows.payments.refund"):
        monkeypatch.setattr(f"{place}.apply_one", applies(apply_one))
    for place in ("app.flows.payments.received", "app.domain.disputes.settling"):
        monkeypatch.setattr(f"{place}.apply_all", applies(apply_all))
    with watching(transactions), capture_logs():
        for number, changed in enumerate(CHANGES):
            bank.pay(f"pi_{number}", marks, **changed)
            await house.door.receive(bank.connection_id, f"e{number}", f"pi_{number}")
        bank.give_back("re_1", "pi_1", 100)
        await house.door.receive(bank.connection_id, "r1", "re_1", ObjectKind.REFUND)
        bank.dispute("dp_1", "pi_1", 200, DisputeState.OPEN, Funds.OUT)
        await house.door.receive(bank.connection_id, "d1", "dp_1", ObjectKind.DISPUTE)
        now = clock.now() + 3_600 * clock.SECOND
        monkeypatch.setattr(clock, "now", lambda: now)
        await house.door.finish_inbox()
        await house.refunds.send_due()
        await expire_checkouts(house.door)
    # SQLite locks no rows: only what is written is seen there.
    assert any({INBOX, TOPUP, LEDGER} <= set(steps) for steps in transactions)
    assert any({INBOX, REFUND, LEDGER} <= set(steps) for steps in transactions)
    assert any({INBOX, REFUND, LOTS, FREEZE, LEDGER} <= set(steps) for steps in transactions)
    for steps in transactions:
        assert all(before <= after for before, after in pairwise(steps)), [ORDER[step] for step in steps]

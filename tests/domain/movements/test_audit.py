"""A fee that is not posted as its row says is found, and so are sums that are wrong."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import db
from app.domain.inbox import connections
from app.domain.ledger.apply import apply_one
from app.domain.money import Environment
from app.domain.movements.audit import check_all
from app.domain.movements.movements import Movement, take
from app.domain.movements.tables import MovementKind, RailMovement, RailReading
from app.sql.columns import table_of

OURS = "1" * 32


def found(session: Session) -> list[str]:
    return [finding.message for finding in check_all(session, lambda _name, _share: None)]


def test_fees_and_sums_are_checked(database: str) -> None:
    with db.transaction() as session:
        connection = connections.open_connection(session, "stripe", Environment.SANDBOX)
        movement = Movement(id="txn_1", kind=MovementKind.PAYMENT, cents=500, fee_cents=45, currency="USD", created=1,
                            payment_id="pi_1", instance=OURS, account_id="sandbox:CREDIT:wallet:wal_1")  # fmt: skip
        _, posting = take(session, connection, movement, OURS)
        (unposted,) = found(session)
        assert "txn_1 cost" in unposted
        assert posting is not None
        apply_one(session, posting)
        assert found(session) == []
        session.execute(update(table_of(RailMovement)).values(fee_nanos=1))
        session.execute(update(table_of(RailReading)).values(ours_cents=1))
        assert len(found(session)) == 2

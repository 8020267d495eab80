"""Each cent that differs is named: a payment, a fee, a posting of none, or the list itself."""

from sqlalchemy import update

from app import db
from app.domain.inbox import connections
from app.domain.inbox.connections import Connection
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import CENT_NANOS, Environment, Unit
from app.domain.movements.explaining import Difference, explain
from app.domain.movements.movements import Movement, take, world_of
from app.domain.movements.tables import MovementKind, RailMovement, RailReading
from app.domain.topups import topups
from app.sql.columns import table_of
from tests.support.books import make_snapshot
from tests.support.paying import begin

OURS = "1" * 32


def prepared() -> Connection:
    """Returns a connection with one payment of 500 that both sides know of."""
    snapshot = make_snapshot()
    with db.transaction() as session:
        connection = connections.open_connection(session, "stripe", Environment.SANDBOX)
    marks = begin(snapshot, connection.id)
    with db.transaction() as session:
        apply_one(session, topups.pay(session, topups.lock(session, connection.id, marks.topup_id), "pi_1"))
        movement = Movement(id="txn_1", kind=MovementKind.PAYMENT, cents=500, fee_cents=45, currency="USD", created=1,
                            payment_id="pi_1", instance=OURS, topup_id=marks.topup_id)  # fmt: skip
        _, posting = take(session, connection, movement, OURS)
        assert posting is not None
        apply_one(session, posting)
    return connection


def differences(connection: Connection) -> list[Difference]:
    with db.transaction(writes=False) as session:
        return list(explain(session, connection))


def test_what_agrees_needs_no_word(database: str) -> None:
    assert differences(prepared()) == []


def test_each_kind_of_difference_is_named(migrated_sqlite_url: str) -> None:
    connection = prepared()
    world = world_of(connection, Unit.USD)
    movements, readings = table_of(RailMovement), table_of(RailReading)
    with db.transaction() as session:
        there = world.beside(Kind.OPERATOR_CAPITAL, "instance")
        apply_one(session, Post("hand:1", (Transfer(world, there, 7 * CENT_NANOS, "by_hand"),)))
        session.execute(update(movements).values(cents=501, fee_nanos=44 * CENT_NANOS))
        session.execute(update(readings).values(balance_cents=460, opening_cents=3))
    assert differences(connection) == [
        Difference("payment pi_1", 1),
        Difference("fee txn_1", 1),
        Difference("posting hand:1, which is of no payment", -7),
        Difference("the rail's balance, which its list does not add up to", 2),
    ]

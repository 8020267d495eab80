"""Movements are kept once; of ours the fee is posted, of others nothing."""

from dataclasses import replace

from sqlalchemy.orm import Session

from app import db
from app.domain.inbox import access, connections, health
from app.domain.inbox.connections import Connection
from app.domain.ledger.operations import Post
from app.domain.money import CENT_NANOS, Environment
from app.domain.movements.movements import OVERLAP_SECONDS, Movement, list_connections, note_read, read_since, take
from app.domain.movements.tables import MovementKind, RailMovement, Standing
from tests.support.books import make_snapshot
from tests.support.paying import begin

OURS = "1" * 32
PAID = Movement(id="txn_1", kind=MovementKind.PAYMENT, cents=500, fee_cents=45, currency="USD", created=1_000,
                payment_id="pi_1", instance=OURS, account_id="sandbox:USD:wallet:wal_1")  # fmt: skip
BACK = replace(PAID, id="txn_2", kind=MovementKind.REFUND, cents=-500, fee_cents=0, instance=None)


def connect(paywall_id: str | None = None) -> Connection:
    with db.transaction() as session:
        return connections.open_connection(session, "stripe", Environment.SANDBOX, paywall_id)


def taken(connection: Connection, movement: Movement) -> tuple[bool, Post | None]:
    with db.transaction() as session:
        return take(session, connection, movement, OURS)


def kept(connection: Connection, movement: Movement = PAID) -> RailMovement | None:
    def find(session: Session) -> RailMovement | None:
        return session.get(RailMovement, (connection.id, movement.id))

    with db.transaction(writes=False) as session:
        return find(session)


def test_a_movement_is_taken_once(migrated_sqlite_url: str) -> None:
    connection = connect()
    is_new, posting = taken(connection, PAID)
    assert is_new and posting is not None
    (transfer,) = posting.transfers
    assert (posting.key, transfer.amount, transfer.credit.id) == (
        "fee:txn_1", 45 * CENT_NANOS, f"sandbox:USD:world:{connection.id}",
    )  # fmt: skip
    assert taken(connection, PAID) == (False, None)


def test_a_fee_that_comes_back_turns_its_transfer_round(migrated_sqlite_url: str) -> None:
    connection = connect()
    _, posting = taken(connection, replace(PAID, fee_cents=-45))
    assert posting is not None and posting.transfers[0].debit.id == f"sandbox:USD:world:{connection.id}"


def test_what_is_no_payment_of_ours_stands_elsewhere(migrated_sqlite_url: str) -> None:
    connection = connect()
    for number, other in enumerate((
        replace(PAID, instance="2" * 32), replace(PAID, instance=None), replace(BACK, payment_id="pi_other"),
        replace(PAID, payment_id=None, kind=MovementKind.PAYOUT), replace(PAID, account_id="nonsense"),
        replace(PAID, account_id="live:USD:wallet:wal_1"),
    )):  # fmt: skip
        movement = replace(other, id=f"txn_{number}")
        assert taken(connection, movement) == (True, None)
        row = kept(connection, movement)
        assert row is not None and (row.standing, row.unit) == (Standing.ELSEWHERE, None)


def test_of_a_developers_account_only_ours_are_kept_in_dollars(migrated_sqlite_url: str) -> None:
    connection = connect(make_snapshot().paywall_id)
    assert taken(connection, replace(PAID, instance=None)) == (False, None)
    _, posting = taken(connection, replace(PAID, account_id="live:CREDIT:wallet:wal_1"))
    assert posting is not None and posting.transfers[0].credit.unit == "USD"


def test_another_currency_is_left_alone(migrated_sqlite_url: str) -> None:
    connection = connect()
    assert taken(connection, replace(PAID, currency="EUR")) == (False, None)
    assert kept(connection) is None


def test_a_refund_belongs_to_whom_its_payment_does(migrated_sqlite_url: str) -> None:
    connection = connect()
    taken(connection, PAID)
    assert taken(connection, BACK) == (True, None)  # it costs nothing
    row = kept(connection, BACK)
    assert row is not None and row.standing is Standing.OURS


def test_a_top_up_of_another_connection_gives_no_unit(migrated_sqlite_url: str) -> None:
    snapshot, connection, other = make_snapshot(), connect(), connect()
    marks = begin(snapshot, other.id)
    taken(connection, replace(PAID, topup_id=marks.topup_id, account_id=marks.account_id))
    row = kept(connection)
    assert row is not None and row.topup_id is None


def test_only_connections_whose_key_is_accepted_are_asked(migrated_sqlite_url: str) -> None:
    accepted, refused, _without_a_key = connect(), connect(), connect()
    with db.transaction() as session:
        for one in (accepted, refused):
            access.keep_key(session, one.id, "sealed", account=None, settles_usd=True)
        health.note_refused(session, refused.id, "Stripe does not accept it.")
        assert [one.id for one in list_connections(session, "stripe")] == [accepted.id]
        access.keep_key(session, refused.id, "sealed anew", account=None, settles_usd=True)
        assert {one.id for one in list_connections(session, "stripe")} == {accepted.id, refused.id}


def test_the_list_is_read_again_for_ten_minutes_and_never_from_further_back(migrated_sqlite_url: str) -> None:
    connection = connect()
    with db.transaction() as session:
        begun = read_since(session, connection)
        note_read(session, connection, begun + 5_000)
        note_read(session, connection, begun)
        assert read_since(session, connection) == begun + 5_000 - OVERLAP_SECONDS

"""A transfer that no payout made is booked once, as a paywall's payout or as the operator's own."""

import pytest
from sqlalchemy import select

from app import db
from app.domain.errors import NotFound, Refused, WrongMode
from app.domain.ledger.accounts import Kind
from app.domain.ledger.folding import read_balance
from app.domain.money import Environment
from app.domain.payouts import addresses, booking, desk
from app.domain.payouts.desk import Outgoing, Seen
from app.domain.payouts.tables import ProvedBy, TreasuryTransfer
from app.domain.transactions.world import world_of
from app.domain.wallets.trial import INSTANCE
from tests.support.books import PRICE, assert_books_balance, make_paywall
from tests.support.managing import own, person
from tests.support.paying_out import CHAIN, ONE, earned, make_earner, make_saver, unspent

SANDBOX = Environment.SANDBOX
POLYGON = 137
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def left(payee: str, units: int, chain_id: int = CHAIN) -> str:
    with db.transaction() as session:
        desk.open_desk(session, chain_id, 10, "0xa")
        desk.note_read(session, chain_id, Seen(12, "0xc", 1, 0, 0), [Outgoing("0x1", 0, 11, payee, units, None)])
        return session.scalars(select(TreasuryTransfer)).one().id


def owned(units: int, address: str) -> str:
    paywall, who = make_earner(units), person("ada@example.org")
    own(paywall, who)
    with db.transaction() as session:
        begun = addresses.begin(session, who.account_id, SANDBOX, address)
        addresses.prove(session, addresses.lock(session, who.account_id, begun.id), ProvedBy.SIGNATURE)
    return paywall


@pytest.mark.unhurried
@pytest.mark.parametrize(("had", "left_units", "of_operator"), [(9, 2, 0), (5, 0, 2)])
def test_a_forgotten_withdrawal_leaves_the_wallet_and_the_operator_bears_what_is_not_there(
    database: str, had: int, left_units: int, of_operator: int
) -> None:
    ada, wallet = make_saver(had * ONE)
    with db.transaction() as session:
        begun = addresses.begin(session, ada.account_id, SANDBOX, "0xAda")
        addresses.prove(session, addresses.lock(session, ada.account_id, begun.id), ProvedBy.SIGNATURE)
    transfer = left("0xAda", 7 * ONE)
    with db.transaction() as session:
        booking.book_for_wallet(session, transfer, wallet.owner, "acc_op")
        assert desk.count_unbooked(session, CHAIN) == 0
        capital = wallet.beside(Kind.OPERATOR_CAPITAL, INSTANCE)
        assert read_balance(session, wallet) == left_units * ONE * 1_000
        assert read_balance(session, capital) == -of_operator * ONE * 1_000
    assert unspent(wallet) == left_units * ONE
    assert_books_balance()


@pytest.mark.unhurried
@pytest.mark.parametrize(("had", "available", "owed"), [(9, 2, 0), (5, 0, 2)])
def test_a_forgotten_payout_leaves_earnings_and_what_is_not_there_is_owed(
    database: str, had: int, available: int, owed: int
) -> None:
    paywall, transfer = owned(had * ONE, "0xAda"), left("0xAda", 7 * ONE)
    with db.transaction() as session:
        booking.book_for_paywall(session, transfer, paywall, "acc_op")
        assert desk.count_unbooked(session, CHAIN) == 0
        with pytest.raises(Refused, match="booked already"):
            booking.book_for_operator(session, transfer, "acc_op")
    stand = earned(paywall)
    assert (stand.available_nanos, stand.owed_nanos) == (available * ONE * 1_000, owed * ONE * 1_000)
    assert_books_balance()


def test_only_a_paywall_whose_owner_proved_the_address_pays(database: str) -> None:
    paywall, transfer = owned(9 * ONE, "0xAda"), left("0xEve", 7 * ONE)
    with db.transaction() as session:
        with pytest.raises(Refused, match="never confirmed 0xEve"):
            booking.book_for_paywall(session, transfer, paywall, "acc_op")
        with pytest.raises(NotFound):
            booking.book_for_paywall(session, "out_none", paywall, "acc_op")


def test_a_transfer_is_booked_where_its_chain_moves_money_and_nowhere_else(database: str) -> None:
    """Whatever an operator types: play money pays no live earnings, and live money none of the sandbox."""
    paywall, transfer = owned(9 * ONE, "0xAda"), left("0xAda", 7 * ONE, POLYGON)
    with db.transaction() as session, pytest.raises(Refused, match=f"{paywall} has no live earnings"):
        booking.book_for_paywall(session, transfer, paywall, "acc_op")
    assert earned(paywall).available_nanos == 9 * ONE * 1_000
    with db.transaction() as session:
        booking.book_for_operator(session, transfer, "acc_op")
    with db.transaction(writes=False) as session:
        assert read_balance(session, world_of(Environment.LIVE, POLYGON)) == 7 * ONE * 1_000
        assert read_balance(session, world_of(SANDBOX, POLYGON)) == 0
    assert_books_balance()


def test_no_treasury_owes_a_paywall_whose_users_pay_its_owner(database: str) -> None:
    owned(9 * ONE, "0xAda")
    transfer, who = left("0xAda", 7 * ONE), person("ada@example.org")
    with db.transaction() as session:
        paywall = make_paywall(session, {"demo-mini": PRICE})
    own(paywall, who)
    with db.transaction() as session, pytest.raises(WrongMode):
        booking.book_for_paywall(session, transfer, paywall, "acc_op")


def test_what_the_operator_took_is_their_own(database: str) -> None:
    transfer = left("0xSafe", 7 * ONE)
    with db.transaction() as session:
        booking.book_for_operator(session, transfer, "acc_op")
    with db.transaction(writes=False) as session:
        world = world_of(SANDBOX, CHAIN)
        assert read_balance(session, world) == 7 * ONE * 1_000
        assert read_balance(session, world.beside(Kind.OPERATOR_CAPITAL, INSTANCE)) == -7 * ONE * 1_000
    assert_books_balance()

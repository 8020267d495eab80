"""What each account is owed at a cut, account by account; that it comes to the cut's sums, the cut's tests look at."""

import pytest

from app import db
from app.domain import clock
from app.domain.earnings.earnings import pending_account
from app.domain.ledger.accounts import Kind
from app.domain.ledger.operations import Transfer
from app.domain.money import Environment
from app.domain.payouts import batches, desk
from app.domain.payouts.desk import Outgoing, Seen
from app.domain.payouts.requests import transit_of
from app.domain.reserves.cut import Place
from app.domain.reserves.owed import read_owed
from app.domain.wallets.trial import INSTANCE
from tests.support.paying_out import CHAIN, ONE, ask, make_earner, make_saver, move, withdraw

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SANDBOX = Environment.SANDBOX


def owed(block: int) -> dict[str, int]:
    with db.transaction(writes=False) as session:
        found = read_owed(session, SANDBOX, [Place(CHAIN, block)])
    return {name: nanos // 1_000 for name, nanos in found.items()}


def test_each_account_is_owed_what_stands_on_it_and_the_operator_nothing(database: str) -> None:
    ada, wallet = make_saver(9 * ONE)
    paywall = make_earner(4 * ONE)
    trial = Transfer(wallet.beside(Kind.GRANTS, INSTANCE), wallet.promo, ONE * 1_000, "grant")
    move(trial, "grant")
    payout = withdraw(ada, 6 * ONE, "0xAda")
    earnings = pending_account(SANDBOX, paywall).beside(Kind.EARNINGS, paywall)
    expected = {wallet.id: 3 * ONE, wallet.promo.id: ONE, transit_of(payout).id: 6 * ONE, earnings.id: 4 * ONE}
    assert owed(99) == expected


def test_what_left_the_treasury_is_owed_no_more_from_its_block_on(database: str) -> None:
    payout = ask(make_earner(6 * ONE), None, "0xBob")
    transit = transit_of(payout).id
    with db.transaction() as session:
        desk.open_desk(session, CHAIN, 1, "0x1")
        seen = Seen(20, "0x20", clock.now() // clock.SECOND, 0, 0)
        desk.note_read(session, CHAIN, seen, [Outgoing("0xout", 0, 20, "0xBob", payout.units, payout.nonce)])
    assert [owed(block) for block in (19, 20)] == [{transit: 6 * ONE}, {}]
    with db.transaction() as session:
        batches.note_paid(session, payout.id, "0xout", 20)
    assert [owed(block) for block in (19, 20)] == [{transit: 6 * ONE}, {}]

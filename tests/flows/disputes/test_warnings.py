"""A warning that waits is decided once by an operator: the payment goes back, or the wallet is thawed."""

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain.disputes.tables import FraudWarning
from app.domain.errors import NotFound
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.accounts import Account
from app.domain.operators.operators import Operator, find_operator, read_changes
from app.domain.refunds.tables import Refund, RefundReason
from app.domain.wallets.freezes import list_freezes
from app.flows.disputes.warnings import Waiting, give_back, let_be, list_waiting
from tests.support.books import assert_books_balance
from tests.support.managing import OPERATOR, person
from tests.support.taking_back import (
    WARNING_CENTS_MAX,
    House,
    TakingBank,
    begin_shared,
    cents_of,
    house_of,
    open_taking_bank,
    someone,
)

pytestmark = pytest.mark.usefixtures("database")


def operator() -> Operator:
    return find_operator(person(OPERATOR), frozenset({OPERATOR}))


async def warned(cents: int = WARNING_CENTS_MAX + 1) -> tuple[House, TakingBank, Account]:
    """Somebody pays more than is refunded by itself, and their bank warns of it."""
    _, wallet = someone()
    bank = open_taking_bank()
    house = house_of(bank)
    bank.pay("pi_1", begin_shared(wallet, bank.connection_id, cents))
    with capture_logs():
        await house.door.receive(bank.connection_id, "e0", "pi_1")
        bank.warn("issfr_1", "pi_1")
        await house.door.receive(bank.connection_id, "e1", "issfr_1", ObjectKind.WARNING)
    return house, bank, wallet


def waiting() -> list[Waiting]:
    with db.transaction(writes=False) as session:
        return list(list_waiting(session, 9))


def frozen(wallet: Account) -> int:
    with db.transaction(writes=False) as session:
        return len(list_freezes(session, wallet.owner))


@pytest.mark.unhurried
async def test_a_payment_is_given_back_once_and_its_wallet_stays_frozen() -> None:
    house, bank, wallet = await warned()
    (one,) = waiting()
    assert (one.id, one.payment_id, one.wallet_id, one.paid_cents) == ("issfr_1", "pi_1", wallet.owner, 2_001)
    assert await give_back(house.refunds, operator(), one.connection_id, one.id) == 2_001
    with pytest.raises(NotFound, match="decided already"):
        await give_back(house.refunds, operator(), one.connection_id, one.id)
    assert (waiting(), cents_of(wallet), bank.cents, frozen(wallet)) == ([], 0, 0, 1)
    with db.transaction(writes=False) as session:
        (refund,) = session.query(Refund).all()
        (change,) = read_changes(session, 9)
    assert refund.reason is RefundReason.WARNING
    assert (change.about, change.what) == (wallet.owner, {"warning": "issfr_1", "given_back_cents": 2_001})
    assert_books_balance()


async def test_a_warning_that_is_let_be_thaws_what_it_froze() -> None:
    house, bank, wallet = await warned()
    (one,) = waiting()
    await let_be(operator(), one.connection_id, one.id)
    with pytest.raises(NotFound):
        await let_be(operator(), one.connection_id, one.id)
    with pytest.raises(NotFound):
        await give_back(house.refunds, operator(), one.connection_id, one.id)
    assert (waiting(), cents_of(wallet), bank.cents, frozen(wallet)) == ([], 2_001, 2_001, 0)
    with db.transaction(writes=False) as session:
        assert session.get_one(FraudWarning, (one.connection_id, one.id)).untold_at is not None
    assert_books_balance()


async def test_what_was_refunded_by_itself_waits_for_nobody() -> None:
    house, bank, _wallet = await warned(WARNING_CENTS_MAX)
    assert waiting() == []
    for name in ("issfr_1", "issfr_none"):
        with pytest.raises(NotFound):
            await give_back(house.refunds, operator(), bank.connection_id, name)

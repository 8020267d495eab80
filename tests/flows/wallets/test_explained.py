"""A wallet is explained as the ledger has it: balance, holds, reasons, and what moved it last, on both its sides."""

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.ids import new_id
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Hold
from app.domain.money import NANOS, Environment
from app.domain.operators.operators import find_operator
from app.domain.wallets.shared import shared_account
from app.flows.wallets.explained import Explained, explain
from app.flows.wallets.goodwill import give
from app.flows.wallets.operated import freeze_wallet
from tests.support.crowd import purse, sign_in, top_up
from tests.support.managing import OPERATOR, person

pytestmark = pytest.mark.usefixtures("database")


def read(wallet_id: str, limit: int = 9) -> Explained:
    with db.transaction(writes=False) as session:
        return explain(session, wallet_id, limit)


async def test_a_persons_wallet_with_money_holds_and_a_freeze() -> None:
    who, (ada, _) = find_operator(person(OPERATOR), frozenset({OPERATOR})), await sign_in("ada@example.org")
    top_up(ada, 3 * NANOS)
    before = purse(ada)
    account = shared_account(ada.account_id, Environment.SANDBOX)
    await give(who, account.owner, NANOS, "An outage", new_id("clk"))
    with db.transaction() as session:
        apply_one(session, Hold("hold:1", account, most=2 * NANOS, least=1, bound=2 * NANOS, owner="process"))
    await freeze_wallet(who, account.owner)
    found = read(account.owner)
    assert (found.posted_nanos, found.held_nanos, found.holds) == (3 * NANOS, 2 * NANOS, 1)
    assert found.trial_nanos == before.trial_nanos + NANOS and found.is_shared
    assert [(one.reason, one.source) for one in found.freezes] == [("operator", "by hand")]
    assert [(one.type, one.nanos) for one in found.moved][:2] == [("grant", NANOS), ("topup", 3 * NANOS)]
    assert len(read(account.owner, 1).moved) == 1


def test_there_is_nothing_to_say_of_no_wallet() -> None:
    with pytest.raises(NotFound):
        read("wal_none")

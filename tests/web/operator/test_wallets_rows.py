"""A wallet's explanation is said in sentences, and what waits for an operator says what it is and what to do."""

import pytest

from app import db
from app.domain.ids import new_id
from app.domain.money import NANOS, Environment
from app.domain.operators.operators import find_operator
from app.domain.wallets.shared import shared_account
from app.flows.wallets.goodwill import give
from app.flows.wallets.operated import freeze_wallet
from app.web.operator.wallets.rows import WalletsPage, read_wallets_page
from tests.support.crowd import sign_in, top_up
from tests.support.managing import OPERATOR, person

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")


def read(words: str = "", wallet_id: str = "") -> WalletsPage:
    with db.transaction(writes=False) as session:
        return read_wallets_page(session, words, wallet_id)


async def test_a_wallet_is_explained_in_sentences() -> None:
    who, (ada, _) = find_operator(person(OPERATOR), frozenset({OPERATOR})), await sign_in("ada@example.org")
    top_up(ada, 3 * NANOS)
    wallet_id = shared_account(ada.account_id, Environment.SANDBOX).owner
    await give(who, wallet_id, NANOS, "An outage", new_id("clk"))
    await freeze_wallet(who, wallet_id)
    page = read(wallet_id=wallet_id)
    assert [row.id for row in page.rows] == [wallet_id] and page.warnings == []
    first, held, frozen = page.explained.says
    assert first.startswith("It has 3.00 USDC, and trial money of ") and held == "Nothing of it is held."
    assert frozen.startswith("Frozen since ") and frozen.endswith(": operator (by hand).")
    assert page.explained.moved[0].what.startswith("Grant from grants, goodwill:")
    assert page.explained.moved[0].amount == "+1.00 USDC" and page.explained.is_shared


def test_a_wallet_that_is_none_is_said_to_be_none() -> None:
    page = read(wallet_id="wal_none")
    assert page.explained.says == ["There is no wallet wal_none."] and not page.explained.is_shared
    assert read().explained.id == ""

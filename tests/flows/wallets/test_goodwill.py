"""Money for goodwill is given once for a click, to people, out of the operator's grants, and logged with its reason."""

import pytest

from app import db
from app.domain.errors import BadField, KeyReused, NotFound, Refused
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind
from app.domain.money import NANOS
from app.domain.operators.operators import find_operator, read_changes
from app.domain.wallets.wallets import open_wallet
from app.flows.wallets.goodwill import GOODWILL_NANOS_MAX, give
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.managing import OPERATOR, person
from tests.support.taking_back import cents_of, someone

pytestmark = pytest.mark.usefixtures("database")


async def test_a_click_gives_once() -> None:
    who, (_, account) = find_operator(person(OPERATOR), frozenset({OPERATOR})), someone()
    click = new_id("clk")
    for _ in range(2):
        await give(who, account.owner, 5 * NANOS, "An outage", click)
    with pytest.raises(KeyReused):
        await give(who, account.owner, 6 * NANOS, "An outage", click)
    assert (cents_of(account), cents_of(account.promo)) == (0, 500)
    assert cents_of(account.beside(Kind.GRANTS, "instance")) == -500
    with db.transaction(writes=False) as session:
        (change,) = read_changes(session, 9)
    assert (change.about, change.what) == (account.owner, {"given": "5.00 USDC", "reason": "An outage"})
    assert_books_balance()


async def test_what_cannot_be_given_gives_nothing() -> None:
    who, (_, account) = find_operator(person(OPERATOR), frozenset({OPERATOR})), someone()
    for nanos, reason in ((0, "x"), (GOODWILL_NANOS_MAX + 1, "x"), (1, ""), (1, "two\nlines"), (1, "x" * 201)):
        with pytest.raises(BadField):
            await give(who, account.owner, nanos, reason, new_id("clk"))
    with pytest.raises(NotFound):
        await give(who, "wal_none", 1, "x", new_id("clk"))
    wallet = make_snapshot().wallet("ada")
    with db.transaction() as session:
        open_wallet(session, wallet)
    with pytest.raises(Refused, match="its developer"):
        await give(who, wallet.id, 1, "x", new_id("clk"))
    assert cents_of(account.promo) == 0

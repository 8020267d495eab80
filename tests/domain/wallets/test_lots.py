"""Lots of a shared wallet follow its transfers: who paid what, in whatever steps they are brought up."""

import pytest

from app import db
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import CENT_NANOS
from app.domain.paywalls.modes import Mode
from app.domain.wallets import lots
from app.domain.wallets.purse import Purse
from app.domain.wallets.tables import LotMethod
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.plans import watched
from tests.support.taking_back import charge, of_paywall, someone, spends

CARD, USDC, OTHER = LotMethod


def pay_in(account: Account, key: str, cents: int, type_: str = "topup") -> None:
    with db.transaction() as session:
        paid = Transfer(account.beside(Kind.WORLD, "x"), account, cents * CENT_NANOS, type_)
        apply_one(session, Post(key, (paid,)))


def brought_up(account: Account) -> Purse:
    with db.transaction() as session:
        return lots.bring_up(session, account, lots.lock(session, account.owner))


@pytest.mark.unhurried
@pytest.mark.parametrize("step", [1, 3, 2_000])
def test_card_money_is_spent_before_usdc_and_the_oldest_first(
    database: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lots, "TRANSFERS_MAX", max(step, 3))
    app = make_snapshot(mode=Mode.SHARED)
    ada, account = someone()
    pay_in(account, "dep:1", 500, "deposit")
    pay_in(account, "topup:a", 300)
    pay_in(account, "topup:b", 400)
    charge(app, spends(app, ada), 500, cost_cents=100)
    if step == 1:
        with db.transaction() as session:
            while lots.catch_up(session, account):
                pass
    charge(app, spends(app, ada), 400)
    purse = brought_up(account)
    left = {one.id: (one.method, one.left // CENT_NANOS) for one in purse.in_order()}
    assert left == {"a": (CARD, 0), "b": (CARD, 0), "dep:1": (USDC, 300)}
    with db.transaction(writes=False) as session:
        paid = {name: [one.amount_nanos // CENT_NANOS for one in lots.list_paid(session, name)] for name in left}
        accounts = {one.account_id for name in left for one in lots.list_paid(session, name)}
    # 395 of the first charge were earned, and 396 of the second: in proportion to 300 and 200, to 200 and 200.
    assert paid == {"a": [237], "b": [198, 158], "dep:1": [198]}
    assert accounts == {of_paywall(app, Kind.EARNINGS_PENDING).id}
    assert brought_up(account).lots == purse.lots
    assert_books_balance()


def test_money_of_no_known_way_is_spent_last_and_a_wallet_without_any_has_no_lots(database: str) -> None:
    app = make_snapshot(mode=Mode.SHARED)
    ada, account = someone()
    assert brought_up(account).lots == {}
    pay_in(account, "gift:1", 100, "gift")
    pay_in(account, "topup:a", 100)
    charge(app, spends(app, ada), 150)
    assert {one.id: one.left // CENT_NANOS for one in brought_up(account).in_order()} == {"a": 0, "gift:1": 50}
    assert_books_balance()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_all_but_a_nano_of_what_three_lots_paid_is_given_back(database: str) -> None:
    """A developer gives back to the nano; a wallet whose lots cannot follow would be paid nothing back for ever."""
    _, account = someone()
    for number in range(3):
        with db.transaction() as session:
            came = Transfer(account.beside(Kind.WORLD, "x"), account, 1_000, "deposit")
            apply_one(session, Post(f"deposit:{number}", (came,)))
    provider = account.beside(Kind.PROVIDER_PAYABLE, "built-in")
    with db.transaction() as session:
        apply_one(session, Post("charge:1", (Transfer(account, provider, 3_000, "charge", request_id="req_1"),)))
    assert brought_up(account).balance == 0
    back = Transfer(provider, account, 2_999, "refund", details={"refund_of": "req_1"})
    with db.transaction() as session:
        apply_one(session, Post("charge_refund:1", (back,)))
    assert [one.left for one in brought_up(account).in_order()] == [999, 1_000, 1_000]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_of_many_lots_those_alone_are_written_that_changed(database: str) -> None:
    """Whoever sends dust to somebody's address makes lots: what a charge costs then must not grow with them."""
    _, account = someone()
    for number in range(40):
        pay_in(account, f"deposit:{number}", 1, "deposit")
    brought_up(account)
    with db.transaction() as session:
        spent = Transfer(account, account.beside(Kind.PROVIDER_PAYABLE, "built-in"), 5, "charge")
        apply_one(session, Post("charge:1", (spent,)))
    with db.transaction() as session, watched(session) as statements:
        lots.bring_up(session, account, lots.lock(session, account.owner))
    assert sum(said.startswith("UPDATE lot ") for said, _ in statements) == 1

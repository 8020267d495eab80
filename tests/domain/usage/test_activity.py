"""Every movement of a wallet, and of no other."""

from app import db
from app.domain import rows
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Charge, Post, Transfer
from app.domain.money import Environment, Unit
from app.domain.usage import requests
from app.domain.usage.activity import Movement, read_movements
from app.domain.usage.requests import Asked
from app.domain.wallets.wallets import AppWallet, app_wallet
from app.flows.chat import revenue_split
from tests.flows.books import make_paywall


def fill(session: db.Session, wallet: AppWallet, count: int) -> None:
    """Deposits a lot, gives a little trial money, and charges one nano more each time."""
    account = wallet.account
    apply_one(
        session, Post(f"dep:{wallet.id}", (Transfer(account.beside(Kind.WORLD, "x"), account, 10**6, "deposit"),))
    )
    apply_one(
        session, Post(f"gift:{wallet.id}", (Transfer(account.beside(Kind.GRANTS, "x"), account.promo, 4, "grant"),))
    )
    for number in range(1, count + 1):
        request_id = f"req_{wallet.user}_{number}"
        done = apply_one(session, Charge(f"chg:{request_id}", account, number, revenue_split(wallet), request_id))
        asked = Asked(request_id, None, wallet, "manual", None, None, False, Unit.USD, None)
        rows.write(session, [requests.record_manual(asked, done, None)])


def test_movements_come_newest_first_in_pages_without_gaps(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        for user in ("ada", "bob"):
            fill(session, app_wallet(paywall_id, user, Environment.SANDBOX, Unit.USD), 9)
    with db.transaction(writes=False) as session:
        whole = read_movements(session, paywall_id, "ada", limit=100)
        paged: list[Movement] = []
        cursor: str | None = None
        while page := read_movements(session, paywall_id, "ada", after=cursor, limit=3):
            paged.extend(page)
            cursor = page[-1].cursor
    assert paged == list(whole)
    # Nine charges, of which the third was paid from both purses, a gift and a deposit.
    assert [movement.amount_nanos for movement in whole] == [-9, -8, -7, -6, -5, -4, -2, -1, -2, -1, 4, 10**6]
    assert sum(movement.amount_nanos for movement in whole) == 10**6 + 4 - 45
    assert [movement.kind for movement in whole[-2:]] == ["grant", "deposit"]
    assert all("ada" in movement.receipt.id for movement in whole if movement.receipt)


def test_every_charge_has_its_receipt_and_other_kinds_have_none(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        fill(session, app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD), 2)
        found = read_movements(session, paywall_id, "ada")
        assert read_movements(session, paywall_id, "nobody") == []
    assert [(movement.kind, movement.receipt is not None) for movement in found] == [
        ("manual_charge", True), ("manual_charge", True), ("grant", False), ("deposit", False),
    ]  # fmt: skip

"""What the page of withdrawals says: what can go and why the rest stays; each stands in the activity to the digit."""

from dataclasses import replace

import pytest

from app import db
from app.domain.ledger.accounts import Kind
from app.domain.ledger.operations import Transfer
from app.domain.money import Environment
from app.domain.payouts import addresses, batches, desk
from app.domain.payouts.tables import PayoutKind, ProvedBy
from app.domain.people.sessions import Person
from app.domain.wallets import lots
from app.domain.wallets.trial import INSTANCE
from app.flows.callers.marks import About, Subject
from app.web.end_user.wallet.rows import read_purse
from app.web.end_user.withdraw.rows import WithdrawPage, read_withdraw_page
from app.web.end_user.withdraw.state import _subjects
from tests.support.paying_out import ONE, make_saver, move, withdraw
from tests.support.scripted_chain import RULES as CHAIN_RULES
from tests.support.scripted_chain import ToyChain
from tests.support.toy_wallets import wired

SANDBOX = Environment.SANDBOX
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CHAIN = ToyChain(rules=replace(CHAIN_RULES, explorer_url="https://scan.example/"))


def read(who: Person) -> WithdrawPage:
    with db.transaction(writes=False) as session:
        return read_withdraw_page(session, who, "sandbox")


def test_without_a_chain_nothing_goes_out(database: str) -> None:
    ada, _ = make_saver(9 * ONE)
    assert read(ada).way.chain == ""


def test_it_says_what_can_go_and_why_the_rest_stays(database: str) -> None:
    ada, wallet = make_saver(9 * ONE + 1, card_units=3 * ONE)
    move(Transfer(wallet.beside(Kind.GRANTS, INSTANCE), wallet.promo, 200_000_000, "grant"), "grant")
    move(Transfer(wallet.beside(Kind.GRANTS, INSTANCE), wallet, 2 * ONE * 1_000, "gift"), "gift")
    with db.transaction() as session:
        lots.bring_up(session, wallet, lots.lock(session, wallet.owner))
        begun = addresses.begin(session, ada.account_id, SANDBOX, "0xAda")
        addresses.prove(session, addresses.lock(session, ada.account_id, begun.id), ProvedBy.SIGNATURE)
    with wired(CHAIN):
        page = read(ada)
    assert (page.can, page.refused, page.way.address) == ("9.000001 USDC", "", "0xAda")
    assert [said.split(" ")[0] for said in page.stays] == ["3.00", "0.20", "2.00"]
    assert "that card alone, for 14 days" in page.stays[0] and "trial money" in page.stays[1]
    with wired(CHAIN):
        assert read(make_saver(ONE, email="bob@example.org")[0]).refused == "A withdrawal is at least 5.00 USDC."


def test_an_open_page_sees_that_payouts_were_paused_and_go_on(database: str) -> None:
    ada, wallet = make_saver(9 * ONE)
    with db.transaction() as session:
        lots.bring_up(session, wallet, lots.lock(session, wallet.owner))
    with wired(CHAIN):
        paused = Subject(About.PAUSED, str(CHAIN_RULES.id))
        page = read(ada)
        assert page.way.chain and paused in _subjects(ada, {"page": page})
        with db.transaction() as session:
            desk.open_desk(session, CHAIN_RULES.id, 1, "0xa")
            desk.pause(session, CHAIN_RULES.id, "Somebody looks at it.")
        assert "paused" in read(ada).refused
        with db.transaction() as session:
            desk.resume(session, CHAIN_RULES.id)
        assert read(ada).refused == ""


def test_each_stands_in_the_activity_to_the_last_digit_and_a_test_keeps_its_secret(database: str) -> None:
    ada, _ = make_saver(20 * ONE)
    paid, tested = withdraw(ada, 5_123_456, "0xAda"), withdraw(ada, 1_004_321, "0xBob", kind=PayoutKind.TEST)
    with db.transaction() as session:
        batches.note_paid(session, paid.id, "0xabc", 1_234)
    with wired(CHAIN):
        page = read(ada)
        with db.transaction(writes=False) as session:
            test_row, row, _ = read_purse(session, ada, "sandbox").movements
    facts = {fact.name: fact.value for fact in row.facts}
    assert (row.title, row.amount, row.is_in) == ("Withdrawal", "−5.12 USDC", False)
    assert (facts["Amount"], facts["To"], facts["Block"]) == ("5.123456 USDC", "0xAda", "1,234")
    assert [fact.url for fact in row.facts if fact.url] == ["https://scan.example/tx/0xabc"]
    assert test_row.amount == "−1 USDC" and "1.004321" not in repr(test_row) + repr(page)
    assert [(one.app, one.amount, one.status) for one in page.rows] == [
        ("Withdrawal", "about 1 USDC", "Requested"), ("Withdrawal", "5.123456 USDC", "Paid"),
    ]  # fmt: skip
    assert tested.units == 1_004_321

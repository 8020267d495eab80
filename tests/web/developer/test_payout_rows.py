"""What a developer sees of their payouts: where they go, what is being confirmed, how each went."""

from dataclasses import replace

import pytest

from app import db
from app.domain.money import Environment
from app.domain.payouts import addresses, batches, requests, schedules
from app.domain.payouts.tables import Every, ProvedBy
from app.domain.people.sessions import Person
from app.web.developer.earnings.rows import EarningsPage, read_earnings_page
from tests.support.managing import own, person
from tests.support.paying_out import ONE, RULES, ask, make_earner
from tests.support.scripted_chain import RULES as CHAIN_RULES
from tests.support.scripted_chain import ToyChain
from tests.support.toy_wallets import wired

SANDBOX = Environment.SANDBOX
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CHAIN = ToyChain(rules=replace(CHAIN_RULES, explorer_url="https://scan.example/"))


def read(who: Person) -> EarningsPage:
    with db.transaction(writes=False) as session:
        return read_earnings_page(session, who)


def test_without_a_chain_there_is_no_way_out(database: str) -> None:
    paywall, who = make_earner(9 * ONE), person("ada@example.org")
    own(paywall, who)
    page = read(who)
    assert page.payouts.ways == [] and page.paywalls[0].address == "" and page.paywalls[0].available == "9.00 USDC"


def test_a_way_shows_what_is_being_confirmed_and_what_counts(database: str) -> None:
    paywall, who = make_earner(9 * ONE), person("ada@example.org")
    own(paywall, who)
    with wired(CHAIN):
        with db.transaction() as session:
            begun = addresses.begin(session, who.account_id, SANDBOX, "0xAda")
        (way,) = read(who).payouts.ways
        assert (way.title, way.address, way.pending, way.test) == ("Payouts on Toy", "", "0xAda", "")
        assert begun.id in way.text and "pay.example" in way.text
        with db.transaction() as session:
            addresses.prove(session, addresses.lock(session, who.account_id, begun.id), ProvedBy.SIGNATURE)
            other = addresses.begin(session, who.account_id, SANDBOX, "0xBob")
            addresses.prove(session, addresses.lock(session, who.account_id, other.id), ProvedBy.SIGNATURE)
            schedules.set_schedule(session, RULES, who.account_id, SANDBOX, Every.WEEK, 20 * ONE)
        page = read(who)
        (way,) = page.payouts.ways
        assert (way.address, way.address_url, way.pending) == ("0xAda", "https://scan.example/address/0xAda", "")
        assert way.next_address.startswith("0xBob counts from") and "20.00 USDC" in way.schedule
        assert (way.every, way.schedule_least) == ("week", "20") and "500.00 USDC" in way.limits
        assert (page.paywalls[0].address, page.paywalls[0].way) == ("0xAda", "Toy")


def test_payouts_are_listed_with_where_they_stand(database: str) -> None:
    paywall, who = make_earner(600 * ONE), person("ada@example.org")
    own(paywall, who)
    paid, back, waiting = (ask(paywall, units * ONE, "0xAda") for units in (6, 7, 501))
    with db.transaction() as session:
        batches.note_paid(session, paid.id, "0xabc", 7)
        requests.withdraw(session, back.id, "recipient_blocked")
        batches.note_returned(session, back.id, "0xdef", 8)
    with wired(CHAIN):
        page = read(who)
    first, second, third = page.payouts.rows
    assert (first.id, first.status, first.is_waiting) == (waiting.id, "Waits for the operator", True)
    assert second.status == "Came back" and "blocks this address" in second.note
    assert (third.status, third.url) == ("Paid", "https://scan.example/tx/0xabc")
    assert (page.paywalls[0].paid, page.paywalls[0].under_way) == ("6.00 USDC", "501.00 USDC on the way")
    assert page.totals[0].under_way == "501.00 USDC on the way"

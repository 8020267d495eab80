"""What an operator sees of a chain: what it holds, what pauses it, what waits for them."""

from dataclasses import replace

import pytest

from app import db
from app.domain.chain_deposits import arrivals
from app.domain.chain_deposits.arrivals import Arrived, Book
from app.domain.money import Environment
from app.domain.payouts import desk
from app.domain.payouts.requests import approve
from app.domain.payouts.rules import PayoutRules
from app.web.operator.treasury.rows import NEVER_READ, TreasuryPage, read_treasury_page
from tests.support.paying_out import CHAIN, ONE, ask, ask_many, find, make_earner, rail_of, tick
from tests.support.scripted_chain import TOKEN, TREASURY, ToyChain
from tests.support.toy_wallets import wired

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def read() -> TreasuryPage:
    with db.transaction(writes=False) as session:
        return read_treasury_page(session)


def test_without_a_chain_there_is_none(database: str) -> None:
    assert read().chains == []


def test_a_chain_shows_what_it_holds_and_what_waits(database: str) -> None:
    chain = ToyChain()
    chain.mint(TREASURY, 7 * ONE)
    chain.mine(3)
    with wired(chain):
        (row,) = read().chains
        assert row.wrong == [NEVER_READ] and not row.is_read
        ask(make_earner(501 * ONE), None, "0xAda")
        ask(make_earner(9 * ONE), None, "0xBob")
        tick(rail_of(chain))
        chain.send_foreign("0xEve", ONE)
        chain.mine(3)
        tick(rail_of(chain))
        (row,) = read().chains
        figures = {one.name: one.value for one in (*row.figures, *row.flows)}
        assert figures["Treasury"] == "6.00 USDC" and figures["Gas"] == "20.0000"
        assert (figures["Waits for you"], figures["Under way"]) == ("501.00 USDC", "9.00 USDC")
        assert figures["Last 24 hours"] == "9.00 USDC"
        assert (
            "out of the treasury that are not ours, or are forgotten: 1." in row.paused
            and "lacks 2.00 USDC" in row.wrong[0]
        )
        assert [(one.payee, one.amount) for one in row.unbooked] == [("0xEve", "1.00 USDC")]
        assert [one.is_waiting for one in row.payouts] == [True, False]
        with db.transaction() as session:
            found = desk.find_desk(session, CHAIN)
            assert found is not None
            found.head_at -= 3_600
        assert "newest block is old" in read().chains[0].wrong[0]


def test_one_who_takes_all_that_goes_by_itself_keeps_others_waiting_and_refuses_nobody(database: str) -> None:
    chain = ToyChain()
    chain.mint(TREASURY, 9_000 * ONE)
    chain.mine(3)
    with wired(chain):
        rich, other = make_earner(2_500 * ONE), make_earner(9 * ONE)
        let = [ask(rich, 500 * ONE, "0xAda").status for _ in range(4)]
        tick(rail_of(chain))
        waiting = [ask(rich, 500 * ONE, "0xAda"), ask(other, None, "0xBob")]
        assert set(let) == {"requested"} and {one.status for one in waiting} == {"waiting"}
        (row,) = read().chains
        (said,) = [one for one in row.wrong if "used up" in one]
        assert "nobody is refused" in said and "2,000.00 USDC" in said
        (day,) = [one for one in row.flows if one.name == "Last 24 hours"]
        assert day.detail == "let through, of 2,000.00 USDC that need nobody"
        with db.transaction() as session:
            assert approve(session, waiting[1].id, "op@example.org"), "an operator lets the small one through first"
        tick(rail_of(chain))
        assert find(waiting[1].id).status != "waiting" and find(waiting[0].id).status == "waiting"


def test_a_batch_that_waits_is_shown(database: str) -> None:
    chain = ToyChain()
    chain.mint(TREASURY, 30 * ONE)
    chain.mine(3)
    rail = rail_of(chain)
    rail.rules = lambda: PayoutRules(batch_units_max=6 * ONE)
    with wired(chain):
        ask_many(2)
        tick(rail)
        (waiting,) = read().chains[0].batches
    assert waiting.amount == "10.000001 USDC" and waiting.detail.startswith("2 payouts, since ")


def test_the_wrong_token_is_shown_and_its_dust_is_not(database: str) -> None:
    chain, came = ToyChain(), Arrived("0xBridged", "0xEve", TREASURY, 10 * ONE, 3, "0x1", 0)
    with wired(chain):
        tick(rail_of(chain))
        book = Book(CHAIN, Environment.SANDBOX, TOKEN, TREASURY, {})
        with db.transaction() as session:
            arrivals.take(session, book, came)
            arrivals.take(session, book, replace(came, units=ONE - 1, transaction="0x2"))
        (row,) = read().chains[0].wrong_tokens
    assert row.amount == "10.00 USDC.e" and row.detail.startswith("At 0xTreasury, seen ")

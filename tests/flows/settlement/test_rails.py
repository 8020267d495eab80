"""Each way out has its turn, and is looked at when something is under way or was not for a while."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.payouts.tables import PayoutDesk, PayoutStatus
from app.flows.settlement import rails
from app.ports.chain.values import ChainUnavailable
from tests.support.paying_out import CHAIN, ask_many, rail_of, statuses
from tests.support.scripted_chain import RULES, TREASURY, ToyChain

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def funded() -> ToyChain:
    chain = ToyChain()
    chain.mint(TREASURY, 10**9)
    chain.mine(3)
    return chain


@pytest.mark.unhurried
def test_a_chain_is_due_when_something_is_under_way_or_it_is_old(database: str) -> None:
    rail = rail_of(funded())
    assert not asyncio.run(rails.has_due([]))
    assert asyncio.run(rails.has_due([rail]))
    asyncio.run(rails.go_on_all([rail]))
    assert not asyncio.run(rails.has_due([rail]))
    with db.transaction() as session:
        session.get_one(PayoutDesk, CHAIN).read_at = clock.now() - 31 * clock.SECOND
    assert asyncio.run(rails.has_due([rail]))
    asyncio.run(rails.go_on_all([rail]))
    ask_many(1)
    assert asyncio.run(rails.has_due([rail]))


def test_a_rail_that_fails_keeps_no_other_waiting(database: str) -> None:
    chain, other = funded(), ToyChain(rules=replace(RULES, id=80_002))
    other.cut_next(2, by=ChainUnavailable)
    ask_many(1)
    with pytest.raises(ChainUnavailable):
        asyncio.run(rails.go_on_all([rail_of(other), rail_of(chain)]))
    assert statuses() == [PayoutStatus.SENT]

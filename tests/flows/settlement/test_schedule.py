"""At their time, payouts are requested of each paywall that has enough, once."""

import asyncio

import pytest

from app import db
from app.domain.errors import Refused
from app.domain.money import Environment
from app.domain.payouts import addresses
from app.domain.payouts.tables import Every, PayoutSchedule, ProvedBy
from app.flows.settlement import schedule
from tests.support.managing import own, person
from tests.support.paying_out import CHAIN, ONE, RULES, earned, make_earner, statuses

SANDBOX = Environment.SANDBOX
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def chain_of(environment: Environment) -> int:
    if environment is not SANDBOX:
        raise Refused("None.")
    return CHAIN


def make_due() -> None:
    with db.transaction() as session:
        for row in session.query(PayoutSchedule):
            row.next_at = 7


def test_what_has_enough_is_requested_at_its_time_once(database: str) -> None:
    rich, poor, who = make_earner(20 * ONE), make_earner(9 * ONE), person("ada@example.org")
    own(rich, who)
    own(poor, who)
    asyncio.run(schedule.set_schedule(RULES, who, SANDBOX, Every.WEEK, 10 * ONE))
    assert not asyncio.run(schedule.has_due())
    make_due()
    assert asyncio.run(schedule.request_due(RULES, chain_of)) == 1
    assert statuses() == []  # no address yet, and the next time is a week away
    assert asyncio.run(schedule.request_due(RULES, chain_of)) == 0
    with db.transaction() as session:
        begun = addresses.begin(session, who.account_id, SANDBOX, "0xAda")
        addresses.prove(session, addresses.lock(session, who.account_id, begun.id), ProvedBy.SIGNATURE)
    make_due()
    asyncio.run(schedule.request_due(RULES, chain_of))
    make_due()
    asyncio.run(schedule.request_due(RULES, chain_of))
    assert len(statuses()) == 1
    assert earned(rich).available_nanos == 0 and earned(poor).available_nanos == 9 * ONE * 1_000

"""What an answer may cost at most is what its hold may come to, and never more than there is."""

import pytest

from app.domain.money import NANOS
from app.flows.chat.decide import FREE_ONLY
from app.flows.talk.most import Most, read_most, read_most_of_several
from app.formats.account.modes import read_compare, read_judge
from tests.support.credits import credits_account, open_credits, someone_with_key
from tests.support.panels import SAID, credits_a_thousand, paying
from tests.support.scripted import request
from tests.support.taking_back import begin_shared, house_of, open_taking_bank

pytestmark = pytest.mark.plain_sql


@pytest.mark.unhurried
async def test_the_most_is_the_bound_and_what_there_is_bounds_it(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    free = await read_most(snapshot, ada.account_id, [request(model="demo-free")])
    assert free == Most(NANOS, NANOS, 20 * NANOS) and free.is_enough
    locked = await read_most(snapshot, ada.account_id, [request()])
    assert locked.beside == FREE_ONLY and not locked.is_enough
    bank = open_taking_bank()
    marks = begin_shared(credits_account(ada), bank.connection_id, 300)
    await house_of(bank).door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
    short, long = [await read_most(snapshot, ada.account_id, [request(max_tokens=most)]) for most in (40, 1_000_000)]
    assert NANOS < short.least_nanos <= short.most_nanos < 20 * NANOS and short.is_enough
    assert long.most_nanos == long.spendable_nanos == 320 * NANOS and long.is_enough
    dearest = await read_most(snapshot, ada.account_id, [request(model="demo-free"), request(max_tokens=40)])
    assert dearest == short
    assert not Most(5 * NANOS, 5 * NANOS, 4 * NANOS).is_enough


@pytest.mark.unhurried
async def test_several_models_cost_what_all_may_come_to_and_at_least_the_reserve(database: str) -> None:
    ada, snapshot = await paying([credits_a_thousand("a"), credits_a_thousand("b"), credits_a_thousand("c", "0")])
    asked = {"messages": SAID, "max_tokens": 100}
    two = await read_most_of_several(snapshot, ada.account_id, read_compare({"models": ["a", "b"], **asked}))
    judged = read_judge({"contestants": ["a", "b"], "judge": "c", **asked})
    five = await read_most_of_several(snapshot, ada.account_id, judged)
    assert two.is_enough and 2 * NANOS <= two.least_nanos <= two.most_nanos < 20 * NANOS
    assert five.least_nanos >= 5 * NANOS and five.spendable_nanos == 320 * NANOS


@pytest.mark.unhurried
async def test_where_one_of_them_is_not_open_it_is_said(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    asking = read_compare({"models": ["demo-free", "demo-mini"], "messages": SAID})
    most = await read_most_of_several(snapshot, ada.account_id, asking)
    assert FREE_ONLY in most.beside and "`demo-mini`" in most.beside and not most.is_enough

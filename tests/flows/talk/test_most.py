"""What an answer may cost at most is what its hold may come to, and never more than there is."""

import pytest

from app.domain.money import NANOS
from app.flows.chat.decide import FREE_ONLY
from app.flows.talk.most import Most, read_most
from tests.support.credits import credits_account, open_credits, someone_with_key
from tests.support.scripted import request
from tests.support.taking_back import begin_shared, house_of, open_taking_bank

pytestmark = pytest.mark.plain_sql


@pytest.mark.unhurried
async def test_the_most_is_the_bound_and_what_there_is_bounds_it(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    free = await read_most(snapshot, ada.account_id, request(model="demo-free"))
    assert free == Most(NANOS, NANOS, 20 * NANOS) and free.is_enough
    locked = await read_most(snapshot, ada.account_id, request())
    assert locked.beside == FREE_ONLY and not locked.is_enough
    bank = open_taking_bank()
    marks = begin_shared(credits_account(ada), bank.connection_id, 300)
    await house_of(bank).door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
    short, long = [await read_most(snapshot, ada.account_id, request(max_tokens=most)) for most in (40, 1_000_000)]
    assert NANOS < short.least_nanos <= short.most_nanos < 20 * NANOS and short.is_enough
    assert long.most_nanos == long.spendable_nanos == 320 * NANOS and long.is_enough
    assert not Most(5 * NANOS, 5 * NANOS, 4 * NANOS).is_enough

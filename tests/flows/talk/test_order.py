"""Who chooses among models is shown first what can be relied on."""

import pytest

from app.domain.money import NANOS
from app.domain.pricing.price_book import NewPrice
from app.domain.routing.breaker import Failure
from app.flows.modes.chosen import breaker_of
from app.flows.paywalls.demo import FAILING
from app.flows.providers.breakers import Breakers
from app.flows.talk.order import in_order
from tests.support.books import make_snapshot

pytestmark = pytest.mark.plain_sql


async def test_what_failed_when_it_was_asked_last_and_what_is_there_to_fail_comes_last(database: str) -> None:
    snapshot = make_snapshot({name: NewPrice(name, NANOS, NANOS) for name in ("a", "b", "z", FAILING)})
    breakers = Breakers()
    assert in_order(breakers, snapshot) == ["a", "b", "z", FAILING]
    name = breaker_of(snapshot, snapshot.offers["a"])
    permit = breakers.admit(name)
    assert permit is not None
    breakers.failed(name, permit, Failure("status_500"), is_first=True)
    assert in_order(breakers, snapshot) == ["b", "z", "a", FAILING]
    breakers.succeeded(name, permit, 10)
    assert in_order(breakers, snapshot) == ["a", "b", "z", FAILING]

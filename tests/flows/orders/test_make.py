"""An app makes an order once per key, for whoever can have one of that kind."""

import asyncio

import pytest

from app import db
from app.domain.errors import BadField, KeyReused
from app.domain.legs.legs import Source
from app.domain.orders.orders import OrderFilter, list_orders
from app.domain.paywalls.modes import Mode
from app.domain.usage.idempotency import claim
from app.flows.callers.snapshot import Snapshot
from app.flows.orders.make import check_source, make
from tests.support.books import make_snapshot

pytestmark = pytest.mark.plain_sql


def count(snapshot: Snapshot) -> int:
    with db.transaction(writes=False) as session:
        return len(list_orders(session, snapshot.paywall_id, OrderFilter(), None, 50))


@pytest.mark.races
async def test_one_key_makes_one_order_also_at_once(database: str) -> None:
    snapshot = make_snapshot()
    claimed, other = (claim("k", snapshot.paywall_id, "orders", "ada", body) for body in (b"1", b"2"))

    async def one() -> tuple[str, bool]:
        made = await make(snapshot, "ada", "Book", Source.PLATFORM, None, claimed)
        return made.order.id, made.is_replay

    found = await asyncio.gather(*(one() for _ in range(8)))
    assert len({order_id for order_id, _ in found}) == 1 and sum(not is_replay for _, is_replay in found) == 1
    with pytest.raises(KeyReused):
        await make(snapshot, "ada", "Tome", Source.PLATFORM, None, other)
    assert count(snapshot) == 1
    for _ in range(2):
        await make(snapshot, "ada", "Book", None, {"a": 1}, None)
    assert count(snapshot) == 3


@pytest.mark.plain_sql
def test_an_apps_own_wallets_belong_to_nobody_with_a_key(database: str) -> None:
    own, shared = make_snapshot(), make_snapshot(mode=Mode.SHARED)
    assert check_source(own, "platform") is Source.PLATFORM
    assert [check_source(shared, one) for one in ("platform", "byok", "ask")] == [*Source, None]
    for wanted, code in (("byok", "unsupported_billing"), ("ask", "unsupported_billing"), ("mine", "invalid_value"),
                         (None, "invalid_value"), (["ask"], "invalid_value")):  # fmt: skip
        with pytest.raises(BadField) as refused:
            check_source(own, wanted)
        assert (refused.value.field, refused.value.code) == ("billing_source", code)

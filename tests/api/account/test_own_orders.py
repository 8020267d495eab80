"""An account's own orders: made, filed under and read with its key, and by no other."""

import pytest

from app.domain.legs.legs import Source
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Labels, Metered
from app.flows.chat.call import Run
from tests.support.books import running_queue
from tests.support.credits import open_credits, someone_with_key
from tests.support.ordered import order_of
from tests.support.own_api import SITE, own_program
from tests.support.scripted import Scripted, flows, request

pytestmark = pytest.mark.plain_sql
ORDERS = f"{SITE}/v1/orders"


async def test_an_account_sees_its_own_orders_alone(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    bob, _ = await someone_with_key("bob@example.org")
    order = order_of(snapshot, ada.account_id, Source.PLATFORM)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, ada.account_id, request(model="demo-free"), "req_1", None,
                               labels=Labels("s", None, order.id))  # fmt: skip
        assert isinstance(run, Run)
        await chat.settle(run, Metered(Tokens(2, 3)))
    async with own_program(ada) as program, own_program(bob) as other:
        made = (await program.post(ORDERS, json={"name": "Book", "user": "somebody", "billing_source": "ask"})).json()
        assert (made["user"], made["billing_source"]) == (ada.account_id, None) and "/order/" in made["url"]
        listed = (await program.get(ORDERS)).json()["data"]
        assert [one["id"] for one in listed] == [made["id"], order.id]
        usage = (await program.get(f"{ORDERS}/{order.id}")).json()["usage"]
        assert usage["totals"] == [
            {"name": "", "billing_source": "platform", "requests": 1, "tokens": 5, "charge": "1"}
        ]
        assert (await other.get(ORDERS)).json()["data"] == []
        for asked in (f"{ORDERS}/{order.id}", f"{ORDERS}/{order.id}?user={ada.account_id}"):
            assert (await other.get(asked)).status_code == 404
        by_order = (await program.get("/usage/summary")).json()["by_order"]
        assert [(one["name"], one["requests"]) for one in by_order] == [(order.id, 1)]

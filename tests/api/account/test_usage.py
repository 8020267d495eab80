"""What credits paid for is added up and listed, and is nobody else's."""

import pytest

from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.flows.chat.call import Run
from tests.support.books import running_queue
from tests.support.credits import open_credits, someone_with_key
from tests.support.own_api import own_program
from tests.support.scripted import Scripted, flows, request

pytestmark = pytest.mark.plain_sql


async def test_sums_and_lines_are_of_the_same_requests(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    bob, other = await someone_with_key("bob@example.org")
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        for name, who, seen in (("req_1", ada, snapshot), ("req_2", bob, other), ("req_3", ada, snapshot)):
            run = await chat.begin(seen, who.account_id, request(model="demo-free"), name, None)
            assert isinstance(run, Run)
            await (chat.release(run) if name == "req_3" else chat.settle(run, Metered(Tokens(2, 3))))
    async with own_program(ada) as program:
        summed = (await program.get("/usage/summary?days=7")).json()
        assert (summed["requests"], summed["tokens"], summed["credits_charged"], summed["cost"]) == (2, 5, 1, 0.01)
        assert [(one["name"], one["requests"]) for one in summed["by_model"]] == [("demo-free", 2)]
        assert [one["billing_source"] for one in summed["by_billing_source"]] == ["platform"]
        lines = (await program.get("/usage/recent?limit=1")).json()
        assert [line["id"] for line in lines] == ["req_3"]
        (line,) = (await program.get("/usage/recent?limit=5&offset=1")).json()
        assert (line["id"], line["credits_charged"], line["tokens"], line["status"]) == ("req_1", 1, 5, "ended")
        assert [one["mode"] for one in (await program.get("/usage/recent?mode=chat")).json()] == ["chat", "chat"]
        assert (await program.get("/usage/recent?mode=compare")).json() == []
        for wrong in ("days=0", "days=91", "days=x"):
            assert (await program.get(f"/usage/summary?{wrong}")).status_code == 400

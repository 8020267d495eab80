"""The report counts what was asked, the policy says by what, and the rest is honestly not there."""

import pytest

from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.flows.chat.call import Run
from tests.support.books import running_queue
from tests.support.credits import open_credits, someone_with_key
from tests.support.own_api import own_program
from tests.support.scripted import Scripted, flows, request

pytestmark = pytest.mark.plain_sql


async def test_the_report_is_of_what_was_asked_and_heeds_the_policy(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        for number in range(1, 4):
            run = await chat.begin(snapshot, ada.account_id, request(model="demo-free"), f"req_{number}", None)
            assert isinstance(run, Run)
            await (chat.release(run) if number == 3 else chat.settle(run, Metered(Tokens(2, 3))))
    async with own_program(ada) as program:
        usual = {"enabled": True, "goal": "balanced", "days": 30, "min_calls_per_model": 3}
        assert (await program.get("/optimization/policy")).json() == usual
        # As the published client of PyPI sends it.
        asked = "goal=balanced&days=30&min_calls_per_model=3&use_policy=true&persist_snapshot=false"
        report = (await program.get(f"/optimization/report?{asked}")).json()
        (line,) = report["models"]
        assert (line["model"], line["calls"], line["success_rate"]) == ("demo-free", 3, 0.6667)
        assert (line["credits_charged"], line["tokens"], report["recommended_model"]) == (2, 10, "demo-free")
        await program.put("/optimization/policy", json={"goal": "cost", "min_calls_per_model": 4})
        report = (await program.get(f"/optimization/report?{asked}")).json()
        assert (report["goal"], report["min_calls_per_model"], report["recommended_model"]) == ("cost", 4, None)
        assert (await program.get("/optimization/report?goal=latency&use_policy=false")).json()["goal"] == "latency"
        for wrong in ({"goal": "x"}, {"days": 0}, {"days": True}, {"enabled": 1}, {"other": 1}):
            assert (await program.put("/optimization/policy", json=wrong)).status_code == 400
        assert (await program.get("/optimization/policy")).json()["goal"] == "cost"


async def test_the_rest_is_not_offered(database: str) -> None:
    await open_credits()
    ada, _ = await someone_with_key()
    async with own_program(ada) as program:
        for method, path in (
            ("POST", "evaluate"), ("POST", "replay"), ("GET", "snapshots?limit=20"), ("GET", "alerts"),
            ("GET", "test-templates"), ("GET", "test-suites"), ("POST", "test-suites"), ("PUT", "test-suites/s"),
            ("POST", "test-suites/s/run"), ("GET", "test-runs"), ("GET", "test-runs/r/csv"),
            ("GET", "regression-schedules"), ("POST", "regression-schedules"), ("PUT", "regression-schedules/s"),
            ("POST", "regression-schedules/s/run"), ("GET", "report?persist_snapshot=true"),
        ):  # fmt: skip
            refused = await program.request(method, f"/optimization/{path}", json={} if method != "GET" else None)
            assert (refused.status_code, refused.json()["code"]) == (501, "not_offered"), path

"""Compare, blend and judge over real HTTP, in the words of the published clients."""

import json
from typing import Any

import httpx
import pytest

from tests.support.client_types import BLEND, CHAT, COMPARE, DONE, EVENT, JUDGE, misfits
from tests.support.own_demo import OwnDemo
from tests.support.server import QUESTION


def ask(own: OwnDemo, path: str, **body: Any) -> httpx.Response:
    return own.client.post(f"/api/v1/{path}", json={"messages": QUESTION, "max_tokens": 60, **body})


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    *lines, _rest = answer.text.split("\\n")
    return [json.loads(line.strip()[5:]) for line in lines if line.strip().startswith("data:")]


def test_what_cannot_be_asked_is_an_error_with_its_status(with_credits: OwnDemo) -> None:
    locked = ask(with_credits, "compare", models=["demo-free", "demo-mini"])
    assert (locked.status_code, locked.json()["code"]) == (402, "insufficient_funds")
    for path, body, status in (
        ("compare", {"models": ["demo-free"]}, 400), ("compare", {"models": ["demo-free", "nothing"]}, 404),
        ("blend", {"models": ["demo-free", "demo-mini"], "strategy": "moa"}, 400),
        ("judge", {"contestants": ["demo-free", "demo-mini"], "judge": "demo-free"}, 400),
        ("compare", {"models": ["demo-free", "demo-mini"], "tools": []}, 400),
    ):  # fmt: skip
        refused = ask(with_credits, path, **body)
        said = refused.json()
        assert refused.status_code == status and {"error", "code"} <= said.keys() <= {"error", "code", "param"}, said
        assert ("param" in said) is (status == 400)
    apps = {"Authorization": f"Bearer {with_credits.demo.key}"}
    asked = httpx.post(f"{with_credits.demo.base_url}/api/v1/judge", json={}, headers=apps)
    assert (asked.status_code, asked.json()["code"]) == (403, "wrong_mode")


@pytest.mark.unhurried
def test_several_models_are_heard_and_paid_for_whole_or_streamed(paid_credits: OwnDemo) -> None:
    models = ["demo-mini", "demo-large"]
    whole = ask(paid_credits, "compare", models=models, stream=False).json()
    assert [one["status"] for one in whole["responses"]] == ["answered", "answered"], whole
    texts = {one["model"]: one["content"] for one in whole["responses"]}
    heard = events(ask(paid_credits, "compare", models=models))
    said = {
        name: "".join(one["delta"] for one in heard if one.get("delta") and one["model"] == name) for name in models
    }
    assert said == texts
    summary, done = heard[-2:]
    assert (summary["event"], done["event"], done["done"]) == ("summary", "done", True)
    assert done["credits_charged"] >= 1 and done["cost"] == done["credits_charged"] / 100
    receipt = paid_credits.client.get(f"/v1/requests/{done['id']}").json()
    assert receipt["mode"] == "compare" and [leg["model"] for leg in receipt["legs"]] == models
    assert sum(float(leg["charge"]) for leg in receipt["legs"]) == pytest.approx(float(receipt["charge"]))


@pytest.mark.unhurried
def test_several_models_stand_under_an_order_and_never_charge_for_one_of_an_own_key(paid_credits: OwnDemo) -> None:
    orders = {}
    for source in ("platform", "byok", "ask"):
        made = paid_credits.client.post(
            "/v1/orders", json={"name": "Book", "billing_source": source}
        ).raise_for_status()
        orders[source] = made.json()["id"]

    def compare(source: str) -> httpx.Response:
        paid_credits.client.headers["X-Paywall-Order"] = orders[source]
        try:
            return ask(paid_credits, "compare", models=["demo-mini", "demo-large"], stream=False)
        finally:
            del paid_credits.client.headers["X-Paywall-Order"]

    paid = compare("platform").json()
    assert paid_credits.client.get(f"/v1/requests/{paid['id']}").json()["order"] == orders["platform"]
    own, open_one = compare("byok"), compare("ask")
    assert (own.status_code, own.json()["code"]) == (403, "own_key_required"), "the wallet does not pay in its place"
    assert own.headers["x-paywall-action"] == "own_key" and "`demo-mini`" in own.json()["error"]
    assert (open_one.status_code, open_one.json()["code"]) == (403, "order_not_chosen") and open_one.json()["url"]


@pytest.mark.unhurried
def test_answers_become_one_and_are_judged(paid_credits: OwnDemo) -> None:
    models = ["demo-mini", "demo-free"]
    blend = ask(paid_credits, "blend", models=models, synthesizer="demo-large", stream=False).json()
    assert blend["content"] and blend["synthesis"]["status"] == "answered" and blend["strategy"] == "consensus"
    heard = events(ask(paid_credits, "blend", models=models, synthesizer="demo-large"))
    assert [one["event"] for one in heard if "event" in one] == ["source", "source", "leg", "summary", "done"]
    judged = ask(paid_credits, "judge", contestants=models, judge="demo-large", stream=False).json()
    assert judged["verdict"]["winner"] in models and len(judged["verdict"]["scores"]) == 2
    heard = events(ask(paid_credits, "judge", contestants=models, judge="demo-large"))
    assert [one["event"] for one in heard[-3:]] == ["verdict", "summary", "done"]
    assert heard[-3]["verdict"]["winner"] in models


@pytest.mark.unhurried
def test_every_answer_has_the_fields_that_the_clients_declare(paid_credits: OwnDemo) -> None:
    place = paid_credits.client.post("/api/v1/conversations").json()["id"]
    two, judge = ["demo-mini", "demo-free"], {"contestants": ["demo-large", "demo-free"], "judge": "demo-mini"}
    for path, body, shape in (
        ("chat", {"model": "demo-mini"}, CHAT), ("chat", {"model": "auto"}, CHAT),
        ("chat", {"model": "demo-flaky", "routing": {"fallback": ["demo-mini"]}}, CHAT),
        ("compare", {"models": two}, COMPARE), ("blend", {"models": two}, BLEND),
        ("blend", {"models": two, "strategy": "chain"}, BLEND), ("judge", judge, JUDGE),
    ):  # fmt: skip
        whole = ask(paid_credits, path, stream=False, conversation_id=place, **body).json()
        if path == "judge" and whole["winner_response"] is None:
            whole["winner_response"] = {"model": "", "content": ""}  # they were found equal
        assert misfits(whole, shape) == [], whole
        assert whole["conversation_id"] == place
        if path == "compare":
            assert sum(one["cost"] for one in whole["responses"]) == pytest.approx(whole["cost"])
        heard = events(ask(paid_credits, path, conversation_id=place, **body))
        assert [found for one in heard[:-1] for found in misfits(one, EVENT)] == []
        assert misfits(heard[-1], DONE) == [] and heard[-1]["conversation_id"] == place
        if path == "chat":
            assert 0 <= heard[-1]["ttft_ms"] <= heard[-1]["latency_ms"]
    assert "conversation_id" not in ask(paid_credits, "compare", models=two, stream=False).json()
    summed = paid_credits.client.get("/api/v1/usage/summary?days=1").json()
    report = paid_credits.client.get("/api/v1/optimization/report?days=1&use_policy=false&min_calls_per_model=1").json()
    for parts in (summed["by_model"], summed["by_billing_source"], report["models"]):
        assert sum(one["credits_charged"] for one in parts) == summed["credits_charged"]
        assert sum(one["cost"] for one in parts) == pytest.approx(summed["cost"])
    offered = {one["id"] for one in paid_credits.client.get("/api/v1/models").json()}
    assert report["recommended_model"] in offered and {one["model"] for one in report["models"]} <= offered

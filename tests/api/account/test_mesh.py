"""Requests that several models may answer, over real HTTP, in the words of the published clients."""

import json
from typing import Any

import httpx
import pytest

from tests.support.own_demo import OwnDemo
from tests.support.server import QUESTION


def ask(own: OwnDemo, model: str, **more: Any) -> httpx.Response:
    return own.client.post("/api/v1/chat", json={"model": model, "messages": QUESTION, **more})


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    *lines, _rest = answer.text.split("\\n")
    return [json.loads(line.strip()[5:]) for line in lines if line.strip().startswith("data:")]


@pytest.mark.unhurried
def test_auto_and_a_fallback_are_answered_and_say_how(with_credits: OwnDemo) -> None:
    whole = ask(with_credits, "auto", cost_saver=True, stream=False).json()
    assert (whole["resolved_model"], whole["optimization_goal"], whole["credits_charged"]) == ("demo-free", "cost", 1)
    assert whole["content"] and whole["auto_reason"] and whole["auto_pricing"]["prompt"] == "0"
    planned, answered, *deltas, done = events(ask(with_credits, "auto"))
    assert (planned["event"], planned["status"], answered["status"]) == ("route", "planned", "answered")
    assert "".join(one["delta"] for one in deltas) == whole["content"] and {one["leg"] for one in deltas} == {0}
    assert (done["event"], done["final_model"], done["auto_strategy"]) == ("done", "demo-free", "short")
    assert [one["status"] for one in done["trace"]] == ["answered"]


@pytest.mark.unhurried
@pytest.mark.parametrize("is_stream", [False, True])
def test_answer_history_usage_and_conversation_say_the_same_mode(paid_credits: OwnDemo, is_stream: bool) -> None:
    own = paid_credits.client
    name = own.post("/api/v1/conversations", json={}).json()["id"]
    several = {"model": "demo-free", "routing": {"fallback": ["demo-mini"]}}
    for body, mode in (
        (several, "mesh"),
        ({"model": "auto", "cost_saver": True}, "chat"),
        ({"model": "demo-free"}, "chat"),
    ):
        sent = {"messages": QUESTION, "conversation_id": name, "stream": is_stream, **body}
        answer = own.post("/api/v1/chat", json=sent)
        assert answer.status_code == 200, answer.text
        said = events(answer)[-1] if is_stream else answer.json()
        request_id = said["id"]
        seen = [said["mode"], own.get(f"/api/v1/history/{request_id}").json()["mode"],
                own.get("/api/v1/usage/recent?limit=1").json()[0]["mode"]]  # fmt: skip
        kept = own.get(f"/api/v1/conversations/{name}").json()["messages"]
        seen += [one["mode"] for one in kept if one.get("request_id") == request_id]
        assert len(seen) > 3 and set(seen) == {mode}, (body, seen)
        assert own.get(f"/api/v1/history?mode={mode}&search={request_id}").json()["total"] == 1


def test_what_is_not_open_or_not_there_refuses_a_route_before_anything_is_asked(with_credits: OwnDemo) -> None:
    for fallback, status, code in (
        (["demo-mini"], 402, "insufficient_funds"),
        (["nothing"], 404, "model_not_found"),
        (["demo-free"], 400, "invalid_value"),
        (["a", "b", "c", "d"], 400, "invalid_value"),
    ):
        refused = ask(with_credits, "demo-free", routing={"fallback": fallback})
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    locked = ask(with_credits, "demo-free", routing={"fallback": ["demo-mini"]}).json()
    assert "`demo-mini`" in locked["error"] and locked["url"].endswith("/credits/")


def test_auto_heeds_the_policy_of_its_account_where_the_request_says_nothing(with_credits: OwnDemo) -> None:
    def goal(**more: Any) -> str:
        said: str = ask(with_credits, "auto", stream=False, **more).json()["optimization_goal"]
        return said

    policy = "/api/v1/optimization/policy"
    assert goal() == "balanced"
    with_credits.client.put(policy, json={"goal": "reliability"})
    try:
        assert (goal(), goal(cost_saver=False)) == ("reliability", "reliability")
        assert (goal(optimization_goal="latency"), goal(cost_saver=True)) == ("latency", "cost")
        with_credits.client.put(policy, json={"enabled": False})
        assert goal() == "balanced"
    finally:
        with_credits.client.put(policy, json={"enabled": True, "goal": "balanced"})

"""Chat of an account over real HTTP, in the words of the published clients."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import db, settings
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limits import Limits, PaywallLimits
from tests.support import books
from tests.support.own_demo import OwnDemo, running_with_credits
from tests.support.server import QUESTION
from tests.support.waiting import wait_until

LIMITED = 429


def ask(own: OwnDemo, model: str = "demo-free", **more: Any) -> httpx.Response:
    return own.client.post("/api/v1/chat", json={"messages": QUESTION, "model": model, **more})


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.headers["content-type"].startswith("text/event-stream")
    *lines, _rest = answer.text.split("\\n")
    return [json.loads(line.strip()[5:]) for line in lines if line.strip().startswith("data:")]


@pytest.mark.unhurried
def test_an_answer_is_heard_and_paid_for_whole_or_streamed(with_credits: OwnDemo) -> None:
    def balance() -> int:
        found: int = with_credits.client.get("/api/v1/credits/balance").json()["balance"]
        return found

    before = balance()
    whole = ask(with_credits, stream=False).json()
    assert whole["content"] and (whole["credits_charged"], whole["credits_remaining"]) == (1, before - 1)
    *deltas, done = events(ask(with_credits))
    assert "".join(one["delta"] for one in deltas) == whole["content"], "the demo's answers come from the prompt alone"
    assert (done["event"], done["credits_remaining"], done["cost"]) == ("done", before - 2, 0.01)
    assert balance() == before - 2
    receipt = with_credits.client.get(f"/v1/requests/{done['id']}").json()
    assert (receipt["charge"], receipt["streamed"]) == ("1", True)


def test_what_cannot_be_answered_is_an_error_with_its_status(with_credits: OwnDemo) -> None:
    locked = ask(with_credits, "demo-mini")
    assert (locked.status_code, locked.json()["code"]) == (402, "insufficient_funds")
    assert locked.json()["url"] == f"{with_credits.demo.base_url}/credits/"
    for model, more, status in (
        ("nothing", {}, 404), ("demo-free", {"routing": {"fallback": ["x"]}}, 404),
        ("demo-free", {"routing": {"fallback": ["demo-free"]}}, 400), ("demo-free", {"messages": []}, 400),
    ):  # fmt: skip
        refused = ask(with_credits, model, **more)
        named = {"error", "code", *(["param"] if status == 400 else [])}
        assert refused.status_code == status and refused.json().keys() == named, refused.text
    apps = {"Authorization": f"Bearer {with_credits.demo.key}"}
    asked = httpx.post(f"{with_credits.demo.base_url}/api/v1/chat", json={"model": "x", "messages": QUESTION},
                       headers=apps)  # fmt: skip
    assert (asked.status_code, asked.json()["code"]) == (403, "wrong_mode")


@pytest.mark.unhurried
def test_the_operators_limits_are_a_429_that_says_when(tmp_path: Path) -> None:
    """It has credits of its own: until the limit is seen, requests are answered and paid for."""
    with running_with_credits(tmp_path, "100000") as own:
        settings.configure(data=own.demo.data)
        with db.transaction() as session:
            _, usual = read_current(session, own.credits_id)
            limits = PaywallLimits(user=Limits(requests_per_minute=1))
            books.publish(session, own.credits_id, replace(usual, limits=limits))
        db.dispose()
        wait_until(lambda: ask(own, stream=False).status_code == LIMITED)
        for stream in (True, False):
            refused = ask(own, stream=stream)
            assert (refused.status_code, refused.json()["code"]) == (LIMITED, "requests_per_minute"), refused.text
            assert refused.json().keys() == {"error", "code"} and 1 <= int(refused.headers["retry-after"]) <= 59


TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {
    "type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}}}  # fmt: skip
FORM = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": {
    "type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"],
    "additionalProperties": False}}}  # fmt: skip


@pytest.mark.parametrize("route", [{}, {"model": "auto"}])
def test_one_model_may_call_tools_and_answer_in_a_form(with_credits: OwnDemo, route: dict[str, Any]) -> None:
    called = ask(with_credits, stream=False, tools=[TOOL], tool_choice="required", **route).json()
    assert [call["function"]["name"] for call in called["tool_calls"]] == ["look_up"], called
    assert (called["finish_reason"], called["credits_charged"]) == ("tool_calls", 1)
    told = events(ask(with_credits, tools=[TOOL], tool_choice="required", **route))
    pieces = [piece["function"] for one in told for piece in one.get("tool_calls", ())]
    assert "".join(piece.get("name", "") for piece in pieces) == "look_up" and told[-1]["finish_reason"] == "tool_calls"
    shaped = ask(with_credits, stream=False, response_format=FORM, **route).json()
    assert json.loads(shaped["content"]).keys() == {"place"}

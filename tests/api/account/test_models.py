"""What credits pay for, as anybody sees it and as an account's own key uses it."""

import httpx
import pytest

from tests.support.own_demo import OwnDemo
from tests.support.server import QUESTION


def test_anybody_sees_what_credits_pay_for(with_credits: OwnDemo) -> None:
    assert with_credits.credits_id == "pw_credits_sandbox"
    listed = httpx.get(f"{with_credits.demo.base_url}/api/v1/models").json()
    assert {one["id"]: one["is_free"] for one in listed} == {
        "demo-mini": False, "demo-large": False, "demo-free": True, "demo-flaky": False,
    }  # fmt: skip
    mini = next(one for one in listed if one["id"] == "demo-mini")
    assert mini["pricing"]["prompt"] == "18", "15 credits a million tokens, and the demo's markup"
    assert {one["id"] for one in with_credits.client.get("/v1/models").json()["data"]} == {one["id"] for one in listed}


@pytest.mark.unhurried
def test_an_accounts_key_chats_with_free_credits_and_reads_its_own_receipt(with_credits: OwnDemo) -> None:
    own, demo = with_credits.client, with_credits.demo

    def ask(model: str, **headers: str) -> httpx.Response:
        body = {"model": model, "user": "somebody-else", "messages": QUESTION}
        return own.post("/v1/chat/completions", json=body, headers=headers)

    locked = ask("demo-mini")
    assert (locked.status_code, locked.headers["x-paywall-action"]) == (200, "topup")
    said = locked.json()
    assert said["paywall"]["url"] == f"{demo.base_url}/credits/"
    assert "opens with your first top-up" in said["choices"][0]["message"]["content"]
    before = own.get("/api/v1/credits/balance").json()["balance"]
    paywall = ask("demo-free").json()["paywall"]
    assert (paywall["charge"], paywall["balance"], paywall["unit"]) == ("1", f"{before - 1}000000", "CREDIT")
    receipt = own.get(f"/v1/requests/{paywall['request_id']}").json()
    assert (receipt["charge"], receipt["minimum"], receipt["split"]) == ("1", "1", None)
    assert demo.get(f"/requests/{paywall['request_id']}").status_code == 404
    for path in ("/user/balance?user=ada", "/requests", "/ledger"):
        refused = own.get(f"/v1{path}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "wrong_mode")


def test_a_rate_limit_can_be_asked_for_in_the_sandbox(with_credits: OwnDemo) -> None:
    body = {"model": "demo-free", "messages": QUESTION, "user": "ada"}

    def asked(wanted: str, key: str) -> httpx.Response:
        headers = {"X-Paywall-Simulate": wanted, "Authorization": f"Bearer {key}"}
        return httpx.post(f"{with_credits.demo.api_base}/chat/completions", json=body, headers=headers)

    key = with_credits.client.headers["authorization"].removeprefix("Bearer ")
    for each in (key, with_credits.demo.key):
        limited = asked("rate_limit", each)
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
        wrong = asked("fire", each)
        assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "X-Paywall-Simulate")

"""Each field of each body of the account API, and of an order, with what should not stand there.

It is taken, or refused by its name; nothing falls over, and nothing stays held.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.own_demo import OwnDemo

SAID = [{"role": "user", "content": "Hi"}]
SHORT = {"messages": SAID, "stream": False, "max_tokens": 1}
TWO = ["demo-mini", "demo-free"]
BODIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/api/v1/chat", {**SHORT, "model": "demo-mini", "temperature": 1, "cost_saver": False,
                              "optimization_goal": "cost", "conversation_id": None, "tools": None,
                              "routing": {"fallback": ["demo-free"], "strategy": "cost", "fallback_on": []}}),
    ("POST", "/api/v1/compare", {**SHORT, "models": TWO, "own_messages": None, "conversation_id": None}),
    ("POST", "/api/v1/blend", {**SHORT, "models": TWO, "strategy": "chain", "synthesizer": None, "layers": None}),
    ("POST", "/api/v1/judge", {**SHORT, "contestants": TWO, "judge": "demo-large", "criteria": ["short"]}),
    ("POST", "/api/v1/credits/purchase", {"amount_usd": 5}),
    ("POST", "/api/v1/credits/purchase", {"pack_id": "usd_5"}),
    ("POST", "/api/v1/credits/confirm-checkout", {"session_id": "top_1"}),
    ("PUT", "/api/v1/credits/auto-topup",
     {"enabled": True, "threshold_credits": 300, "amount_usd": 10, "monthly_cap_usd": 200}),
    ("PUT", "/api/v1/optimization/policy", {"enabled": True, "goal": "balanced", "days": 30}),
    ("PUT", "/api/v1/settings/copilot", {"goal": "x", "onboarded": True, "checklist": {"a": True}}),
    ("PUT", "/api/v1/settings/privacy", {"data_training_opt_in": False, "zero_retention_mode": False}),
    ("PUT", "/api/v1/settings/keys", {"keys": {"openai": "a b"}}),
    ("POST", "/v1/orders", {"name": "Book", "billing_source": "platform", "metadata": {"a": 1}}),
)  # fmt: skip
WRONG = ("true", "18446744073709551616", '"\\ud800"', '["x", "\\ud800"]', '{"a": {"b": []}}', "NaN")
OF_THE_WHOLE = {"invalid_json", "repeated_key"}
"""The codes of what is wrong with a body as JSON, whichever field it stands in."""
WHOLE = (b"null", b"{", b'{"a": 1, "a": 2}', b'{"no such field": 1}')


def requests() -> Iterator[tuple[str, str, str, bytes]]:
    for method, path, body in BODIES:
        for field in body:
            for wrong in WRONG:
                others = {name: value for name, value in body.items() if name != field}
                yield method, path, field, f'{json.dumps(others)[:-1]}, "{field}": {wrong}}}'.encode()
        yield from ((method, path, "", raw) for raw in WHOLE)


def fault(answer: httpx.Response, field: str) -> str:
    """Returns what is wrong with an answer, "" for nothing."""
    if not answer.headers.get("x-request-id"):
        return "no request id"
    if answer.status_code < 400:
        return ""
    if answer.status_code >= 500:
        return "it fell over"
    said = answer.json()
    said = said["error"] | {"error": said["error"]["message"]} if isinstance(said["error"], dict) else said
    if not said["error"].endswith((".", "#auto-top-up", "/settings/")) or not said["code"]:
        return "no sentence with a code"
    is_named = answer.status_code != 400 or said["code"] in OF_THE_WHOLE or not field
    return "" if is_named or str(said.get("param", "")).startswith(field) else "the field is not named"


@pytest.mark.unhurried
def test_what_should_not_stand_in_a_field_is_refused_by_its_name_and_leaves_nothing(paid_credits: OwnDemo) -> None:
    own = paid_credits.client
    found = []
    for method, path, field, body in requests():
        answer = own.request(method, path, content=body, headers={"Content-Type": "application/json"})
        if why := fault(answer, field):
            found.append((why, answer.status_code, method, path, field, body[-80:], answer.text[:200]))
    assert not found, found[:20]
    own.put("/api/v1/settings/privacy", json={"zero_retention_mode": False})  # `true` is what it may be
    assert own.get("/api/v1/credits/wallet").json()["held"] == 0
    lines = [
        own.get(f"/api/v1/credits/transactions?limit=100&offset={offset}").json() for offset in range(0, 2_000, 100)
    ]
    assert sum(line["amount"] for page in lines for line in page) == own.get("/api/v1/credits/wallet").json()["balance"]

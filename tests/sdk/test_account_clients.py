"""The published clients of the account API (`llmwise` 0.1.2 of PyPI and npm), unmodified, base URL and key changed.

Slow, because npm fetches one of them: only the clients themselves show that they read what is answered.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llmwise import AsyncLLMWise, LLMWise, LLMWiseError

from tests.support.client_types import BLEND, CHAT, COMPARE, DONE, JUDGE, misfits
from tests.support.own_demo import OwnDemo, running_with_credits

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
MODEL = "demo-free"
MESSAGES: list[Any] = [{"role": "user", "content": 'Say €, a \\nut and\n"quotes".'}]
SMOKE: dict[str, tuple[str, dict[str, Any]]] = {
    "models": ("/models", {}),
    "credits_balance": ("/credits/balance", {}),
    "credits_wallet": ("/credits/wallet", {}),
    "credits_transactions": ("/credits/transactions", {"limit": 5}),
    "credits_packs": ("/credits/packs", {}),
    "usage_summary": ("/usage/summary", {}),
    "usage_recent": ("/usage/recent", {"days": 1, "limit": 3}),
    "conversations": ("/conversations", {"limit": 3, "offset": 0}),
    "history": ("/history", {"limit": 3, "offset": 0}),
    "keys_info": ("/keys/info", {}),
    "memory_list": ("/memory", {"limit": 3}),
    "memory_search": ("/memory/search", {"q": "platform", "top_k": 2}),
    "optimization_policy": ("/optimization/policy", {}),
    "optimization_report": ("/optimization/report", {"days": 1, "goal": "balanced"}),
    "settings_keys": ("/settings/keys", {}),
    "settings_privacy": ("/settings/privacy", {}),
    "settings_copilot_state": ("/settings/copilot", {}),
}
"""What both clients' smoke scripts read, and two lists beside: the method, its path, and what it is asked with."""
ARRAYS = {"models", "credits_transactions", "credits_packs", "usage_recent"}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDemo]:
    with running_with_credits(tmp_path_factory.mktemp("clients")) as started:
        yield started


@pytest.fixture(scope="module")
def key(own: OwnDemo) -> str:
    return str(own.client.headers["authorization"]).removeprefix("Bearer ")


@pytest.fixture(scope="module")
def client(own: OwnDemo, key: str) -> Iterator[LLMWise]:
    with LLMWise(key, base_url=own.demo.base_url) as made:
        yield made


@pytest.fixture(scope="module")
def there(own: OwnDemo) -> list[str]:
    """What of the smoke scripts is served: whatever the API's own document has."""
    paths = own.client.get("/openapi.json").json()["paths"]
    return [name for name, (path, _) in SMOKE.items() if f"/api/v1{path}" in paths]


def kind(answer: object) -> str:
    return "array" if isinstance(answer, list) else "object" if isinstance(answer, dict) else type(answer).__name__


async def test_the_smoke_script_passes_in_python_sync_and_async(
    own: OwnDemo, client: LLMWise, key: str, there: list[str]
) -> None:
    assert len(there) >= 13
    expected = {name: "array" if name in ARRAYS else "object" for name in there}
    assert {name: kind(getattr(client, name)(**SMOKE[name][1])) for name in there} == expected
    async with AsyncLLMWise(key, base_url=own.demo.base_url) as waiting:
        assert {name: kind(await getattr(waiting, name)(**SMOKE[name][1])) for name in there} == expected


def test_a_refusal_is_the_clients_own_error(client: LLMWise) -> None:
    for call, status, code in (
        (client.generate_api_key, 403, "session_required"), (client.optimization_snapshots, 501, "not_offered"),
        (lambda: client.optimization_test_run_csv("x"), 501, "not_offered"),
        (lambda: client.credits_update_auto_topup(enabled=True), 403, "consent_required"),
        (lambda: client.chat(model="nothing", messages=MESSAGES), 404, "model_not_found"),
        (lambda: client.credits_purchase(pack_id="none"), 400, "invalid_value"),
    ):  # fmt: skip
        with pytest.raises(LLMWiseError) as refused:
            call()
        assert (refused.value.status_code, (refused.value.payload or {})["code"]) == (status, code), refused.value


def test_both_clients_hear_the_same_and_what_they_change_stays(
    own: OwnDemo, client: LLMWise, key: str, node_folder: Path, there: list[str]
) -> None:
    done = subprocess.run([BIN / "node", "account.mjs", own.demo.base_url, key, MODEL, *there], cwd=node_folder,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen["reads"] == {name: "array" if name in ARRAYS else "object" for name in there}
    whole, events = (
        client.chat(model=MODEL, messages=MESSAGES),
        list(client.chat_stream(model=MODEL, messages=MESSAGES)),
    )
    own_sums = ("id", "credits_remaining", "latency_ms", "ttft_ms", "tokens_per_second")
    assert [{**event, **dict.fromkeys(own_sums)} for event in events] == [
        {**event, **dict.fromkeys(own_sums)} for event in seen["events"]
    ]
    assert whole["content"] == seen["whole"]["content"] == "".join(event.get("delta", "") for event in events)
    assert events[-1]["event"] == "done" and events[-1]["credits_charged"] == 1
    for answer, heard in ((whole, events), (seen["whole"], seen["events"])):
        assert misfits(answer, CHAT) == misfits(heard[-1], DONE) == []
    panels = seen["panels"]
    shapes = {"compare": COMPARE, "blend": BLEND, "judge": JUDGE}
    panels["judge"]["winner_response"] = panels["judge"]["winner_response"] or {"model": "", "content": ""}
    assert [one for name, shape in shapes.items() for one in misfits(panels[name], shape, name)] == []
    assert (seen["purchase"]["credits"], seen["confirmed"]["status"]) == (500, "pending")
    assert client.credits_confirm_checkout(session_id=seen["purchase"]["session_id"])["status"] == "pending"
    assert client.settings_copilot_state() == seen["copilot"]
    asked = client.settings_ask_copilot(question="How do I connect Stripe?", path="/settings", context={"page": "x"})
    assert asked == seen["asked"] and asked["found"] and "Stripe" in asked["answer"] and asked["citations"]
    assert client.optimization_policy() == seen["policy"] and seen["policy"]["goal"] == "cost"
    assert (seen["cleared"]["deleted"], seen["off"]["enabled"]) == (0, False)
    assert {name: found["status"] for name, found in seen["failures"].items()} == {
        "consent": 403, "session": 403, "offered": 501, "model": 404,
    }  # fmt: skip


def test_at_last_the_key_ends_itself(own: OwnDemo, client: LLMWise) -> None:
    assert client.revoke_api_key() == {"revoked": True}
    with pytest.raises(LLMWiseError) as refused:
        client.chat(model=MODEL, messages=MESSAGES)
    assert refused.value.status_code == 401

"""What every answer carries."""

import gc
import weakref
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest

from app.api.serving.asgi import dispatcher
from app.api.serving.http import create_api
from app.api.v1.chat import is_chat
from tests.support.server import Demo


@pytest.mark.unhurried
@pytest.mark.parametrize("path", ["/v1/models", "/v1/user/balance", "/v1/nothing", "/healthz", "/docs", "/nowhere"])
def test_every_answer_has_a_request_id_of_ours(demo: Demo, path: str) -> None:
    answer = httpx.get(demo.base_url + path, headers=demo.headers(X_Request_Id="mine-7"))
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["x-client-request-id"] == "mine-7"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_the_clients_own_id_is_kept_with_the_request(demo: Demo) -> None:
    body = {"model": "ok", "user": demo.new_user(), "messages": [{"role": "user", "content": "x"}]}
    answer = demo.post("/chat/completions", body, X_Request_Id="mine-8")
    assert answer.headers["x-client-request-id"] == "mine-8"
    assert demo.receipt(answer.headers["x-request-id"])["client_request_id"] == "mine-8"


@pytest.mark.parametrize("theirs", [b"x" * 201, "ключ".encode()])
def test_an_id_that_is_none_is_neither_kept_nor_echoed(demo: Demo, theirs: bytes) -> None:
    user = demo.new_user()
    headers = [*((name.encode(), text.encode()) for name, text in demo.headers().items()), (b"x-request-id", theirs)]
    body = {"model": "ok", "user": user, "messages": [{"role": "user", "content": "x"}]}
    for path, content in (("/chat/completions", body), ("/user/charge", {"user": user, "amount": "0.1"})):
        answer = httpx.post(demo.api_base + path, json=content, headers=headers)
        request_id = answer.headers["x-request-id"] if path.startswith("/chat") else answer.json()["id"]
        assert answer.status_code == 200 and "x-client-request-id" not in answer.headers
        assert demo.receipt(request_id)["client_request_id"] is None


def test_ids_of_requests_are_all_different(demo: Demo) -> None:
    ids = {demo.get("/models").headers["x-request-id"] for _ in range(20)}
    assert len(ids) == 20


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/chat/completions", True),
        ("/v1/ada/chat/completions", True),
        ("/v1/user/chat/completions", False),
        ("/v1//chat/completions", False),
        ("/v1/a/b/chat/completions", False),
        ("/v1/chat/completions/x", False),
        ("/v2/ada/chat/completions", False),
        ("/v1/models", False),
    ],
)
def test_chat_paths_are_told_from_others(path: str, expected: bool) -> None:
    assert is_chat(path) is expected


class Cycle:
    """One request as its server has it, which knows its scope and is known by `send`, as uvicorn's does."""

    def __init__(self) -> None:
        headers = [(b"authorization", b"Bearer sk-unknown")]
        self.scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers}
        self.sent: list[MutableMapping[str, Any]] = []

    async def receive(self) -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)


@pytest.mark.unhurried
async def test_a_request_that_has_ended_is_gone_without_a_search_for_cycles(database: str) -> None:
    dispatch = dispatcher(create_api())
    cycle = Cycle()
    gc.collect()
    gc.disable()
    try:
        await dispatch(cycle.scope, cycle.receive, cycle.send)
        assert cycle.sent[0]["status"] == 401
        seen = weakref.ref(cycle)
        del cycle
        assert seen() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "path",
    ["/v1/requests/req_%00", "/v1/%00/user/balance", "/v1/user/balance?user=a%00", "/v1/requests?model=%00&user=a",
     "/v1/ledger?cursor=%00", "/v1/models/%00", "/v1/webhooks/subscriptions/%00", "/v1/webhooks/logs?before=%00",
     "/v1/user/connect?user=ada&state=%00", "/auth/oidc/%00", "/auth/oidc/x/callback?state=%00", "/%00"],
)  # fmt: skip
def test_an_address_with_nul_is_refused_before_any_database_sees_it(demo: Demo, path: str) -> None:
    answer = httpx.get(demo.base_url + path, headers=demo.headers())
    # In a path the parser refuses it already, in a query we do.
    code = "invalid_address" if "?" in path else "malformed_request"
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)

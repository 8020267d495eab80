"""What every answer carries."""

import pytest

from app.api.chat import is_chat
from tests.server import Demo


@pytest.mark.parametrize("path", ["/v1/models", "/v1/user/balance", "/v1/nothing", "/healthz", "/docs", "/nowhere"])
def test_every_answer_has_a_request_id_of_ours(demo: Demo, path: str) -> None:
    import httpx

    answer = httpx.get(demo.base_url + path, headers=demo.headers(X_Request_Id="mine-7"))
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["x-client-request-id"] == "mine-7"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert "access-control-allow-origin" not in answer.headers


def test_the_clients_own_id_is_kept_with_the_request(demo: Demo) -> None:
    body = {"model": "ok", "user": demo.new_user(), "messages": [{"role": "user", "content": "x"}]}
    answer = demo.post("/chat/completions", body, X_Request_Id="mine-8")
    assert answer.headers["x-client-request-id"] == "mine-8"
    assert demo.receipt(answer.headers["x-request-id"])["client_request_id"] == "mine-8"


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

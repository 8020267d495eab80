"""What a path answers to a method that it does not have, and to HEAD."""

import httpx
import pytest

from app.api.serving.http import create_api
from tests.support.server import Demo

ALLOWED = {
    "/v1/chat/completions": "POST",
    "/v1/ada/chat/completions": "POST",
    "/v1/models": "GET, HEAD",
    "/v1/models/demo-mini": "GET, HEAD",
    "/v1/user/charge": "POST",
    "/v1/ada/user/charge": "POST",
    "/v1/user/disconnect": "GET, HEAD, POST",
    "/v1/user/balance": "GET, HEAD",
    "/v1/requests/req_1": "GET, HEAD",
    "/v1/webhooks/subscriptions": "GET, HEAD, POST",
    "/v1/webhooks/subscriptions/whs_1": "DELETE, GET, HEAD, PATCH",
    "/v1/webhooks/logs/whd_1/replay": "POST",
    "/api/v1/chat": "POST",
    "/api/v1/judge": "POST",
    "/api/v1/models": "GET, HEAD",
    "/healthz": "GET, HEAD",
    "/docs": "GET, HEAD",
    "/openapi.json": "GET, HEAD",
    "/auth/email": "POST",
    "/auth/oidc/google": "GET, HEAD, POST",
    "/manage/paywalls/pw_1/stripe": "POST",
    "/manage/paywalls/pw_1/responder": "POST",
    "/manage/draft/make": "POST",
    "/stripe/webhook/con_1": "POST",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.mark.unhurried
@pytest.mark.parametrize("path", ALLOWED)
def test_a_method_that_is_not_there_is_refused_with_those_that_are(demo: Demo, path: str) -> None:
    allowed = ALLOWED[path].split(", ")
    with httpx.Client(base_url=demo.base_url) as client:
        for method in METHODS:
            answer = client.request(method, path, headers=demo.headers())
            if method not in allowed:
                assert (answer.status_code, answer.headers["allow"]) == (405, ALLOWED[path]), method
                if method != "HEAD":
                    said = answer.json() if path.startswith("/api/v1/") else answer.json()["error"]
                    assert said["code"] == "method_not_allowed"
            else:
                assert answer.status_code != 405 and "allow" not in answer.headers, method


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/v1/chat/completions", "/v1/user/chat/completions", "/nowhere"])
def test_where_nothing_lives_no_method_is_allowed(demo: Demo, path: str) -> None:
    for method in METHODS:
        answer = httpx.request(method, demo.base_url + path, headers=demo.headers())
        assert answer.status_code == 404 and "allow" not in answer.headers, method


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/models/nothing", "/v1/user/balance?user=ada", "/v1/requests", "/v1/ada/user/menu",
             "/healthz", "/readyz", "/reserves.json", "/docs", "/openapi.json"],
)  # fmt: skip
def test_head_says_what_get_does_without_the_body(demo: Demo, path: str) -> None:
    got = httpx.get(demo.base_url + path, headers=demo.headers())
    head = httpx.head(demo.base_url + path, headers=demo.headers())
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("content-type", "content-length"):
        assert head.headers.get(name) == got.headers.get(name)


@pytest.mark.unhurried
def test_a_head_leaves_the_connection_as_it_was(demo: Demo) -> None:
    with httpx.Client(base_url=demo.base_url, headers=demo.headers()) as client:
        for _ in range(3):
            assert client.head("/v1/models").content == b""
            assert client.get("/v1/models").json()["object"] == "list"


def test_a_list_with_a_slash_behind_it_is_no_model_without_a_name(demo: Demo) -> None:
    for path in ("/models/", "/ada/models/", "/requests/", "/user/balance/"):
        answer = demo.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
        assert "``" not in answer.text and f"/v1{path}".removeprefix("/v1/ada") in answer.text


def test_other_sites_are_told_nothing(demo: Demo) -> None:
    for method, path in (("OPTIONS", "/v1/chat/completions"), ("OPTIONS", "/v1/models"), ("GET", "/v1/models")):
        for origin in (demo.base_url, "https://evil.example"):
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = httpx.request(method, demo.base_url + path, headers=demo.headers() | asked)
            assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.unhurried
def test_every_route_stands_in_the_table() -> None:
    known = create_api().state.methods
    assert known.at("/v1/ledger") == ["GET", "HEAD"]
    assert known.at("/v1/ada/ledger") == ["GET", "HEAD"]
    assert known.at("/v1/v1/ledger") == []
    assert known.at("/api/v1/chat") == ["POST"]
    assert known.first_words == {
        "v1",
        "api",
        "auth",
        "docs",
        "healthz",
        "icons",
        "readyz",
        "reserves.json",
        "metrics",
        "openapi.json",
        "play",
        "talk",
        "manage",
        "stripe",
    }

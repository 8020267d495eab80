"""The API as a whole: unknown paths, wrong methods, its own description."""

import httpx
import pytest

from tests.support.server import Demo


def test_an_unknown_path_is_not_found_in_the_apis_own_shape(demo: Demo) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = httpx.request(method, f"{demo.api_base}/nothing/here", headers=demo.headers())
        assert answer.status_code == 404
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_a_wrong_method_is_refused(demo: Demo) -> None:
    for method, path in (("GET", "/chat/completions"), ("POST", "/user/balance"), ("GET", "/user/charge")):
        answer = httpx.request(method, demo.api_base + path, headers=demo.headers())
        assert answer.status_code in (404, 405)
        assert "error" in answer.json()


def test_a_query_that_cannot_be_is_named(demo: Demo) -> None:
    answer = demo.get("/user/balance?user=" + "x" * 129)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "user")


@pytest.mark.unhurried
def test_the_description_lists_the_paths_once(demo: Demo) -> None:
    paths = httpx.get(f"{demo.base_url}/openapi.json").json()["paths"]
    assert {"/v1/user/balance", "/v1/user/charge", "/v1/models", "/v1/requests/{request_id}"} <= set(paths)
    assert not any("path_user" in path for path in paths)

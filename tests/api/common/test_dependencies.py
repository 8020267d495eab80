"""The three ways to name a user, and who may call at all."""

import httpx
import pytest

from tests.support.server import QUESTION, Demo


def test_body_comes_before_header_and_header_before_url(demo: Demo) -> None:
    body, header, path = (demo.new_user("3") for _ in range(3))
    request = {"model": "ok", "messages": QUESTION}
    demo.post(f"/{path}/chat/completions", {**request, "user": body}, X_Paywall_User=header).raise_for_status()
    assert (demo.spendable(body) < 3, demo.spendable(header), demo.spendable(path)) == (True, 3, 3)
    demo.post(f"/{path}/chat/completions", request, X_Paywall_User=header).raise_for_status()
    assert (demo.spendable(header) < 3, demo.spendable(path)) == (True, 3)
    demo.post(f"/{path}/chat/completions", request).raise_for_status()
    assert demo.spendable(path) < 3


def test_every_path_exists_under_a_user_too(demo: Demo) -> None:
    user = demo.new_user("3")
    assert demo.get(f"/{user}/user/balance").json()["spendable"] == "3"
    assert demo.post(f"/{user}/user/charge", {"amount": "1"}).json()["success"]
    assert demo.get(f"/{user}/models").json()["data"]


@pytest.mark.parametrize("word", ["user", "models", "chat", "requests", "orders", "ledger", "webhooks", "manage"])
def test_first_words_of_paths_are_no_users_in_the_url(demo: Demo, word: str) -> None:
    assert demo.post(f"/{word}/chat/completions", {"model": "ok", "messages": QUESTION}).status_code in (404, 405)
    assert demo.get(f"/{word}/user/balance").status_code == 404
    assert demo.get(f"/user/balance?user={word}").status_code == 200


@pytest.mark.parametrize("user", ["", "a b", "a/b", "x" * 129, "ü", "a\u0000"])
def test_a_user_that_cannot_be_is_refused(demo: Demo, user: str) -> None:
    answer = demo.post("/user/charge", {"user": user, "amount": "1"})
    assert (answer.status_code, answer.json()["error"]["param"], answer.json()["error"]["code"]) == (
        400, "user", "invalid_user",
    )  # fmt: skip


def test_no_user_at_all_says_how_to_name_one(demo: Demo) -> None:
    for answer in (demo.get("/user/balance"), demo.post("/user/charge", {"amount": "1"})):
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "user_required")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer nonsense", "Basic abc", "Bearer sk-coinslot-test-" + "0" * 49, "Bearer sk-proj-123"],
)
@pytest.mark.parametrize("path", ["/chat/completions", "/user/charge"])
def test_a_key_that_is_none_is_refused_before_the_body_is_read(
    demo: Demo, authorization: str | None, path: str
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.post(demo.api_base + path, content=b"{not json", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    assert answer.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize("path", ["/models", "/user/balance?user=nobody"])
def test_a_key_goes_with_bearer_and_nothing_else(demo: Demo, path: str) -> None:
    for scheme, status in (("Bearer ", 200), ("Basic ", 401), ("bearer ", 200), ("", 401)):
        headers = {"Authorization": f"{scheme}{demo.key}"}
        assert httpx.get(demo.api_base + path, headers=headers).status_code == status

"""What the head of a request says twice."""

import httpx
import pytest

from app.api.common.heads import check_headers, check_query
from app.domain.errors import BadField
from tests.support.server import QUESTION, Demo

ROUTES = (
    ("POST", "/v1/chat/completions"), ("POST", "/v1/ada/chat/completions"), ("GET", "/v1/models"),
    ("GET", "/v1/user/balance?user=ada"), ("POST", "/v1/user/charge"), ("GET", "/v1/requests"), ("GET", "/v1/nothing"),
    ("GET", "/healthz"), ("POST", "/auth/email"),
)  # fmt: skip
REPEATED = (
    ("X-Paywall-User", "ada", "bob"), ("x-paywall-errors", "http", "message"),
    ("X-Paywall-Billing", "platform", "byok"),
    ("X-Paywall-Session", "one", "two"), ("x-paywall-agent", "one", "two"), ("X-Paywall-Order", "one", "two"),
    ("X-Paywall-Return-Url", "https://a.example", "https://b.example"), ("X-Paywall-Anything", "1", "2"),
    ("Idempotency-Key", "one", "two"), ("Authorization", "Bearer one", "Bearer two"),
    ("Content-Type", "text/plain", "application/json"), ("X-Request-Id", "one", "two"),
    ("Origin", "https://a.example", "https://b.example"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_header_with_two_values_is_refused_on_every_route(demo: Demo, method: str, path: str) -> None:
    body = b'{"model": "ok", "amount": "1", "messages": [{"role": "user", "content": "x"}]}'
    with httpx.Client(base_url=demo.base_url) as client:
        for name, one, two in REPEATED:
            own = [(key, value) for key, value in demo.headers().items() if key.lower() != name.lower()]
            answer = client.request(method, path, headers=[*own, (name, one), (name, two)],
                                    content=body if method == "POST" else None)  # fmt: skip
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (400, "repeated_header"), (name, answer.text)
            assert error["param"].lower() == name.lower()
            assert answer.headers["x-request-id"].startswith("req_")


def test_the_same_value_twice_says_one_thing(demo: Demo) -> None:
    user = demo.new_user()
    twice = [*demo.headers().items(), ("X-Paywall-User", user), ("X-Paywall-User", user)]
    answer = httpx.post(f"{demo.api_base}/chat/completions", json={"model": "ok", "messages": QUESTION}, headers=twice)
    assert answer.status_code == 200
    assert demo.receipt(answer.headers["x-request-id"])["user"] == user


def test_headers_that_are_lists_may_come_in_pieces(demo: Demo) -> None:
    pieces = [*demo.headers().items(), ("Accept", "text/html"), ("Accept", "application/json"), ("Cookie", "a=1"),
              ("Cookie", "b=2"), ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "5.6.7.8")]  # fmt: skip
    assert httpx.get(f"{demo.api_base}/models", headers=pieces).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/user/balance?user=ada&user=bob", "/requests?user=ada&user=", "/ledger?limit=1&limit=2", "/ada/models?x=1&x=2"],
)
def test_a_parameter_with_two_values_is_refused(demo: Demo, path: str) -> None:
    answer = demo.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "repeated_parameter")


def test_what_is_repeated_is_named() -> None:
    with pytest.raises(BadField) as header:
        check_headers([(b"content-length", b"1"), (b"accept", b"a"), (b"accept", b"b"), (b"content-length", b"2")])
    with pytest.raises(BadField) as parameter:
        check_query(b"us%65r=ada&limit=1&user=bob")
    assert (header.value.field, parameter.value.field) == ("Content-Length", "user")
    check_query(b"user=ada&limit=1&user=ada")

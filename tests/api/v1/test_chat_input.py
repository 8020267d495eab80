"""Chat requests that cannot be: the field is named, and nothing is written."""

from fractions import Fraction

import httpx
import pytest

from tests.support.server import QUESTION, Demo

BAD_BODIES: list[tuple[str, bytes, str | None, str]] = [
    ("malformed", b'{"model": ', None, "invalid_json"),
    ("not an object", b"[]", None, "invalid_value"),
    ("no UTF-8", b'{"model": "\xff"}', None, "invalid_json"),
    ("NaN", b'{"model": "ok", "temperature": NaN}', None, "invalid_json"),
    ("too large a number", b'{"model": "ok", "temperature": 1e999}', None, "invalid_json"),
    ("deep", b'{"a":' * 100_000, None, "invalid_json"),
    ("repeated key", b'{"model": "ok", "model": "big"}', "model", "repeated_key"),
    ("repeated key inside", b'{"model": "ok", "messages": [{"role": "user", "role": "x"}]}', "role", "repeated_key"),
    ("no model", b'{"messages": [{}]}', "model", "missing_required_parameter"),
    ("model is a number", b'{"model": 1, "messages": [{}]}', "model", "invalid_value"),
    ("no messages", b'{"model": "ok"}', "messages", "missing_required_parameter"),
    ("no message", b'{"model": "ok", "messages": []}', "messages", "invalid_value"),
    ("n is too large", b'{"model": "ok", "messages": [{}], "n": 1000}', "n", "invalid_value"),
    ("max_tokens is a text", b'{"model": "ok", "messages": [{}], "max_tokens": "9"}', "max_tokens", "invalid_value"),
    ("stream is a text", b'{"model": "ok", "messages": [{}], "stream": "yes"}', "stream", "invalid_value"),
    ("options alone", b'{"model": "ok", "messages": [{}], "stream_options": {}}', "stream_options", "invalid_value"),
    ("half a surrogate pair", b'{"model": "ok", "messages": [{"content": "\\ud800"}]}', "messages", "invalid_value"),
    ("beyond 64 bits", b'{"model": "ok", "messages": [{}], "seed": 99999999999999999999}', "seed", "invalid_value"),
    ("user is a number", b'{"model": "ok", "messages": [{}], "user": 7}', "user", "invalid_user"),
    ("user has a space", b'{"model": "ok", "messages": [{}], "user": "a b"}', "user", "invalid_user"),
    ("no user", b'{"model": "ok", "messages": [{"role": "user", "content": "x"}]}', "user", "user_required"),
]


@pytest.mark.parametrize(
    ("content", "param", "code"), [case[1:] for case in BAD_BODIES], ids=[c[0] for c in BAD_BODIES]
)
def test_bad_input_names_the_field_and_writes_nothing(demo: Demo, content: bytes, param: str | None, code: str) -> None:
    before = demo.rows()
    answer = demo.post("/chat/completions", content=content)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, param, code)
    assert error["type"] == "invalid_request_error" and error["message"].endswith(".")
    assert demo.rows() == before


def test_an_unknown_model_is_not_found(demo: Demo) -> None:
    answer = demo.chat("no-such-model", demo.new_user())
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_a_body_over_the_limit_is_refused_by_its_length_and_by_its_bytes(demo: Demo) -> None:
    big = b'{"model": "ok", "x": "' + b"x" * 20_000_001 + b'"}'
    by_length = demo.post("/chat/completions", content=big)
    by_bytes = httpx.post(
        f"{demo.api_base}/chat/completions", headers=demo.headers(), timeout=60,
        content=(big[start : start + 1_000_000] for start in range(0, len(big), 1_000_000)),
    )  # fmt: skip
    for answer in (by_length, by_bytes):
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


def test_an_image_is_held_at_its_bound_and_charged_by_what_it_used(demo: Demo) -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    answer = demo.chat("ok", demo.new_user(), messages=[{"role": "user", "content": [part]}], max_tokens=100)
    receipt = demo.receipt(answer.headers["x-request-id"])
    assert answer.status_code == 200
    assert Fraction(receipt["charge"]) < Fraction("0.001") < Fraction("0.01") < Fraction(receipt["hold"])


def test_who_asks_for_the_users_own_key_is_refused_and_not_charged_instead(demo: Demo) -> None:
    user = demo.new_user()
    body = {"model": "ok", "user": user, "messages": QUESTION}
    asked = {
        source: httpx.post(f"{demo.api_base}/chat/completions", json=body, timeout=60,
                           headers=demo.headers(X_Paywall_Billing=source))
        for source in ("byok", "platform")
    }  # fmt: skip
    error = asked["byok"].json()["error"]
    assert (asked["byok"].status_code, error["param"], error["code"]) == (
        400, "X-Paywall-Billing", "unsupported_billing",
    )  # fmt: skip
    assert asked["platform"].status_code == 200 and demo.held(user) == 0


BAD_WAYS = {
    "a foreign origin": ("X-Paywall-Return-Url", "https://evil.example/back"),
    "no URL": ("X-Paywall-Return-Url", "nowhere"),
    "a script": ("X-Paywall-Return-Url", "javascript:alert(1)"),
    "a broken host": ("X-Paywall-Return-Url", "https://["),
    "a long state": ("X-Paywall-State", "s" * 1_100),
}


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(("name", "value"), BAD_WAYS.values(), ids=BAD_WAYS)
def test_a_way_back_that_cannot_be_is_refused_before_anything_is_held(
    demo: Demo, name: str, value: str, is_stream: bool, key: str | None
) -> None:
    body = {"model": "ok", "user": demo.new_user("0.004"), "messages": QUESTION, "stream": is_stream}
    before = demo.rows()
    headers = {**demo.headers(), name: value, **({"Idempotency-Key": f"{name}{value[:30]}"} if key else {})}
    answer = httpx.post(f"{demo.api_base}/chat/completions", json=body, timeout=60, headers=headers)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, name, "invalid_value")
    assert name in error["message"] and demo.rows() == before

"""What a developer may ask of a subscription."""

import base64
from typing import Any

import pytest

from app.domain.errors import BadField
from app.domain.events import checks
from app.domain.key_text import make_signing_secret


def test_what_is_good_stays_as_it_is() -> None:
    secret = make_signing_secret()
    assert checks.check_secret(secret) == secret
    assert checks.check_url("https://app.example/hooks?x=1", is_live=True) == "https://app.example/hooks?x=1"
    assert checks.check_url("http://app.example:9000/", is_live=False)
    assert checks.check_description(None) is None and checks.check_description("Ünser") == "Ünser"
    assert checks.check_headers(None) == {} and checks.check_headers({"X-A": "", "Authorization": "Bearer x"})
    assert checks.check_overlap(None, 7) == 7 and checks.check_overlap(0, 7) == 0
    assert checks.check_overlap(7 * 24 * 3600, 1) == 7 * 24 * 3600


@pytest.mark.parametrize("value", [None, 1, "", "whsec_", "secret-of-more-than-16", "whsec_ü", "whsec_AAAA",
                                   f"whsec_{base64.b64encode(bytes(65)).decode()}",
                                   pytest.param(f"x{make_signing_secret()}", id="behind an x")])  # fmt: skip
def test_a_secret_that_is_none_is_refused(value: object) -> None:
    _refused("secret", lambda: checks.check_secret(value))


@pytest.mark.parametrize("value", [None, 1, "", "app.example", "ftp://app.example", "https://", "https:///x",
                                   "https://a:b@app.example/", "https://app.example/ü", "https://app.example/a b",
                                   "https://app.example:99999/", "https://[::1", "https://app.example/" + "x" * 2048,
                                   "https://app.example/\n"])  # fmt: skip
def test_an_address_that_is_none_is_refused(value: object) -> None:
    _refused("url", lambda: checks.check_url(value, is_live=False))


def test_live_paywalls_are_told_over_https_only() -> None:
    _refused("url", lambda: checks.check_url("http://app.example/", is_live=True))


@pytest.mark.parametrize("value", [1, [], "x" * 513, "a\x00b", "two\nlines"])
def test_a_description_that_is_none_is_refused(value: object) -> None:
    _refused("description", lambda: checks.check_description(value))


@pytest.mark.parametrize("value", [1, [], {"a b": "x"}, {"": "x"}, {"X": 1}, {"X": "ü"}, {"X": "a\r\nY: b"},
                                   {"X": "x" * 1_025}, {"Host": "x"}, {"content-length": "1"}, {"Webhook-Id": "x"},
                                   {"X-Paywall-Event": "x"}, {f"X-{n}": "x" for n in range(21)}])  # fmt: skip
def test_headers_that_are_ours_or_none_are_refused(value: object) -> None:
    _refused("customHeaders", lambda: checks.check_headers(value))


@pytest.mark.parametrize("value", [-1, True, "1", 1.5, 7 * 24 * 3600 + 1])
def test_an_overlap_that_is_none_is_refused(value: object) -> None:
    _refused("overlapSeconds", lambda: checks.check_overlap(value, 1))


def _refused(field: str, check: Any) -> None:
    with pytest.raises(BadField) as refused:
        check()
    assert refused.value.field == field and f"`{field}`" in refused.value.message

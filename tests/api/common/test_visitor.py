"""Whose address a request has, behind as many proxies as the operator says, and what cookies are called."""

from pathlib import Path

import pytest
from fastapi import Request

from app import settings
from app.api.common.visitor import address_of, client_address, cookie_in, cookie_of


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.9"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.8", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.9"),
        (1, "", "10.0.0.9"),
        (1, " , ", "10.0.0.9"),
        (1, "6.6.6.6, 1.2.3.4:4711", "1.2.3.4"),
        (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "::ffff:1.2.3.4", "1.2.3.4"),
        (1, "1.2.3.4, unknown", "10.0.0.9"),
        (1, "1.2.3.4, <script>", "10.0.0.9"),
        (2, "nonsense, 10.0.0.8", "10.0.0.9"),
    ],
)
def test_a_client_cannot_choose_its_address(data_dir: Path, proxies: int, forwarded: str, address: str) -> None:
    settings.configure(data=data_dir, proxies=proxies)
    assert client_address("10.0.0.9", forwarded) == address


def test_what_a_proxy_adds_in_a_line_of_its_own_counts(data_dir: Path) -> None:
    """The first line is the client's own words, and would stand for its address otherwise."""
    settings.configure(data=data_dir, proxies=1)
    lines = [(b"x-forwarded-for", b"6.6.6.6"), (b"X-Forwarded-For".lower(), b"1.2.3.4")]
    request = Request({"type": "http", "headers": lines, "client": ("10.0.0.9", 1)})
    assert address_of(request) == "1.2.3.4"


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.9", "10.0.0.9"])
def test_a_peer_has_one_spelling_too(data_dir: Path, peer: str) -> None:
    settings.configure(data=data_dir)
    assert client_address(peer, "") == "10.0.0.9"


@pytest.mark.parametrize("cookie", [b'"\\000"', b'"sic_\\000.x"', b"caf\xe9"])
def test_a_cookie_that_none_of_ours_can_be_is_none(data_dir: Path, cookie: bytes) -> None:
    settings.configure(data=data_dir)
    request = Request({"type": "http", "headers": [(b"cookie", b"coinslot_code=" + cookie)], "client": None})
    assert cookie_of(request, "code") is None


def test_over_https_browsers_keep_cookies_to_this_very_host(data_dir: Path) -> None:
    settings.configure(data=data_dir, public_url="https://pay.example")
    assert settings.get().cookie("session") == "__Host-coinslot_session" and settings.get().is_secure
    settings.configure(data=data_dir, public_url="http://127.0.0.1:8000")
    assert settings.get().cookie("session") == "coinslot_session" and not settings.get().is_secure


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("coinslot_session=abc", "abc"),
        ("a=1; coinslot_session=abc; b=2", "abc"),
        ("coinslot_sessions=abc", None),
        ("__Host-coinslot_session=abc", None),
        ("", None),
        ("=;;;\x00", None),
    ],
)
def test_a_cookie_is_found_by_its_whole_name(data_dir: Path, header: str, value: str | None) -> None:
    assert cookie_in(header, "session") == value


def test_over_https_only_the_cookie_that_no_other_host_can_set_counts(data_dir: Path) -> None:
    settings.configure(data=data_dir, public_url="https://pay.example")
    assert cookie_in("coinslot_session=evil; __Host-coinslot_session=good", "session") == "good"
    assert cookie_in("coinslot_session=evil", "session") is None

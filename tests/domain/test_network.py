"""Addresses have one spelling, and limits count IPv6 by the line."""

import pytest

from app.domain.network import network_of, parse_address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.7", "203.0.113.7"), (" 203.0.113.7:4711 ", "203.0.113.7"), ('"203.0.113.7:1"', "203.0.113.7"),
        ("2001:DB8::1", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"), ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"), ("fe80::1%eth0", "fe80::1"), ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"), ("[::ffff:cb00:7107]:80", "203.0.113.7"),
        ("unknown", None), ("_hidden", None), ("", None), ("203.0.113", None), ("203.0.113.7:", None),
        ("203.0.113.7:http", None), ("[2001:db8::1", None), ("[2001:db8::1]443", None), ("[203.0.113.7]:x", None),
        ("example.org", None), ("example.org:80", None), ("203.0.113.007", None), ("1.2.3.4, 5.6.7.8", None),
        ("\x00", None), ("٣.1.1.1", None), ("1.1.1.1:٣", None),
    ],
)  # fmt: skip
def test_an_address_has_one_spelling_and_what_is_none_has_none(written: str, address: str | None) -> None:
    assert parse_address(written) == address


def test_limits_count_ipv4_by_the_address_and_ipv6_by_64_bits() -> None:
    assert network_of("203.0.113.7") == network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff:1::") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("") == "" and network_of("testclient") == "testclient"

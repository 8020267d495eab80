"""A key goes to an https address without password and query, and well-known hosts are known by their address."""

import pytest

from app.domain.credentials.hosts import PRESETS, check_address, check_name, headers_at, preset_at, vendor_at
from app.domain.errors import BadField
from app.domain.paywalls.provider import AuthStyle


def test_well_known_hosts_are_known_by_their_address_whatever_they_are_called() -> None:
    assert vendor_at("https://api.openai.com/v1") == "openai" and vendor_at("https://openrouter.ai/api/v1") == ""
    anthropic = preset_at("https://API.anthropic.com/v1")
    assert anthropic is PRESETS["anthropic"] and anthropic.auth is AuthStyle.X_API_KEY
    assert anthropic.auth.header("k") == ("x-api-key", "k")
    assert headers_at("https://api.anthropic.com/v1") == (("anthropic-version", "2023-06-01"),)
    assert preset_at("https://api.openai.com.evil.example/v1") is None and vendor_at("https://evil.example/") == ""
    assert headers_at("https://evil.example/api.anthropic.com") == ()
    for name, preset in PRESETS.items():
        assert check_name(name) == name == preset.name
        assert check_address(preset.base_url, may_be_plain=False) == preset.base_url
        sent = {header.lower() for header, _ in preset.headers}
        assert not sent & {"user-agent", "http-referer", "x-title", "originator"}, "we never pass for another client"


@pytest.mark.parametrize("typed", ["", "api.openai.com/v1", "http://api.openai.com/v1", "ftp://x.example", "https://",
                                   "https:///evil.example", "https://user:secret@x.example/v1", "https://x.example/?k=1",
                                   "https://x.example/#a", "https://x .example", "https://x.exa\nmple/",
                                   f"https://x.example/{'a' * 500}", "javascript:alert(1)"])  # fmt: skip
def test_no_key_goes_to_any_other_address(typed: str) -> None:
    with pytest.raises(BadField):
        check_address(typed, may_be_plain=False)


def test_http_is_for_networks_of_the_operators_own() -> None:
    assert check_address(" http://10.0.0.1:11434/v1/ ", may_be_plain=True) == "http://10.0.0.1:11434/v1"
    with pytest.raises(BadField, match="https"):
        check_address("http://10.0.0.1:11434/v1", may_be_plain=False)


@pytest.mark.parametrize("typed", ["", " ", "a b", "built-in", "BUILT-IN", "a" * 41, "né", "a/b", "-", "x\x00"])
def test_names_are_short_words(typed: str) -> None:
    with pytest.raises(BadField, match="Name it"):
        check_name(typed)
    assert check_name(" My-Host_1.x ") == "my-host_1.x"

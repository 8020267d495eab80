"""Whose address a request has, behind as many proxies as the operator says, and what cookies are called."""

from pathlib import Path

import pytest

from app import settings
from app.api.visitor import client_address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "6.6.6.6", "10.0.0.9"),
        (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, "6.6.6.6, 1.2.3.4, 10.0.0.8", "1.2.3.4"),
        (2, "1.2.3.4", "10.0.0.9"),
        (1, "", "10.0.0.9"),
        (1, " , ", "10.0.0.9"),
    ],
)
def test_a_client_cannot_choose_its_address(data_dir: Path, proxies: int, forwarded: str, address: str) -> None:
    settings.configure(data=data_dir, proxies=proxies)
    assert client_address("10.0.0.9", forwarded) == address


def test_over_https_browsers_keep_cookies_to_this_very_host(data_dir: Path) -> None:
    settings.configure(data=data_dir, public_url="https://pay.example")
    assert settings.get().cookie("session") == "__Host-coinslot_session" and settings.get().is_secure
    settings.configure(data=data_dir, public_url="http://127.0.0.1:8000")
    assert settings.get().cookie("session") == "coinslot_session" and not settings.get().is_secure

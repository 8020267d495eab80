"""Where an answer says that our own pages are."""

from pathlib import Path

import pytest

from app import settings, wiring
from app.api.common.links import base_url


@pytest.mark.parametrize(
    ("public", "expected"), [("", "http://127.0.0.1:8000"), ("https://pay.example/", "https://pay.example")]
)
def test_our_own_addresses_begin_with_what_the_operator_said(data_dir: Path, public: str, expected: str) -> None:
    settings.configure(data=data_dir, public_url=public)
    wiring.replace(None)
    assert base_url() == expected
    wiring.replace(None)

"""What the wizard's last step shows is run with the real SDKs: an app's first request, in three languages.

Slow, because npm fetches one of them: only the SDKs themselves show that a snippet needs nothing more.
"""

import json
from pathlib import Path

import pytest

from tests.support.server import Demo
from tests.support.snippets import has_curl, run_curl, run_javascript, run_python, snippets

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def funded(demo: Demo) -> None:
    """Money for the user whom the snippets name."""
    demo.post("/user/balance/deposit", {"user": "ada", "amount": "5"}).raise_for_status()


def test_python(demo: Demo, tmp_path: Path) -> None:
    assert run_python(snippets(demo.base_url).python, demo.key, tmp_path).strip()


def test_javascript(demo: Demo, node_folder: Path) -> None:
    assert run_javascript(snippets(demo.base_url).javascript, demo.key, node_folder).strip()


def test_curl(demo: Demo, tmp_path: Path) -> None:
    if not has_curl():
        pytest.skip("this machine has no curl")
    answer = json.loads(run_curl(snippets(demo.base_url).curl, demo.key, tmp_path))
    assert answer["choices"][0]["message"]["content"] and answer["paywall"]["action"] == "none"


def test_address_and_model_of_the_paywall_stand_in_each() -> None:
    shown = snippets("https://pay.acme.example", "gpt-4o-mini")
    for text in (shown.python, shown.javascript, shown.curl):
        assert "https://pay.acme.example/v1" in text and '"gpt-4o-mini"' in text
        assert "example.com" not in text and "demo-mini" not in text

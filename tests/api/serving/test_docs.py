"""The readable docs: whole, and of nobody else's parts."""

import re

import httpx
import pytest

from tests.support.server import Demo


@pytest.mark.parametrize("path", ["/docs", "/docs/api"])
def test_every_operation_can_be_read_without_a_script_or_another_host(demo: Demo, path: str) -> None:
    page = httpx.get(demo.base_url + path)
    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text and "//" not in page.text.replace("<!DOCTYPE html>", "").replace("https://…", "")
    document = httpx.get(f"{demo.base_url}/openapi.json").json()
    for found, methods in document["paths"].items():
        for method in methods:
            assert f'id="{method}{found}"' in page.text
    assert {"X-Paywall-User", "Idempotency-Key", "max_completion_tokens", "metadata"} <= set(
        re.findall(r"<td><code>([^<]*)</code>", page.text)
    )


def test_its_look_is_ours(demo: Demo) -> None:
    look = httpx.get(f"{demo.base_url}/docs/style.css")
    assert look.headers["content-type"].startswith("text/css") and "http" not in look.text

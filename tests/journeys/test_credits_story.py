"""Credits as a person lives them: free ones first, a pack, every model open, and each line of it on the page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.looking import assert_accessible
from tests.journeys.pages import demo_with_pages
from tests.support.server import QUESTION, command

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def with_credits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], Path]]:
    data = tmp_path_factory.mktemp("credits")
    with demo_with_pages(data, CREDITS="") as instance:
        yield instance, data


def buy(page: Page) -> None:
    """Adds the smallest pack in the sandbox's checkout."""
    page.get_by_role("button", name="$3", exact=True).click()
    expect(page.get_by_text("300 credits")).to_be_visible()
    page.get_by_role("button", name="Pay $3.00").click()
    page.wait_for_url("**/sandbox/checkout/**")
    page.get_by_role("button", name="Pay $3.00").click()
    expect(page.get_by_text("Credits added")).to_be_visible()


def test_from_free_credits_to_every_model(with_credits: tuple[dict[str, Any], Path], phone: BrowserContext) -> None:
    (instance, data), page = with_credits, phone.new_page()

    def ask(model: str) -> Any:
        headers = {"Authorization": f"Bearer {instance['account_key']}"}
        body = {"model": model, "messages": QUESTION}
        return httpx.post(f"{instance['base_url']}/v1/chat/completions", json=body, headers=headers, timeout=60).json()

    page.goto(instance["sign_in"]["end_user"])
    page.goto(ask("demo-mini")["paywall"]["url"])
    expect(page.get_by_text("Free credits are for free models.")).to_be_visible()
    assert ask("demo-free")["paywall"]["charge"] == "1"
    expect(page.get_by_text("19 credits").first).to_be_visible()
    expect(page.get_by_text("reserved")).to_be_visible()
    assert_accessible(page, "credits")
    buy(page)
    expect(page.get_by_text("319 credits").first).to_be_visible()
    expect(page.get_by_text("Free credits are for free models.")).to_be_hidden()
    assert ask("demo-mini")["paywall"]["action"] == "none"
    expect(page.get_by_text("318 credits").first).to_be_visible()
    done = command("audit", "--data", str(data))
    assert done.stdout.strip() == "The books balance."

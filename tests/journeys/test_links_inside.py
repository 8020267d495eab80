"""A link inside the pages leads to what is there now: never for a moment to what the page showed before."""

import uuid

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.journeys.looking import enter
from tests.journeys.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

WATCH = """
window.__seen = [];
new MutationObserver(() => {
  const main = document.querySelector("main"), head = main && main.querySelector("h1");
  if (main) window.__seen.push([head ? head.textContent : "", main.querySelector(".skeleton") !== null]);
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


def was_read_first(page: Page, title: str) -> bool:
    """Tells whether it was seen that a page is being read before anything of it was."""
    seen: list[tuple[str, bool]] = page.evaluate("() => window.__seen")
    shown = next(place for place, (head, is_reading) in enumerate(seen) if head == title and not is_reading)
    return any(is_reading for _, is_reading in seen[:shown])


def test_a_link_back_to_a_page_shows_nothing_old(site: Site, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.add_init_script(WATCH)
    page.goto(f"{site.base_url}/signin/?next=/wallet/")
    enter(site, page, f"back-{uuid.uuid4().hex[:8]}@example.org")
    page.get_by_role("button", name="Add funds").wait_for()
    for link, title in (("Activity", "Activity"), ("Wallet", "Your wallet")):  # the second is a way back
        page.evaluate("() => { window.__seen = []; }")
        page.get_by_role("navigation").get_by_role("link", name=link, exact=True).click()
        page.locator(f"main:has(h1:text-is('{title}')):not(:has(.skeleton))").wait_for()
        assert was_read_first(page, title), f"{title} was there before it was read"

"""A developer who has never been here: from sign-in to a sandbox user who pays, by clicking alone, in five minutes."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.journeys.looking import assert_accessible, enter
from tests.journeys.pages import CHROMIUM_ARGUMENTS
from tests.journeys.site import Site
from tests.support.chromium import find_chromium
from tests.support.snippets import run_python

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

FIVE_MINUTES_SECONDS = 300
TABS_MAX = 60
ARRIVES = 20_000
"""Milliseconds in which what came stands on the page whatever else the machine does; alone it is within two seconds."""


@pytest.fixture
def still() -> Iterator[Browser]:
    """A browser in which nothing moves or fades, so that no colour is looked at while it changes."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def desk(still: Browser) -> BrowserContext:
    """A developer's screen."""
    return still.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")


@pytest.fixture
def pocket(still: Browser) -> BrowserContext:
    """A developer's phone."""
    return still.new_context(viewport={"width": 390, "height": 844}, has_touch=True, reduced_motion="reduce")


def test_from_sign_in_to_a_paid_answer(site: Site, desk: BrowserContext, tmp_path: Path) -> None:
    page, started = desk.new_page(), time.monotonic()
    page.goto(f"{site.base_url}/paywalls/new/")
    enter(site, page, "newcomer@example.org")
    choose_mode(page)
    choose_provider(page)
    the_draft_survives_a_closed_browser(site, page)
    go_on_without_stripe(page)
    set_prices_and_make(page)
    key, code = page.locator("[data-key=made]").inner_text(), page.locator(".code pre").inner_text()
    assert key.startswith("sk-coinslot-test-") and site.base_url in code
    assert_accessible(page, "finish")

    link = re.search(r"\S+/topup/\S+", run_python(code, key, tmp_path))
    assert link is not None
    expect(page.get_by_text("First request", exact=True)).to_be_visible(timeout=ARRIVES)
    expect(page.get_by_text("ada has no funds yet")).to_be_visible()
    pay(desk.new_page(), link[0])
    expect(page.get_by_text("Top-up of $10.00")).to_be_visible(timeout=ARRIVES)
    assert run_python(code, key, tmp_path).strip()
    expect(page.get_by_text("Charge", exact=True)).to_be_visible(timeout=ARRIVES)
    expect(page.get_by_text("Held before it ran")).to_be_visible()
    assert time.monotonic() - started < FIVE_MINUTES_SECONDS
    assert_accessible(page, "finish with a charge")

    page.reload()
    expect(page.get_by_role("heading", name="Quill is ready")).to_be_visible()
    expect(page.get_by_text("nowhere since")).to_be_visible()
    assert key not in page.content() + site.log.read_text()
    change_a_message(site, page, key)
    assert site.audit() == "The books balance."


def choose_mode(page: Page) -> None:
    expect(page.get_by_label("App name")).to_be_visible()
    page.get_by_role("button", name="Continue with Default").click()
    expect(page.get_by_text("Enter a name of 1 to 60 characters.")).to_be_visible()
    expect(page.get_by_label("App name")).to_be_focused()
    page.get_by_label("App name").fill("Quill")
    page.get_by_role("radio", name="Shared").click()
    expect(page.get_by_role("button", name="Continue with Shared")).to_be_visible()
    page.get_by_role("radio", name="Default").click()
    assert_accessible(page, "mode")
    page.get_by_role("button", name="Continue with Default").click()


def choose_provider(page: Page) -> None:
    page.get_by_role("radio", name="Your own provider").click()
    page.get_by_label("Base URL").fill("not an address")
    page.get_by_label("API key").fill("sk-typed-0123456789")
    page.get_by_role("button", name="Try and continue").click()
    expect(page.get_by_text("Enter the address of an OpenAI-compatible API")).to_be_visible()
    expect(page.get_by_label("Base URL")).to_have_value("not an address")
    expect(page.get_by_label("API key")).to_have_value("sk-typed-0123456789")
    assert_accessible(page, "provider")
    page.get_by_role("radio", name="Demo provider").click()
    page.get_by_role("button", name="Try and continue").click()
    expect(page.get_by_role("heading", name="Connect Stripe")).to_be_visible()
    assert_accessible(page, "payments")


def the_draft_survives_a_closed_browser(site: Site, page: Page) -> None:
    page.goto(f"{site.base_url}/paywalls/new/")
    expect(page.get_by_text("Quill. Draft saved, kept for 30 days.")).to_be_visible()
    expect(page.get_by_role("heading", name="Connect Stripe")).to_be_visible()


def go_on_without_stripe(page: Page) -> None:
    page.get_by_label("Restricted key").fill("sk_test_51x")
    page.get_by_role("button", name="Connect and continue").click()
    expect(page.get_by_role("alert").filter(has_text="secret key")).to_be_visible()
    page.get_by_role("button", name="Continue with the sandbox checkout").click()


def set_prices_and_make(page: Page) -> None:
    markup = page.get_by_label("Markup on list prices")
    markup.fill("a lot")
    expect(page.get_by_text("A number of per cent with at most 2 decimals, such as 12.5.")).to_be_visible()
    expect(page.get_by_role("button", name="Make Quill")).to_be_disabled()
    markup.fill("50")
    expect(page.get_by_role("row", name="demo-mini")).to_contain_text("$0.000675")
    assert_accessible(page, "prices")
    page.get_by_role("button", name="Make Quill").click()
    expect(page.get_by_role("heading", name="Quill is ready")).to_be_visible(timeout=ARRIVES)
    expect(page.get_by_text("Waiting for your first request")).to_be_visible()


def pay(page: Page, link: str) -> None:
    """Pays the link's top-up at the sandbox's checkout, as the app's user would."""
    page.goto(link)
    page.get_by_role("button", name="Pay $10.00").click()
    page.wait_for_url("**/sandbox/checkout/**")
    page.get_by_role("button", name="Pay $10.00").click()
    expect(page.get_by_text("Top-up received")).to_be_visible()


def change_a_message(site: Site, page: Page, key: str) -> None:
    """The next request without money is answered in the developer's own words."""
    page.get_by_role("link", name="Open Quill").wait_for()
    paywall_id = page.url.rpartition("made=")[2]
    page.goto(f"{site.base_url}/paywalls/{paywall_id}/messages/")
    page.get_by_role("button", name="Edit Funds missing").click()
    words = page.get_by_label("Funds missing", exact=True)
    words.fill("You are {{ shortfall }} short, {{ user }}: {{ url }}")
    expect(page.get_by_role("alert").filter(has_text="knows no placeholder {{ user }}")).to_be_visible()
    expect(page.get_by_role("button", name="Publish version 2")).to_be_disabled()
    assert_accessible(page, "messages with a problem")
    words.fill("You are {{ shortfall }} short: {{ url }}")
    expect(page.get_by_role("button", name="Publish version 2")).to_be_enabled()
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_text("Version 2 is published.")).to_be_visible()
    assert_accessible(page, "messages")
    body = {"model": "demo-mini", "user": "bo", "messages": [{"role": "user", "content": "Hello"}]}
    answer = httpx.post(f"{site.base_url}/v1/chat/completions", json=body, timeout=60,
                        headers={"Authorization": f"Bearer {key}"}).json()  # fmt: skip
    assert answer["choices"][0]["message"]["content"].startswith("You are $")


def press(page: Page, name: str, key: str = "Enter") -> None:
    """Moves on by Tab alone until what has this name is focused, and presses a key there."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        focused = page.evaluate("""() => {
          const found = document.activeElement, ring = getComputedStyle(found);
          const label = found.labels && found.labels[0] ? found.labels[0].textContent : "";
          return [found.getAttribute('aria-label') || label || found.textContent, ring.outlineStyle]; }""")
        if name in focused[0]:
            assert focused[1] != "none", f"{name} is focused, but nobody can see that"
            page.keyboard.press(key)
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


def test_the_wizard_needs_no_mouse_on_a_phone(site: Site, pocket: BrowserContext) -> None:
    page = pocket.new_page()
    page.goto(f"{site.base_url}/paywalls/new/")
    enter(site, page, "keyboard-developer@example.org")
    page.get_by_label("App name").focus()
    page.keyboard.type("Sonnet")
    expect(page.get_by_label("App name")).to_have_value("Sonnet")
    press(page, "Shared", "Space")
    expect(page.get_by_role("button", name="Continue with Shared")).to_be_visible()
    assert_accessible(page, "mode on a phone")
    press(page, "Continue with Shared")
    expect(page.get_by_role("radio", name="Demo provider")).to_be_visible()
    press(page, "Try and continue")
    expect(page.get_by_role("heading", name="Nothing to set up")).to_be_visible()
    press(page, "Continue")
    expect(page.get_by_role("heading", name="What a user pays")).to_be_visible()
    assert_accessible(page, "prices on a phone")
    press(page, "Make Sonnet")
    expect(page.get_by_role("heading", name="Sonnet is ready")).to_be_visible(timeout=ARRIVES)
    assert_accessible(page, "finish on a phone")

"""A developer looks after a paywall, on a phone: dashboard, a key, the profile and icon, a version back, archive."""

import re

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.looking import assert_accessible, enter
from tests.journeys.site import Site
from tests.support.owned import Owned, make_owned
from tests.support.pictures import icon

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

OWNER = "story-developer@example.org"


def test_a_developer_looks_after_a_paywall(site: Site, at_home: None, phone: BrowserContext) -> None:
    owned, page = make_owned("Quill", OWNER), phone.new_page()
    money = {"user": "ada", "amount": "5"}
    deposit = f"{site.base_url}/v1/user/balance/deposit"
    httpx.post(deposit, json=money, headers={"Authorization": f"Bearer {owned.key}"}).raise_for_status()
    see_the_dashboard(site, page)
    make_a_key_and_revoke_it(site, page, owned)
    change_the_profile(site, page, owned)
    go_back_a_version(page)
    archive_and_undo(site, page, owned)


def chat(site: Site, key: str) -> int:
    """Asks as the app does, and returns the status."""
    body = {"model": "demo-mini", "user": "ada", "messages": [{"role": "user", "content": "Hello"}]}
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{site.base_url}/v1/chat/completions", json=body, headers=headers, timeout=60).status_code


def go(page: Page, section: str) -> None:
    """Goes to a section by the strip, by keyboard."""
    link = page.get_by_role("navigation", name="This paywall").get_by_role("link", name=section, exact=True)
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=section, exact=True)).to_be_visible()
    expect(link).to_have_attribute("aria-current", "page")


def see_the_dashboard(site: Site, page: Page) -> None:
    page.goto(f"{site.base_url}/signin/?next=/dashboard/")
    enter(site, page, OWNER)
    expect(page.get_by_role("link", name="Quill")).to_be_visible()
    assert_accessible(page, "dashboard")
    page.get_by_role("link", name="Skip to content").press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("link", name="Quill").click()
    expect(page.get_by_role("navigation", name="This paywall")).to_be_visible()


def make_a_key_and_revoke_it(site: Site, page: Page, owned: Owned) -> None:
    go(page, "Keys")
    page.get_by_label("What it is for").fill("Production server")
    page.get_by_role("button", name="Make a key").click()
    shown = page.get_by_role("region", name="The new key")
    expect(shown).to_be_visible()
    key = shown.locator(".secret").inner_text()
    assert chat(site, key) == 200 and key.startswith("sk-coinslot-test-")
    assert_accessible(page, "new key")
    shown.get_by_role("button", name="I have kept it").click()
    row = page.locator(".item", has_text="Production server")
    expect(row.get_by_text("last used just now")).to_be_visible(timeout=20_000)
    assert key not in page.content()
    revoke = row.get_by_role("button", name=re.compile("^Revoke Production"))
    for leave in ("Escape", "Keep"):
        revoke.press("Enter")
        expect(row.get_by_role("button", name="Revoke the key")).to_be_focused()
        page.keyboard.press("Escape") if leave == "Escape" else row.get_by_role("button", name=leave).press("Enter")
        expect(revoke).to_be_focused()  # who has no mouse goes on where they were
    page.keyboard.press("Enter")
    row.get_by_role("button", name="Revoke the key").press("Enter")
    expect(page.get_by_role("region", name="Revoked keys").get_by_text("Production server")).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()  # what they pressed is gone
    assert chat(site, key) == 401 and chat(site, owned.key) == 200
    assert_accessible(page, "keys")


def change_the_profile(site: Site, page: Page, owned: Owned) -> None:
    go(page, "Profile")
    field = page.get_by_label("Choose a PNG")
    field.set_input_files({"name": "icon.png", "mimeType": "image/png", "buffer": b"<svg/>"})
    expect(page.get_by_role("alert").filter(has_text="must be a PNG")).to_be_visible()
    field.set_input_files({"name": "icon.png", "mimeType": "image/png", "buffer": icon(128)})
    expect(page.locator("main img.icon")).to_be_visible()
    page.get_by_label("App's name").fill("")
    page.get_by_role("button", name="See changes").click()
    expect(page.get_by_role("alert").filter(has_text="App's name must have 1 to 60 characters.")).to_be_visible()
    page.get_by_label("App's name").fill("Quill and Ink")
    assert_accessible(page, "profile")
    page.get_by_role("button", name="See changes").click()
    draft = page.get_by_role("region", name="Draft")
    expect(draft.get_by_text("Quill and Ink")).to_be_visible()
    assert_accessible(page, "what changes")
    somebody_else_changes_the_profile(page)
    draft.get_by_role("button", name=re.compile("^Publish version")).click()  # the page may know of theirs by now
    expect(page.get_by_text("It changes the app's line.")).to_be_visible()
    expect(draft.get_by_role("button", name="Publish version 4")).to_be_visible()  # version 3 is out
    page.get_by_role("button", name="Look at version 3").click()
    expect(page.get_by_label("A line of your own")).to_have_value("Of words")
    expect(page.get_by_label("App's name")).to_have_value("Quill and Ink")
    draft.get_by_role("button", name="Publish version 4").click()
    expect(page.get_by_text("Version 4 is published")).to_be_visible()
    expect(page.get_by_label("A line of your own")).to_have_value("Of words")


def somebody_else_changes_the_profile(page: Page) -> None:
    """In another tab, while the first one's draft is open."""
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("A line of your own").fill("Of words")
    other.get_by_role("button", name="See changes").click()
    other.get_by_role("button", name="Publish version 3").click()
    expect(other.get_by_text("Version 3 is published")).to_be_visible()
    other.close()


def go_back_a_version(page: Page) -> None:
    go(page, "Versions")
    expect(page.get_by_role("region", name="Change log").get_by_text("the app's name").first).to_be_visible()
    assert_accessible(page, "versions")
    page.get_by_role("link", name="Compare with Version 2").click()
    expect(page.get_by_role("region", name="What differs").get_by_text("Quill and Ink")).to_be_visible()
    page.get_by_role("button", name="Go back to version 2").click()
    page.get_by_role("button", name="Publish it").click()
    expect(page.get_by_text("Version 5 is out")).to_be_visible()


def archive_and_undo(site: Site, page: Page, owned: Owned) -> None:
    go(page, "Danger zone")
    assert_accessible(page, "danger zone")
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("button", name="Archive it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Archive", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Archive it").click()
    expect(page.get_by_role("heading", name="This paywall is archived")).to_be_visible()
    assert chat(site, owned.key) == 403
    page.get_by_role("button", name="Take it out of the archive").click()
    expect(page.get_by_role("heading", name="Archive this paywall")).to_be_visible()
    assert chat(site, owned.key) == 200

"""Nothing secret is in what browsers load, nor in what a page's socket brings, of any page."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.web.pages import PAGES
from tests.journeys.listening import KEY, assert_nothing_secret, hear_out, listen
from tests.journeys.site import Site
from tests.journeys.strangers import Victim, page_paths

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

OWNERS = ("app.web.developer.", "app.web.operator.")


def enter_by_cookie(site: Site, victim: Victim, browser: BrowserContext) -> Page:
    browser.add_cookies([{"name": "coinslot_session", "value": victim.cookie, "url": site.base_url, "httpOnly": True}])
    return browser.new_page()


def test_nothing_secret_is_in_what_browsers_load(site: Site) -> None:
    key = (site.data / "secret.key").read_text().strip()
    secrets = [key, site.inbox.url, *site.keys.values(), str(site.data)]
    assert all(len(secret) > 8 for secret in secrets)
    files = [path for path in Path(site.data / "web" / "build" / "client").rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], path
        assert path.suffix == ".woff2" or not KEY.search(content.decode("utf-8", "replace")), path


def test_nothing_secret_is_in_the_socket_of_an_end_users_pages(
    site: Site, victim: Victim, phone: BrowserContext
) -> None:
    """Those of developers and operators are listened to where they are opened anyway, in test_layout_shift.py."""
    page, paths = enter_by_cookie(site, victim, phone), page_paths(victim)
    heard = listen(page)
    secrets = (victim.cookie, victim.key, (site.data / "secret.key").read_text().strip(), *site.keys.values())
    loads = {page.route: page.on_load for page in PAGES if page.on_load}
    own = [paths[load.state_full_name] for route, load in loads.items()
           if not load.fn.__module__.startswith(OWNERS) or "[user]" in route]  # fmt: skip
    assert 9 <= len(own) < len(paths)
    for path in own:
        heard.clear()
        page.goto(site.base_url + path)
        expect(page.locator("h1").first).to_be_visible()
        hear_out(page, heard)
        assert_nothing_secret(page, heard, secrets)


def test_a_code_is_in_the_mail_alone(site: Site, phone: BrowserContext) -> None:
    page = phone.new_page()
    heard = listen(page)
    page.goto(f"{site.base_url}/signin/")
    page.get_by_label("E-mail address").fill("secret-code@example.org")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_label("Code")).to_be_visible()
    code = site.inbox.code("secret-code@example.org")
    cookie = next(found for found in phone.cookies() if found["name"] == "coinslot_code")
    brought = "".join(heard) + page.content() + page.url
    assert "secret-code@example.org" in brought
    assert code not in brought and cookie["value"] not in brought and cookie["httpOnly"]


def test_a_new_key_is_shown_once_and_never_again(site: Site, victim: Victim, phone: BrowserContext) -> None:
    page = enter_by_cookie(site, victim, phone)
    heard = listen(page)
    page.goto(f"{site.base_url}/settings/")
    page.get_by_role("button", name="Make a new one").click()
    page.get_by_role("group").get_by_role("button", name="Make a new one").click()
    shown = page.locator(".secret")
    expect(shown).to_be_visible()
    key = shown.inner_text()
    assert KEY.fullmatch(key) and key != victim.key
    expect(page.get_by_role("button", name="Copy")).to_be_visible()
    for _ in range(300):  # until the page was read again, which shows the key's last letters
        page.wait_for_timeout(200)
        if key[-4:] in "".join(heard):
            break
    assert key[-4:] in "".join(heard) and key not in "".join(heard), "a key comes as the answer of its route alone"
    heard.clear()
    page.reload()
    expect(page.get_by_text(f"sk-coinslot-user-…{key[-4:]}")).to_be_visible()
    page.wait_for_timeout(700)
    assert key not in "".join(heard) + page.content() and heard
    page.get_by_role("button", name="Revoke the API key").click()
    page.get_by_role("group").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No key yet")).to_be_visible()

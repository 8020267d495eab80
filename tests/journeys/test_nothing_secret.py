"""Nothing secret is in what browsers load, nor in what a page's socket brings, of any page."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from tests.journeys.site import Site
from tests.journeys.strangers import Victim, page_paths

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

KEY = re.compile(r"sk-coinslot-(?:test-|user-)?[0-9A-Za-z]{30,}")
SECRET = re.compile(rf"{KEY.pattern}|whsec_[0-9A-Za-z+/=]{{20,}}|\b[0-9a-f]{{64}}\b|coinslot_(?:session|code|login)=")
"""Keys, secrets of webhooks, SHA-256 hashes, cookies."""
QUIET_MILLISECONDS, QUIETS_MAX = 150, 60


def listen(page: Page) -> list[str]:
    """Returns the list that everything lands in which the page's sockets bring."""
    heard: list[str] = []

    def open_socket(found: WebSocket) -> None:
        found.on("framereceived", lambda frame: heard.append(str(frame)))

    page.on("websocket", open_socket)
    return heard


def hear_out(page: Page, heard: list[str]) -> None:
    """Waits until the page's socket brought something, and nothing more for a while."""
    for _ in range(QUIETS_MAX):
        before = len(heard)
        page.wait_for_timeout(QUIET_MILLISECONDS)
        if 0 < before == len(heard):
            return


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


def test_nothing_secret_is_in_the_socket_of_any_page(site: Site, victim: Victim, phone: BrowserContext) -> None:
    page, paths = enter_by_cookie(site, victim, phone), page_paths(victim)
    heard = listen(page)
    secrets = (victim.cookie, victim.key, (site.data / "secret.key").read_text().strip(), *site.keys.values())
    for path in paths.values():
        heard.clear()
        page.goto(site.base_url + path)
        expect(page.locator("h1").first).to_be_visible()
        hear_out(page, heard)
        brought = "".join(heard) + page.content()
        assert len(heard) > 0, f"{path}: nothing was heard, so nothing is proven"
        assert not SECRET.search(brought), (path, SECRET.search(brought))
        assert not [secret for secret in secrets if secret in brought], path
        assert page.evaluate("document.cookie") == ""
    assert len(paths) >= 9


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
    page.wait_for_timeout(1_700)  # until the page was read again, which shows the key's last letters
    assert key[-4:] in "".join(heard) and key not in "".join(heard), "a key comes as the answer of its route alone"
    heard.clear()
    page.reload()
    expect(page.get_by_text(f"sk-coinslot-user-…{key[-4:]}")).to_be_visible()
    page.wait_for_timeout(700)
    assert key not in "".join(heard) + page.content() and heard
    page.get_by_role("button", name="Revoke the API key").click()
    page.get_by_role("group").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No key yet")).to_be_visible()

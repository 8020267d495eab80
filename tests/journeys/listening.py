"""What the sockets of a page bring, and what in it would be a secret."""

import re

from playwright.sync_api import Page, WebSocket

KEY = re.compile(r"sk-coinslot-(?:test-|user-)?[0-9A-Za-z]{30,}")
SECRET = re.compile(rf"{KEY.pattern}|whsec_[0-9A-Za-z+/=]{{20,}}|\b[0-9a-f]{{64}}\b|coinslot_(?:session|code|login)=")
"""Keys, secrets of webhooks, SHA-256 hashes, cookies."""
QUIET_MILLISECONDS, QUIETS_MAX = 150, 400


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


def assert_nothing_secret(page: Page, heard: list[str], secrets: tuple[str, ...]) -> None:
    """Fails if what came is nothing, or has a secret in it: one of these, or what looks like one."""
    brought = "".join(heard) + page.content()
    assert len(heard) > 0, f"{page.url}: nothing was heard, so nothing is proven"
    assert not SECRET.search(brought), (page.url, SECRET.search(brought))
    assert not [secret for secret in secrets if secret in brought], page.url
    assert page.evaluate("document.cookie") == ""

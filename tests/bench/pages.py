"""How quick pages are in a browser: first paint, the content, clicks, and how much is loaded and held for a page.

`uv run python -m tests.bench.pages --instance .coinslot/instance.json [--rounds 5] [--only developer --paywall pw_…]`,
of a running demo. Pages of developers are looked at by whoever the demo's developer is; `--paywall` is one of theirs.
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.flows.people.demo_people import DEVELOPER
from app.web.frame import routes
from app.web.pages import PAGES
from tests.journeys.pages import CHROMIUM_ARGUMENTS
from tests.support import shifts
from tests.support.chromium import find_chromium

KIB = 1024
PAINT = "() => (performance.getEntriesByName('first-contentful-paint')[0] || {startTime: 0}).startTime"
ANSWERED = """async ([name, text]) => {
  const named = (one) => (one.getAttribute("aria-label") || one.textContent).trim();
  const pressed = [...document.querySelectorAll("main button, main a, main [role=radio], .side a")]
    .find((one) => named(one).startsWith(name));
  if (!pressed) throw new Error(`nothing is called ${name}`);
  const shown = pressed.tagName === "A" ? "main h1" : "main button, main label";
  const heads = () => [...document.querySelectorAll(shown)];
  const is_there = () => heads().some((one) => named(one).startsWith(text));
  const begun = performance.now();
  pressed.click();
  while (!is_there() && performance.now() - begun < 10_000) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""
"""Presses what has a name, and returns the milliseconds until a text begins what is to be there:
a link's page, whose heading it is, or a button or label."""
CLICKS = (
    (routes.NEW_PAYWALL, "Shared", "Continue with Shared"),
    (routes.PRICES, "Change", "Cached input"),
    (routes.MESSAGES, "Edit Funds missing", "Use our words"),
    (routes.OVERVIEW, "Requests", "Requests"),
    (routes.REQUESTS, "Prices", "Prices"),
    (routes.PRICES, "Analytics", "Analytics"),
    (routes.ANALYTICS, "Users", "Users"),
)
"""What is pressed on which page, and what is there once it was."""


@dataclass
class Measured:
    """Cold loads of a page: milliseconds, layout shift, and KiB."""

    paint: list[float] = field(default_factory=list)
    content: list[float] = field(default_factory=list)
    shift: list[float] = field(default_factory=list)
    scripts: list[float] = field(default_factory=list)
    state: list[float] = field(default_factory=list)

    def medians(self) -> Sequence[float]:
        """Returns the median of each, in their order."""
        return [statistics.median(getattr(self, one.name)) for one in fields(self)]


class Weight:
    """What a page has loaded of scripts, and was sent by its socket, in bytes."""

    def __init__(self, page: Page) -> None:
        self.scripts = self.state = 0
        page.on("requestfinished", self._loaded)
        page.on("websocket", lambda socket: socket.on("framereceived", self._heard))

    def _loaded(self, request: Any) -> None:
        if urlsplit(request.url).path.endswith(".js"):
            self.scripts += int(request.sizes()["responseBodySize"])

    def _heard(self, said: str | bytes) -> None:
        self.state += len(said if isinstance(said, bytes) else said.encode())


def sign_in(context: BrowserContext, base_url: str, email: str) -> None:
    """Signs in through the demo's own mailbox."""
    page = context.new_page()
    page.goto(f"{base_url}/signin/?next=/wallet/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").wait_for()
    mail = context.new_page()
    mail.goto(f"{base_url}/mail/")
    code = mail.locator("article", has_text=email).locator(".digits").first.inner_text()
    mail.close()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Your wallet").wait_for()
    page.close()


def measure(context: BrowserContext, url: str, found: Measured) -> None:
    """Loads a page once with nothing kept, until nothing of it is still being read."""
    page = context.new_page()
    weight = Weight(page)
    page.add_init_script(shifts.WATCH)
    started = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator("main:has(h1):not(:has(.skeleton))").wait_for()
    found.content.append((time.perf_counter() - started) * 1_000)
    page.wait_for_timeout(300)
    found.paint.append(page.evaluate(PAINT))
    found.shift.append(len(shifts.read(page)))
    found.scripts.append(weight.scripts / KIB)
    found.state.append(weight.state / KIB)
    page.close()


def measure_pages(browser: Browser, base_url: str, cookies: list[Any], paths: Sequence[str], rounds: int) -> None:
    """Prints a line for each page."""
    print(f"{'page':<28} first paint  content  moved  scripts  state   (ms, KiB; median of cold loads)")
    for path in paths:
        found = Measured()
        for _ in range(rounds):
            context = browser.new_context(viewport={"width": 390, "height": 844})
            context.add_cookies(cookies)
            measure(context, base_url + path, found)
            context.close()
        paint, content, shift, scripts, state = found.medians()
        print(
            f"{path[-28:]:<28} {paint:>11.0f} {content:>8.0f} {shift:>6.0f} {scripts:>8.0f} {state:>6.1f}", flush=True
        )


def measure_clicks(context: BrowserContext, base_url: str, paywall: str, rounds: int) -> None:
    """Prints what clicks on pages of developers take until they are answered."""
    page = context.new_page()
    for route, name, text in CLICKS:
        took = []
        for _ in range(rounds):
            page.goto(f"{base_url}{route.replace('[paywall]', paywall)}/")
            page.locator("main:not(:has(.skeleton))").wait_for()
            page.wait_for_timeout(300)
            took.append(float(page.evaluate(ANSWERED, [name, text])))
        print(f"{route:<28} {name}: {statistics.median(took):.0f} ms (median), {max(took):.0f} (longest)", flush=True)
    page.close()


def of_developers(paywall: str) -> Iterator[str]:
    """Returns the addresses of developers' pages that name nothing but a paywall."""
    account = {routes.DASHBOARD, routes.NEW_PAYWALL, routes.EARNINGS, routes.ACCOUNT_ANALYTICS}
    for page in PAGES:
        if page.route in account or (page.route.startswith("/paywalls/[paywall]") and page.route != routes.USER):
            yield f"{page.route.replace('[paywall]', paywall)}/"


def one_user(context: BrowserContext, base_url: str, paywall: str) -> str:
    """Returns the address of the newest user's page of a paywall, empty where there is none."""
    page = context.new_page()
    page.goto(f"{base_url}/paywalls/{paywall}/users/")
    page.locator("main:not(:has(.skeleton))").wait_for()
    link = page.locator("table.listing a").first
    path = str(link.get_attribute("href")) if link.count() else ""
    page.close()
    return path


def main() -> None:
    """Prints tables for a running demo."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instance", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--paywall", default="pw_demo_default")
    parser.add_argument("--only", choices=("people", "developer"))
    parser.add_argument("--playground", help="the last part of the address of a playground that is open")
    chosen = parser.parse_args()
    base_url = json.loads(chosen.instance.read_text())["base_url"]
    httpx.get(base_url).raise_for_status()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        if chosen.only != "developer":
            context = browser.new_context()
            sign_in(context, base_url, f"bench-{time.time_ns()}@example.org")
            measure_pages(browser, base_url, [], ("/", "/signin/"), chosen.rounds)
            own = ("/wallet/", "/activity/", "/settings/")
            measure_pages(browser, base_url, context.cookies(), own, chosen.rounds)
        if chosen.only != "people":
            context = browser.new_context()
            sign_in(context, base_url, DEVELOPER)
            paths = [*of_developers(chosen.paywall), one_user(context, base_url, chosen.paywall)]
            paths += [f"/playground/{chosen.playground}/"] if chosen.playground else []
            measure_pages(browser, base_url, context.cookies(), [path for path in paths if path], chosen.rounds)
            measure_clicks(context, base_url, chosen.paywall, chosen.rounds)
        browser.close()


if __name__ == "__main__":
    main()

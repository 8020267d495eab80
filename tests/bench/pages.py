"""How quick pages are in a browser: first paint, the first click's answer, and the JavaScript that a page loads.

`uv run python -m tests.bench.pages --instance .coinslot/instance.json [--rounds 5]`, of a running demo.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.journeys.pages import CHROMIUM_ARGUMENTS
from tests.support.chromium import find_chromium

PAINT = """() => {
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const shift = (window.__shifts || []).reduce((sum, value) => sum + value, 0);
  return [paint ? paint.startTime : 0, shift];
}"""
WATCH_SHIFTS = """
window.__shifts = [];
new PerformanceObserver(list => { for (const entry of list.getEntries())
  if (!entry.hadRecentInput) window.__shifts.push(entry.value); }).observe({type: 'layout-shift', buffered: true});
"""


def sign_in(context: BrowserContext, base_url: str) -> None:
    """Signs in through the demo's own mailbox."""
    page = context.new_page()
    page.goto(f"{base_url}/signin/?next=/wallet/")
    page.get_by_label("E-mail address").fill(f"bench-{time.time_ns()}@example.org")
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").wait_for()
    mail = context.new_page()
    mail.goto(f"{base_url}/mail/")
    code = mail.locator(".digits").first.inner_text()
    mail.close()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Your wallet").wait_for()
    page.close()


def scripts_of(page: Page, url: str) -> list[tuple[str, int]]:
    """Loads a page with an empty cache and returns its scripts with their bytes on the wire."""
    found: list[tuple[str, int]] = []

    def note(response: Any) -> None:
        if response.url.split("?")[0].endswith(".js"):
            found.append((response.url.rsplit("/", 1)[1], int(response.request.sizes()["responseBodySize"])))

    page.on("requestfinished", lambda request: note(request.response()))
    page.goto(url, wait_until="networkidle")
    return found


def measure(browser: Browser, base_url: str, cookies: list[Any], path: str, ready: str) -> tuple[float, float, float]:
    """Returns first contentful paint, until the content is there (ms), and layout shift of one cold load."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.add_cookies(cookies)
    page = context.new_page()
    page.add_init_script(WATCH_SHIFTS)
    started = time.perf_counter()
    page.goto(base_url + path, wait_until="commit")
    page.get_by_text(ready).first.wait_for()
    content = (time.perf_counter() - started) * 1_000
    page.wait_for_timeout(300)
    paint, shift = page.evaluate(PAINT)
    context.close()
    return paint, content, shift


def click(page: Page) -> float:
    """Returns the milliseconds from a click to its answer from the server on the page."""
    button = page.get_by_role("button", name="Add funds")
    button.wait_for()
    return float(
        page.evaluate("""async () => {
          const button = [...document.querySelectorAll('button')].find(b => /Add funds/.test(b.textContent));
          const start = performance.now(); button.click();
          while (!/Not now/.test(button.textContent)) await new Promise(requestAnimationFrame);
          return performance.now() - start; }""")
    )


def main() -> None:
    """Prints a table for a running demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    base_url = json.loads(chosen.instance.read_text())["base_url"]
    httpx.get(base_url).raise_for_status()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        context = browser.new_context()
        sign_in(context, base_url)
        cookies = context.cookies()
        print("page       first paint   content   layout shift   (ms, median of cold loads)")
        for path, ready in (("/signin/", "Sign in"), ("/wallet/", "Available"), ("/activity/", "Activity"),
                            ("/settings/", "Ways to sign in"), ("/", "Try this demo")):  # fmt: skip
            cookies_sent = cookies if path != "/signin/" else []
            rounds = [measure(browser, base_url, cookies_sent, path, ready) for _ in range(chosen.rounds)]
            paint, content, shift = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{path:<10} {paint:>11.0f} {content:>9.0f} {shift:>14.3f}")
        page = context.new_page()
        page.goto(f"{base_url}/wallet/")
        clicks = []
        for _ in range(chosen.rounds):
            clicks.append(click(page))
            page.get_by_role("button", name="Not now").click()
        print(f"a click on the wallet page answers after {statistics.median(clicks):.0f} ms (median)")
        scripts = scripts_of(
            browser.new_context(storage_state=context.storage_state()).new_page(), f"{base_url}/wallet/"
        )
        print(
            f"JavaScript of the wallet page: {sum(size for _, size in scripts) / 1024:.0f} KiB in {len(scripts)} files"
        )
        for name, size in sorted(scripts, key=lambda item: -item[1])[:12]:
            print(f"  {size / 1024:>7.1f} KiB  {name}")
        browser.close()


if __name__ == "__main__":
    main()

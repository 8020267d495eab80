"""What journeys do on a page whatever it is: sign in, and see that everybody can use it."""

from collections.abc import Mapping
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.journeys.site import Site

OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules that find in one theme what they do not find in the other."""
STILL = """() => document.getAnimations().every(one =>
  one.playState !== "running" || one.effect.getComputedTiming().endTime === Infinity)"""
"""Whether nothing changes its colour any more, whatever breathes for ever."""
RUN_AXE = "options => axe.run(options).then(found => found.violations)"


def enter(site: Site, page: Page, email: str) -> None:
    """Signs in with the code from the mail, as a person does."""
    before = len(site.inbox.to(email))
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").fill(site.inbox.code(email, before))
    page.get_by_role("button", name="Sign in", exact=True).click()


def assert_accessible(page: Page, name: str) -> None:
    """Fails if axe finds a serious fault in either theme, or the page can be scrolled sideways."""
    looks: tuple[tuple[Literal["dark", "light"], Mapping[str, object]], ...]
    looks = (("dark", {}), ("light", {"runOnly": OF_COLOURS}))
    if not page.evaluate("'axe' in window"):  # half a megabyte, which a page keeps until it is loaded again
        page.evaluate(AXE_SCRIPT)
    for theme, rules in looks:
        page.emulate_media(color_scheme=theme)
        page.locator(f"html.{theme}").wait_for(state="attached")
        page.wait_for_timeout(200)  # colours change in a moment
        page.wait_for_function(STILL)
        found = page.evaluate(RUN_AXE, {"resultTypes": ["violations"], **rules})
        serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
        faults = "; ".join(f"{fault['id']}: {fault['nodes'][0]['html']}" for fault in serious)
        assert not serious, f"{name}, {theme}: {faults}"
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{name} scrolls sideways"

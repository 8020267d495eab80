"""Nothing on a page moves once it is painted, on a phone and at a desk: whoever aims at a button hits it.

What these pages bring of their owner's is listened to on the way, and what they ask for that their policy refuses.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from app.web.pages import PAGES
from tests.journeys.listening import assert_has_policy, assert_nothing_secret, complaints_of, hear_out, listen
from tests.journeys.pages import CHROMIUM_ARGUMENTS
from tests.journeys.site import Site
from tests.journeys.strangers import sign_in
from tests.support import shifts
from tests.support.chromium import find_chromium
from tests.support.owned import Owned, make_owned

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

OWNER = "still-developer@example.org"
SIZES = ((390, 844), (1280, 860))
AT_A_DESK = ("/dashboard/", "/earnings/", "/analytics/", "/paywalls/", "/chat/")
"""How the pages begin that are seen at a desk too; of the others, a long run sees both."""


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


def addresses(paywall_id: str) -> dict[str, bool]:
    """Returns every page that is behind no link, of an owner's paywall where it is one's, and whether it reads anything
    when it is opened."""
    named = {page.route.replace("[paywall]", paywall_id): page.on_load is not None for page in PAGES}
    return {f"{route.rstrip('/')}/": reads for route, reads in named.items() if "[" not in route and route != "404"}


@pytest.fixture
async def owner(site: Site, at_home: None) -> tuple[str, Owned]:
    """The cookie of somebody with a paywall that has users, and the paywall."""
    _person, cookie = await sign_in(site, OWNER)
    owned = make_owned("Quill", OWNER)
    site.keys["still"] = owned.key
    for name in ("ada", "u" * 128):
        site.call("POST", "/user/balance/deposit", {"user": name, "amount": "5"}, mode="still").raise_for_status()
    return cookie, owned


def test_nothing_moves_on_any_page_and_none_brings_a_secret(
    site: Site, owner: tuple[str, Owned], browser: Browser, is_long: bool
) -> None:
    cookie, owned = owner
    asked = addresses(owned.id)
    named = {"/wallet/", "/dashboard/", f"/paywalls/{owned.id}/prices/", "/paywalls/new/", "/operator/jobs/"}
    assert named <= set(asked) and sum(asked.values()) > len(named)
    secrets = (cookie, owned.key, (site.data / "secret.key").read_text().strip())
    moved: dict[str, list[str]] = {}
    complaints: list[list[str]] = []
    for width, height in SIZES:
        context = browser.new_context(viewport={"width": width, "height": height})
        context.add_cookies([{"name": "coinslot_session", "value": cookie, "url": site.base_url, "httpOnly": True}])
        page = context.new_page()
        page.add_init_script(shifts.WATCH)
        heard = listen(page)
        complaints.append(complaints_of(page))
        for address, reads in asked.items():
            if (width, height) != SIZES[0] and not (is_long or address.startswith(AT_A_DESK)):
                continue
            heard.clear()
            assert_has_policy(page.goto(site.base_url + address))
            page.locator(".skeleton").first.wait_for(state="detached")
            if reads and (width, height) == SIZES[0]:
                hear_out(page, heard)
                assert_nothing_secret(page, heard, secrets)
            page.wait_for_timeout(200)
            if found := shifts.read(page):
                moved[f"{address} at {width}"] = found
        context.close()
    assert not moved
    assert complaints == [[] for _ in SIZES]


def test_the_open_tab_is_in_view_on_a_phone_also_after_it_was_turned(
    site: Site, owner: tuple[str, Owned], browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 844, "height": 390})
    context.add_cookies([{"name": "coinslot_session", "value": owner[0], "url": site.base_url, "httpOnly": True}])
    page = context.new_page()
    page.goto(f"{site.base_url}/settings/")
    page.locator(".sections:not(.unread)").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    in_view = """() => {
      const strip = document.querySelector(".sections").getBoundingClientRect();
      const here = document.querySelector(".sections [aria-current=page]").getBoundingClientRect();
      return here.left >= strip.left - 1 && here.right <= strip.right + 1;
    }"""
    page.wait_for_function(in_view)
    page.reload()
    page.locator(".sections:not(.unread)").wait_for()
    page.wait_for_function(in_view)
    context.close()

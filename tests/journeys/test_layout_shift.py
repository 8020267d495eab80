"""Nothing on a page moves once it is painted: whoever aims at a button hits it, on a phone and at a desk."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from app.web.pages import PAGES
from tests.journeys.pages import CHROMIUM_ARGUMENTS
from tests.journeys.site import Site
from tests.journeys.strangers import sign_in
from tests.support import shifts
from tests.support.chromium import find_chromium
from tests.support.owned import make_owned

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

OWNER = "still-developer@example.org"
SIZES = ((390, 844), (1280, 860))


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


def addresses(paywall_id: str) -> list[str]:
    """Returns every page that is behind no link, of an owner's paywall where it is one's, and there is none."""
    named = [page.route.replace("[paywall]", paywall_id) for page in PAGES]
    return [f"{route.rstrip('/')}/" for route in named if "[" not in route and route != "404"]


@pytest.fixture
async def owner(site: Site, at_home: None) -> tuple[str, str]:
    """The cookie of somebody with a paywall that has users, and the paywall's id."""
    _person, cookie = await sign_in(site, OWNER)
    owned = make_owned("Quill", OWNER)
    site.keys["still"] = owned.key
    for name in ("ada", "u" * 128):
        site.call("POST", "/user/balance/deposit", {"user": name, "amount": "5"}, mode="still").raise_for_status()
    return cookie, owned.id


def test_nothing_moves_on_any_page(site: Site, owner: tuple[str, str], browser: Browser) -> None:
    cookie, paywall_id = owner
    asked = addresses(paywall_id)
    named = {"/wallet/", "/dashboard/", f"/paywalls/{paywall_id}/prices/", "/paywalls/new/", "/operator/jobs/"}
    assert named <= set(asked)
    moved: dict[str, list[str]] = {}
    for width, height in SIZES:
        context = browser.new_context(viewport={"width": width, "height": height})
        context.add_cookies([{"name": "coinslot_session", "value": cookie, "url": site.base_url}])
        page = context.new_page()
        page.add_init_script(shifts.WATCH)
        for address in asked:
            page.goto(site.base_url + address)
            page.locator(".skeleton").first.wait_for(state="detached")
            page.wait_for_timeout(200)
            if found := shifts.read(page):
                moved[f"{address} at {width}"] = found
        context.close()
    assert not moved

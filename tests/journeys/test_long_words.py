"""No page scrolls sideways, however long the words are that apps and people bring, on a phone or at a desk."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from app import db, settings
from app.domain.ids import new_id
from app.domain.legs.legs import Source
from app.domain.money import NANOS, Environment, Unit
from app.domain.orders.orders import NewOrder, make_order
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import APP_TEXT_CHARACTERS_MAX, read_current
from app.domain.paywalls.members import set_owner
from app.domain.paywalls.modes import Mode
from app.domain.pricing.price_book import NewPrice
from app.domain.wallets.shared import shared_wallet_id
from app.flows.paywalls.demo import SHARED_PAYWALL_ID
from app.flows.people.demo_people import OPERATOR
from app.flows.upkeep import rollups
from app.web.pages import PAGES
from tests.journeys.pages import CHROMIUM_ARGUMENTS
from tests.journeys.site import Site
from tests.journeys.strangers import sign_in
from tests.support import books
from tests.support.chromium import find_chromium
from tests.support.crowd import MAILBOX, top_up
from tests.support.handed import approve, mint_connect, mint_menu, mint_order, mint_topup

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

USER = "u" * 128
OTHER_USER = "o" * 128
EMAIL = f"{'somebody' * 8}@{'a' * 60}.{'b' * 60}.example"
RETURN_URL = f"https://{'r' * 60}.example"
WIDTHS, HEIGHT = (1280, 390), 844
SETTLED = """() => new Promise(tell => requestAnimationFrame(() => requestAnimationFrame(() =>
  tell([innerWidth, document.documentElement.scrollWidth]))))"""
"""How wide the window and the page are once a change of the window is drawn."""
OPENED = ("Change the cap of", "Revoke", "Remove")
"""Buttons, by how their names begin, behind which a page shows more."""


class Crowded(NamedTuple):
    """Somebody signed in who let an app charge them and owns one, everything named as long as may be; and an operator.

    `operated` are the pages that only the operator sees.
    """

    cookie: str
    addresses: tuple[str, ...]
    operator: str
    operated: tuple[str, ...]


def make_paywall(mode: Mode, unit: Unit) -> tuple[str, str]:
    """Makes a paywall whose words are as long as they may be, without a space; returns its id and its key."""
    paywall_id = new_id("pw")
    key = keys.derive_key(Environment.SANDBOX, settings.get().secrets[0], paywall_id)
    with db.transaction() as session:
        _, copied = read_current(session, SHARED_PAYWALL_ID)
        named = replace(copied, app_name="N" * 60, app_url=RETURN_URL, app_text="t" * APP_TEXT_CHARACTERS_MAX)
        books.create_paywall(session, paywall_id, mode, Environment.SANDBOX, unit, named)
        for model in ("demo-mini", f"demo-{'m' * 100}"):
            books.set_price(session, paywall_id, NewPrice(model, NANOS, 2 * NANOS))
        keys.add_key(session, paywall_id, key)
    return paywall_id, key


@pytest.fixture
async def crowded(site: Site, at_home: None) -> Crowded:
    person, cookie = await sign_in(site, EMAIL)
    top_up(person, 9 * NANOS)
    shared, shared_key = make_paywall(Mode.SHARED, Unit.USDC)
    plain, plain_key = make_paywall(Mode.DEFAULT, Unit.USD)
    site.keys.update(long_shared=shared_key, long_plain=plain_key)
    await approve(MAILBOX, mint_connect(shared, USER, RETURN_URL), person, 5 * NANOS)
    paid = site.call("POST", "/user/balance/deposit", {"user": USER, "amount": "5"}, mode="long_plain")
    assert paid.status_code == 200, paid.text
    for mode in ("long_shared", "long_plain"):
        body = {"model": "demo-mini", "user": USER, "messages": [{"role": "user", "content": "w" * 2_000}]}
        answered = site.call("POST", "/chat/completions", body, mode=mode)
        assert answered.headers["x-paywall-action"] == "none"
    links = [f"/authorize/{mint_connect(shared, user, RETURN_URL)}/" for user in (USER, OTHER_USER)]
    links += [f"/topup/{mint_topup(paywall, USER, return_url=RETURN_URL)}/" for paywall in (shared, plain)]
    links += [f"/menu/{mint_menu(paywall, user, RETURN_URL)}/" for paywall in (shared, plain)
              for user in (USER, OTHER_USER)]  # fmt: skip
    with db.transaction() as session:
        orders = [make_order(session, NewOrder(shared, user, "o" * 120, billing))
                  for user, billing in ((USER, None), (USER, Source.PLATFORM), (OTHER_USER, None))]  # fmt: skip
    links += [f"/order/{mint_order(shared, order.user, order.id, RETURN_URL)}/" for order in orders]
    fixed = ("/", "/wallet/", "/withdraw/", "/activity/", "/credits/", "/usage/", "/settings/", "/mail/", "/reserves/",
             "/nowhere/", "/help/", "/help/?page=configuration", "/help/?page=operations",
             f"/signin/?step=code&email={EMAIL}", f"/signin/?next={links[1]}", "/topup/none/",
             "/sandbox/checkout/none/")  # fmt: skip
    with db.transaction() as session:
        set_owner(session, plain, person.account_id)
    while await rollups.count():
        pass
    own = [f"/paywalls/{plain}/{name}" for name in ("analytics/", "analytics/?by=user&and=day", "alerts/", "overview/")]
    operated = tuple(f"{page.route}/" for page in PAGES if page.route.startswith("/operator/"))
    wallet = f"/operator/wallets/?wallet={shared_wallet_id(person.account_id, Environment.SANDBOX)}"
    _, operator = await sign_in(site, OPERATOR)
    return Crowded(cookie, (*fixed, "/dashboard/", "/analytics/", *own, *links), operator, (*operated, wallet))


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


def open_all(page: Page) -> Iterator[str]:
    """Opens what a page hides, one after the other; yields what was opened."""
    for summary in page.locator("summary:visible").all()[:3]:
        summary.click()
    yield "receipts and prices"
    for name in OPENED:
        buttons = page.locator(f"button[aria-label^='{name}'], button:text-is('{name}')")
        if buttons.count():
            buttons.first.click()
            page.wait_for_timeout(60)
            yield name


def too_wide(page: Page, said: str) -> Iterator[str]:
    """Looks at what is shown, on a phone and at a desk: the page is loaded once, and its window changes."""
    for chosen in WIDTHS:
        page.set_viewport_size({"width": chosen, "height": HEIGHT})
        width, wide = page.evaluate(SETTLED)
        if wide > width:
            yield f"{said}: {wide} px in a window of {width}"


def all_too_wide(page: Page, base_url: str, address: str) -> Iterator[str]:
    """Looks at a page, and at all that it hides."""
    said = f"{address[:20]}…{address[-20:]}"
    page.goto(base_url + address)
    page.get_by_text("Reading").wait_for(state="detached")
    page.wait_for_timeout(100)
    yield from too_wide(page, said)
    for opened in open_all(page):
        yield from too_wide(page, f"{said} with {opened}")


def test_no_page_scrolls_sideways(site: Site, crowded: Crowded, browser: Browser) -> None:
    found: list[str] = []
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": HEIGHT}, reduced_motion="reduce")
    page = context.new_page()
    for cookie, addresses in ((crowded.operator, crowded.operated), (crowded.cookie, crowded.addresses)):
        context.add_cookies([{"name": "coinslot_session", "value": cookie, "url": site.base_url}])
        for address in addresses:
            found += all_too_wide(page, site.base_url, address)
    pay = next(address for address in crowded.addresses if address.startswith("/topup/") and address != "/topup/none/")
    page.goto(site.base_url + pay)
    page.get_by_role("button", name="Pay $10.00").click()
    page.wait_for_url("**/sandbox/checkout/**")
    page.get_by_role("button", name="Decline").wait_for()
    found += too_wide(page, "the checkout")
    page.get_by_role("button", name="Pay $10.00").click()
    page.get_by_text("Top-up received").wait_for()
    found += too_wide(page, "a top-up that is paid")
    assert not found

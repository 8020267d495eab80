"""A playground as a stranger lives it: from its link to a paid answer, without a key and without signing in."""

import re
from decimal import Decimal

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app import db
from app.domain.playground.playground import read_playground, set_playground
from app.flows.paywalls.demo import PAYWALL_ID
from tests.journeys.looking import assert_accessible
from tests.journeys.site import Site
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

NOT_FOUND = 404


def set_open(*, is_open: bool) -> str:
    """Opens or closes the demo's playground, and returns the last part of its address."""
    with db.transaction() as session:
        set_playground(session, PAYWALL_ID, is_open=is_open, requests_per_hour=200)
        return read_playground(session, PAYWALL_ID).slug or ""


def top_up(page: Page) -> None:
    """Pays $5 in the sandbox's checkout, and comes back as the page offers it."""
    page.locator(".answer").get_by_role("link", name="Top up").click()
    page.get_by_role("button", name="$5", exact=True).click()
    page.get_by_role("button", name="Pay $5.00").click()
    page.wait_for_url("**/sandbox/checkout/**")
    page.get_by_role("button", name="Pay $5.00").click()
    expect(page.get_by_text("Top-up received")).to_be_visible()
    page.get_by_role("link", name="Back to").first.click()


def test_from_a_link_to_a_paid_answer(site: Site, at_home: None, phone: BrowserContext) -> None:
    slug, page = set_open(is_open=True), phone.new_page()
    address = f"{site.base_url}/playground/{slug}/"

    # 1. A stranger opens it and asks; the assistant answers with the link, and a button beside it.
    page.goto(address)
    expect(page.get_by_text("The price of each answer")).to_be_visible()
    assert_accessible(page, "an empty playground")
    page.get_by_role("textbox", name="Message").fill("What is a coin slot?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".answer").get_by_role("link", name="Top up")).to_be_visible()
    assert_accessible(page, "a playground without money")

    # 2. They top up in the sandbox, and find the conversation as they left it.
    top_up(page)
    page.wait_for_url("**/playground/**")
    expect(page.locator(".play-head").get_by_text("$5.00", exact=True)).to_be_visible()
    expect(page.locator(".said")).to_have_text("What is a coin slot?")

    # 3. The message goes again as it was; the answer streams, and under it stands what its receipt says.
    page.get_by_role("button", name="Send it again").click()
    cost = page.locator(".answer .num")
    expect(cost).to_be_visible(timeout=60_000)
    expect(page.locator(".answer .words")).to_be_visible()
    assert_accessible(page, "an answered playground")
    charged = Decimal(re.findall(r"\$([0-9.]+)", cost.inner_text())[0])
    listed = site.call("GET", "/requests?key=playground", mode="default").json()["data"]
    assert [Decimal(one["charge"]) for one in listed] == [charged] and charged > 0
    user = listed[0]["user"]
    balance = site.call("GET", f"/user/balance?user={user}", mode="default").json()
    assert Decimal(balance["spendable"]) == Decimal(5) - charged

    # 4. Once it is closed, its address says what every other says.
    set_open(is_open=False)
    visit = f"{site.base_url}/play/{slug}/visit"
    # Who only looks may find it for a second more; nobody is answered.
    wait_until(lambda: httpx.post(visit, headers={"Origin": site.base_url}).status_code == NOT_FOUND)
    page.goto(address)
    expect(page.get_by_role("heading", name="There is no playground here")).to_be_visible()
    page.goto(f"{site.base_url}/playground/nobody-has-this/")
    expect(page.get_by_role("heading", name="There is no playground here")).to_be_visible()
    assert site.audit() == "The books balance."

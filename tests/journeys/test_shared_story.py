"""Shared mode as a person lives it, on a phone: from an app's first message to a paid answer, and out again."""

import time
from fractions import Fraction

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.looking import assert_accessible, enter
from tests.journeys.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

EMAIL = "ada@example.org"
MINUTE_SECONDS = 60
TABS_MAX = 40


def add_funds(page: Page) -> None:
    """Pays $25 in the sandbox's checkout, from the wallet page and back to it."""
    page.get_by_role("button", name="Add funds").click()
    page.get_by_role("button", name="$25").click()
    expect(page.get_by_text("25.00 USDC")).to_be_visible()
    page.get_by_role("button", name="Pay $25.00").click()
    page.wait_for_url("**/sandbox/checkout/**")
    page.get_by_role("button", name="Pay $25.00").click()
    expect(page.get_by_text("Top-up received")).to_be_visible()
    expect(page.get_by_text("25.09 USDC").first).to_be_visible()


def open_a_receipt(site: Site, page: Page, charged: str) -> None:
    page.get_by_role("link", name="Activity", exact=True).click()
    expect(page.locator(".move").first).to_be_visible()
    page.get_by_role("button", name="Charges").click()
    expect(page.locator(".move")).to_have_count(2)
    page.locator("summary", has_text="demo-mini").click()
    receipt = page.get_by_text(f"{charged} USDC", exact=True).first
    expect(receipt).to_be_visible()
    assert_accessible(page, "activity")
    assert site.call("POST", "/user/charge", {"user": "mira", "amount": "0.01"}).json()["success"]
    expect(page.locator(".move")).to_have_count(3)
    expect(receipt).to_be_visible()  # an open receipt is its movement's, whatever lands above it


def test_from_the_first_message_to_a_paid_answer(site: Site, phone: BrowserContext) -> None:
    page, started = phone.new_page(), time.monotonic()

    # 1. The app's first message is answered with a link to the consent page.
    first = site.chat("mira").json()
    assert first["paywall"]["action"] == "authorize"
    page.goto(next(word for word in first["choices"][0]["message"]["content"].split() if "/authorize/" in word))

    # 2. Whoever is nobody yet signs in with a code, and is back at the question.
    expect(page.get_by_role("heading", name="Sign in to go on to Marginalia")).to_be_visible()
    assert_accessible(page, "sign in")
    enter(site, page, EMAIL)
    expect(page.get_by_role("heading", name="Let Marginalia charge your wallet?")).to_be_visible()
    expect(page.get_by_text("your id there: mira")).to_be_visible()
    page.get_by_text("Prices of").click()
    assert_accessible(page, "consent")

    # 3. They choose a cap and approve; the app's message is answered and paid.
    page.get_by_role("button", name="5", exact=True).click()
    page.get_by_role("button", name="Authorize Marginalia").click()
    expect(page.get_by_text("Marginalia is connected")).to_be_visible()
    expect(page.get_by_text("Up to 5.00 USDC a month")).to_be_visible()
    expect(page.get_by_role("link", name="Back to Marginalia")).to_have_attribute(
        "href", "https://marginalia.example?connected=true"
    )
    answered = site.chat("mira")
    assert answered.headers["x-paywall-action"] == "none"
    charge = Fraction(answered.json()["paywall"]["charge"])
    assert charge > 0 and time.monotonic() - started < MINUTE_SECONDS
    assert "5.00 USDC a month" in site.inbox.to(EMAIL)[-1].get_content()

    # 4. The wallet shows it, and what comes next without being loaded again.
    page.get_by_role("link", name="Open your wallet").click()
    expect(page.get_by_text("0.19 USDC").first).to_be_visible()
    assert_accessible(page, "wallet")
    assert site.call("POST", "/user/charge", {"user": "mira", "amount": "0.10"}).json()["success"]
    expect(page.get_by_text("One-off charge")).to_be_visible()
    expect(page.get_by_text("0.10 USDC of 5.00 USDC this month")).to_be_visible()

    # 5. They add funds; the app sees what it may spend, and no more.
    add_funds(page)
    seen = site.call("GET", "/user/balance?user=mira").json()
    assert Fraction(seen["spendable"]) == Fraction("4.9") - charge

    # 6. Every movement has its receipt.
    open_a_receipt(site, page, answered.json()["paywall"]["charge"])

    # 7. They revoke the app: its next message asks again.
    page.goto(f"{site.base_url}/wallet/")  # by a link the page shows at first what it had, and a click then is lost
    page.get_by_role("button", name="Revoke Marginalia").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_text("No app may charge you")).to_be_visible()
    assert site.chat("mira").json()["paywall"]["action"] == "authorize"
    assert site.audit() == "The books balance."


def test_somebody_elses_link_is_declined_or_refused(site: Site, phone: BrowserContext) -> None:
    page = phone.new_page()
    url = site.call("GET", "/user/connect?user=nina&state=s7&return_url=https://marginalia.example/x").json()["url"]
    page.goto(url)
    enter(site, page, "nina@example.org")
    page.get_by_role("button", name="Decline").click()
    page.wait_for_timeout(2_500)  # the page has read its link anew since, and still says what was answered
    back = page.get_by_role("link", name="Back to Marginalia")
    expect(back).to_have_attribute("href", "https://marginalia.example/x?connected=false&state=s7")
    assert site.chat("nina").json()["paywall"]["action"] == "authorize"
    # The app waits for an answer with its state: an approval goes straight back.
    page.route("https://marginalia.example/**", lambda route: route.fulfill(body="the app"))
    page.goto(url)
    page.get_by_role("button", name="Authorize Marginalia").click()
    page.wait_for_url("https://marginalia.example/x?connected=true&state=s7")
    # Another person with the same link is told whose user it is, and can approve nothing.
    page.goto(f"{site.base_url}/wallet/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.goto(url)
    expect(page.get_by_role("heading", name="Sign in to go on to Marginalia")).to_be_visible()
    enter(site, page, "otto@example.org")
    expect(page.get_by_role("heading", name="Connected to another account")).to_be_visible()
    expect(page.get_by_role("button", name="Authorize Marginalia")).to_have_count(0)
    assert_accessible(page, "taken")
    # The right account is one sign-in away, and comes back to the same question.
    page.get_by_role("button", name="Use another account").click()
    expect(page.get_by_role("heading", name="Sign in to go on to Marginalia")).to_be_visible()
    enter(site, page, "nina@example.org")
    expect(page.get_by_role("heading", name="Change what Marginalia may spend?")).to_be_visible()


def test_settings_work_by_keyboard(site: Site, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.emulate_media(reduced_motion="no-preference")  # "Saved" fades
    page.goto(f"{site.base_url}/settings/")
    page.get_by_label("E-mail address").fill("keys@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(site.inbox.code("keys@example.org"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    page.get_by_label("Name").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Keya")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_role("button", name="Make a key").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("sk-coinslot-user-").first).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_hidden(timeout=10_000)
    assert_accessible(page, "settings")


def tab_to(page: Page, name: str) -> None:
    """Moves on by Tab alone until what has this name is focused, and can be seen to be."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        focused = page.evaluate("""() => {
          const found = document.activeElement, ring = getComputedStyle(found);
          return [found.getAttribute('aria-label') || found.textContent || found.name, ring.outlineStyle]; }""")
        if focused[0] == name:
            assert focused[1] != "none", f"{name} is focused, but nobody can see that"
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name)
    page.keyboard.press(key)


def test_consent_and_top_up_need_no_mouse(site: Site, phone: BrowserContext) -> None:
    page, email = phone.new_page(), "keyboard@example.org"
    menu = site.call("GET", "/user/menu?user=kim").json()
    page.goto(menu["menu"])
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(email)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    assert_accessible(page, "code")
    page.keyboard.type(site.inbox.code(email))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not connected to your wallet")).to_be_visible()
    assert_accessible(page, "menu")
    press(page, "Connect your wallet")
    expect(page.get_by_role("button", name="Authorize Marginalia")).to_be_visible()
    press(page, "50", "Space")
    expect(page.get_by_role("button", name="50 USDC")).to_be_visible()
    press(page, "Authorize Marginalia")
    expect(page.get_by_text("Marginalia is connected")).to_be_visible()
    assert_accessible(page, "connected")
    page.goto(menu["topup"])
    expect(page.get_by_role("button", name="Pay $10.00")).to_be_visible()
    assert_accessible(page, "top-up")
    press(page, "Other", "Space")
    expect(page.get_by_label("Amount in dollars")).to_be_focused()
    page.keyboard.type("7.50")
    press(page, "Pay $7.50")
    page.wait_for_url("**/sandbox/checkout/**")
    expect(page.get_by_text("Top-up of your shared wallet")).to_be_visible()
    assert_accessible(page, "checkout")
    press(page, "Pay $7.50")
    expect(page.get_by_text("Top-up received")).to_be_visible()
    assert_accessible(page, "top-up received")
    assert Fraction(site.call("GET", "/user/balance?user=kim").json()["spendable"]) == Fraction("7.7")


def test_a_newcomer_finds_both_apps_and_the_mailbox(site: Site, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(f"{site.base_url}/")
    expect(page.get_by_text(f"{site.base_url}/v1")).to_be_visible()
    assert_accessible(page, "first page")
    page.get_by_role("link", name="Top up as Ada").click()
    expect(page.get_by_text("Your wallet in this app")).to_be_visible()
    page.goto(f"{site.base_url}/")
    page.get_by_role("link", name="Connect a wallet as Ada").click()
    expect(page.get_by_role("heading", name="Sign in to go on to Marginalia")).to_be_visible()
    page.goto(f"{site.base_url}/")
    page.get_by_role("link", name="Open the mailbox").click()
    expect(page.get_by_role("heading", name="Mail of this demo")).to_be_visible()
    assert_accessible(page, "mailbox")
    page.goto(f"{site.base_url}/topup/not-a-link/")
    expect(page.get_by_role("heading", name="This link cannot be used")).to_be_visible()
    assert_accessible(page, "a bad link")
    page.goto(f"{site.base_url}/nowhere/")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    assert_accessible(page, "missing")


def test_a_session_that_ends_takes_its_open_pages_along(site: Site, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(f"{site.base_url}/wallet/")
    enter(site, page, "two@example.org")
    expect(page.get_by_role("heading", name="Your wallet")).to_be_visible()
    other = phone.new_page()
    other.goto(f"{site.base_url}/settings/")
    other.get_by_role("button", name="Sign out everywhere").click()
    expect(other.get_by_text("You are signed out.")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "two@example.org" not in page.content()

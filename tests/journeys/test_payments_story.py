"""Payments as people live them, on a phone: a checkout, a card that is declined, a bank that asks, a developer's own
account, a dispute, saved cards, a wallet that fills itself, and a refund; and what the pages say meanwhile."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.looking import assert_accessible, enter
from tests.journeys.site import Site
from tests.support.stripe_bank import StripeBank, StripeShop

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

DEVELOPER = "developer@demo.example"
PAYMENTS = "/paywalls/pw_demo_default/payments/"


def test_payments_from_a_declined_card_to_a_developers_own_account(
    site: Site, phone: BrowserContext, stripe_process: StripeBank
) -> None:
    page, shop = phone.new_page(), stripe_process.account("Lexica")
    decline_and_another_card(site, page)
    a_bank_that_asks(site, page)
    connect_stripe(site, page, shop)
    pay_at_stripe(site, page, shop)
    a_bank_that_takes_it_back(site, page, shop)
    wait_for_stripe(site, page, shop)
    leave_stripe(site, page)


def topup_link(site: Site, user: str) -> str:
    url: str = site.call("GET", f"/user/balance/topup?user={user}", mode="default").json()["url"]
    return url


def decline_and_another_card(site: Site, page: Page) -> None:
    page.goto(topup_link(site, "paula"))
    page.get_by_role("button", name="Pay $10.00").click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_text("The payment was declined")).to_be_visible()
    assert_accessible(page, "checkout")
    page.get_by_role("button", name="Pay $10.00").click()
    expect(page.get_by_text("Top-up received")).to_be_visible()


def a_bank_that_asks(site: Site, page: Page) -> None:
    page.goto(topup_link(site, "quinn"))
    page.get_by_role("button", name="Pay $10.00").click()
    page.get_by_role("button", name="Pay with 3-D Secure").click()
    expect(page.get_by_role("heading", name="Sandbox bank")).to_be_visible()
    assert_accessible(page, "bank")
    page.get_by_role("button", name="Give up").click()
    expect(page.get_by_text("Your bank was not answered")).to_be_visible()
    page.get_by_role("button", name="Pay with 3-D Secure").click()
    page.get_by_role("button", name="Confirm $10.00").click()
    expect(page.get_by_text("Top-up received")).to_be_visible()


def connect_stripe(site: Site, page: Page, shop: StripeShop) -> None:
    page.goto(f"{site.base_url}/signin/?next={PAYMENTS}")
    enter(site, page, DEVELOPER)
    expect(page.get_by_role("heading", name="Connect Stripe")).to_be_visible()
    link = page.get_by_role("link", name="Open Stripe's key page").get_attribute("href") or ""
    assert link.startswith("https://dashboard.stripe.com/test/apikeys/create?") and "rak_dispute_read" in link
    assert_accessible(page, "connect")
    field = page.get_by_label("Restricted key")
    for key, words in (("sk_test_51x", "secret key"), (shop.key(["rak_balance_read"]), "Disputes: Read")):
        field.fill(key)
        field.press("Enter")
        expect(page.get_by_role("alert").filter(has_text=words)).to_be_visible()
    field.fill(shop.keys["rk_test"])
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Stripe is connected")).to_be_visible()
    expect(page.get_by_text("US dollars")).to_be_visible()
    assert_accessible(page, "connected")
    assert shop.keys["rk_test"] not in page.content() + site.log.read_text()


def pay_at_stripe(site: Site, page: Page, shop: StripeShop) -> None:
    page.goto(topup_link(site, "rosa"))
    expect(page.get_by_role("button", name="Stripe test")).to_have_attribute("aria-pressed", "true")
    assert_accessible(page, "ways to pay")
    page.get_by_role("button", name="Pay $10.00").click()
    session = checkout_at(page, shop)
    assert shop.pay(session, "4000000000000002")["error"]
    page.goto(shop.pay(session)["url"])
    expect(page.get_by_text("Top-up received")).to_be_visible()
    expect(page.get_by_text("$10.00").first).to_be_visible()


def a_bank_that_takes_it_back(site: Site, page: Page, shop: StripeShop) -> None:
    """A dispute of money that was spent is shown as Stripe tells of it, and so is that it was won."""
    spend = {"user": "rosa", "amount": "4"}
    assert site.call("POST", "/user/charge", spend, mode="default").json()["success"]
    page.goto(topup_link(site, "rosa"))
    expect(page.get_by_text("$6.00").first).to_be_visible()
    dispute = shop.bank.do("dispute", payment=shop.look("payment_intent")[-1]["id"])
    expect(page.get_by_text("This wallet is frozen")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("$4.00 owed")).to_be_visible()
    expect(page.get_by_text("Your bank took $10.00 of it back")).to_be_visible()
    assert_accessible(page, "frozen")
    assert site.call("POST", "/user/charge", spend, mode="default").status_code == 403
    shop.bank.do("end_dispute", dispute=dispute["id"], status="won")
    expect(page.get_by_text("This wallet is frozen")).to_have_count(0, timeout=30_000)
    expect(page.get_by_text("Given back by your bank")).to_be_visible()
    assert site.call("POST", "/user/charge", spend, mode="default").json()["success"]


def wait_for_stripe(site: Site, page: Page, shop: StripeShop) -> None:
    """Stripe is away when its payer comes back: they are told that they paid, and the money comes without them."""
    page.goto(topup_link(site, "sara"))
    page.get_by_role("button", name="Pay $10.00").click()
    back = shop.pay(checkout_at(page, shop))["url"]
    shop.bank.fault("answer", status=503, path="/checkout/sessions", times=-1)
    page.goto(back)
    expect(page.get_by_text("We are waiting for Stripe to confirm")).to_be_visible()
    expect(page.get_by_role("button", name="Pay $10.00")).to_have_count(0)
    page.get_by_role("button", name="Make another payment").click()
    expect(page.get_by_role("button", name="Pay $10.00")).to_be_visible()
    shop.bank.no_faults()
    page.wait_for_timeout(10_500)  # a payer who loads the page again lets it ask again, at most once in ten seconds
    page.reload()
    expect(page.get_by_text("Top-up received")).to_be_visible()


def leave_stripe(site: Site, page: Page) -> None:
    page.goto(f"{site.base_url}{PAYMENTS}")
    page.get_by_role("button", name="Disconnect").click()
    page.get_by_role("group").get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("heading", name="Earlier accounts")).to_be_visible()
    page.get_by_role("button", name="Delete the key").click()
    page.get_by_role("group").get_by_role("button", name="Delete the key", exact=True).click()
    expect(page.get_by_role("heading", name="Earlier accounts")).to_have_count(0)
    page.goto(topup_link(site, "rosa"))
    expect(page.get_by_role("button", name="Pay $10.00")).to_be_visible()
    expect(page.get_by_role("button", name="Stripe test")).to_have_count(0)


def checkout_at(page: Page, shop: StripeShop) -> str:
    """Returns which checkout the page was sent to."""
    page.wait_for_url(f"{shop.bank.url}/**")
    found = re.search(r"cs_\w+", page.url)
    assert found is not None
    return found[0]


def test_a_wallet_fills_itself_until_the_month_is_used_up_and_a_bank_asks(site: Site, phone: BrowserContext) -> None:
    page = phone.new_page()
    authorize(site, page, "walt")
    keep_a_card_at_checkout(site, page, "walt")
    fill_by_itself_up_to_the_cap(site, page, "walt")
    pay_in_a_click(site, page, "walt")
    confirm_at_the_bank(site, page, "walt")
    have_a_topup_back(site, page)
    assert site.audit() == "The books balance."


def authorize(site: Site, page: Page, user: str) -> None:
    page.goto(site.call("GET", f"/user/connect?user={user}").json()["url"])
    enter(site, page, f"{user}@example.org")
    page.get_by_role("button", name="Authorize Marginalia").click()
    expect(page.get_by_text("Marginalia is connected")).to_be_visible()


def keep_a_card_at_checkout(site: Site, page: Page, user: str) -> None:
    """The choice is off until somebody takes it, and says what they agree to; the card is in the settings then."""
    page.goto(site.call("GET", f"/user/balance/topup?user={user}").json()["url"])
    keep = page.get_by_role("checkbox", name="Save this card")
    expect(keep).not_to_be_checked()
    expect(page.get_by_text("to keep this card for later top-ups")).to_be_visible()
    keep.check()
    expect(keep).to_be_checked()
    assert_accessible(page, "keep a card")
    page.get_by_role("button", name="Pay $10.00").click()
    expect(page.get_by_text("Visa ···4242 is kept for your later top-ups")).to_be_visible()
    page.get_by_role("button", name="Pay $10.00").click()
    expect(page.get_by_text("Top-up received")).to_be_visible()
    page.goto(f"{site.base_url}/settings/")
    expect(page.get_by_text("Visa ···4242").first).to_be_visible()


def save_card(site: Site, page: Page, last_four: str) -> None:
    page.goto(f"{site.base_url}/settings/")
    page.get_by_role("button", name="Add a card").click()
    expect(page.get_by_role("heading", name="Save a card")).to_be_visible()
    assert_accessible(page, "save a card")
    page.get_by_role("button", name=f"Save Visa ···{last_four}").click()
    page.wait_for_url("**/settings/**")
    expect(page.get_by_text(f"Visa ···{last_four}").first).to_be_visible()


def fill_by_itself_up_to_the_cap(site: Site, page: Page, user: str) -> None:
    """One charge is allowed a month: the first use below the threshold makes it, and no other comes."""
    expect(page.get_by_text("I allow")).to_contain_text("$20.00, whenever my balance falls below 5.00 USDC")
    page.get_by_label("When my balance falls below").fill("15")
    page.get_by_label("at most, in a month").fill("20")
    expect(page.get_by_text("I allow")).to_contain_text("at most $20.00 in a calendar month")
    page.get_by_role("button", name="Allow and switch on").click()
    expect(page.get_by_text("Next:")).to_be_visible()
    assert_accessible(page, "settings")
    assert site.call("POST", "/user/charge", {"user": user, "amount": "0.05"}).json()["success"]
    expect(page.get_by_text("$20.00 of $20.00 used")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("heading", name="Last automatic charges")).to_be_visible()
    assert_accessible(page, "settings with charges")


def pay_in_a_click(site: Site, page: Page, user: str) -> None:
    """A saved card is charged once for one button that was shown, however often that is pressed."""
    page.goto(site.call("GET", f"/user/balance/topup?user={user}").json()["url"])
    button = page.get_by_role("button", name="Pay $10.00 with Visa ···4242")
    button.wait_for()
    button.evaluate("button => { button.click(); button.click(); button.click() }")
    expect(page.get_by_text("The payment is made")).to_be_visible()
    page.goto(f"{site.base_url}/activity/")
    expect(page.get_by_role("button", name="Refund $20.00")).to_be_visible()
    expect(page.get_by_role("button", name="Refund $10.00")).to_have_count(2)  # the checkout's, and this one


def confirm_at_the_bank(site: Site, page: Page, user: str) -> None:
    """A card whose bank always asks pays only when its owner confirmed; giving up charges nothing."""
    save_card(site, page, "3184")
    page.get_by_role("button", name="Make Visa ···3184 the default").click()
    expect(page.get_by_role("button", name="Make Visa ···4242 the default")).to_be_visible()
    page.goto(site.call("GET", f"/user/balance/topup?user={user}").json()["url"])
    page.get_by_role("button", name="Pay $10.00 with Visa ···3184").click()
    page.get_by_role("button", name="Confirm $10.00 at my bank").click()
    page.get_by_role("link", name="Give up").click()
    page.goto(f"{site.base_url}/wallet/")
    expect(page.get_by_text("$10.00 from Visa ···3184 waits for you")).to_be_visible()
    page.get_by_role("link", name="Confirm").click()
    ask = page.get_by_role("button", name="Confirm $10.00 at my bank")
    expect(ask).to_be_visible()
    assert_accessible(page, "confirm")
    ask.click()
    page.wait_for_url("**/sandbox/bank/**")
    assert_accessible(page, "bank of a saved card")
    page.get_by_role("button", name="Confirm $10.00").click()
    expect(page.get_by_text("The payment is made")).to_be_visible()


def have_a_topup_back(site: Site, page: Page) -> None:
    """What is unspent goes back to the card after one question, and nothing is charged by itself any more."""
    page.goto(f"{site.base_url}/activity/")
    page.get_by_role("button", name="Refund $20.00").click()
    question = page.get_by_text("Refund $20.00 to Visa ···4242? 20.00 USDC leaves your wallet.")
    expect(question).to_contain_text("Auto top-up will be switched off.")
    assert_accessible(page, "refund")
    page.get_by_role("button", name="Keep").click()
    expect(question).to_have_count(0)
    page.get_by_role("button", name="Refund $20.00").click()
    page.get_by_role("group").get_by_role("button", name="Refund $20.00").click()
    expect(page.get_by_text("$20.00 refunded on")).to_be_visible()
    expect(page.get_by_text("$20.00 goes back to your card.")).to_be_visible()
    expect(page.get_by_text("Refund to your card")).to_be_visible()
    page.goto(f"{site.base_url}/settings/")
    expect(page.get_by_text("you asked for money back")).to_be_visible()

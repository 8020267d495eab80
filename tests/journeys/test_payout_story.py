"""Earnings leave as developer and operator see it: an address is signed for, money arrives on a real chain."""

import json
from collections.abc import Iterator

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app import db, settings
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TREASURY
from app.flows.paywalls.demo import SHARED_PAYWALL_ID
from app.flows.people.demo_people import DEVELOPER, OPERATOR
from tests.emulators import anvil, mail
from tests.journeys.looking import assert_accessible
from tests.journeys.pages import CHROMIUM_ARGUMENTS, demo_with_pages
from tests.support import browser as cookies
from tests.support.books import assert_books_balance
from tests.support.chromium import find_chromium
from tests.support.payer import chain_settings
from tests.support.paying_out import ONE, earn
from tests.support.reserves import agreed_reserves
from tests.support.settling import address_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]
ARRIVES_MS = 60_000
EVE = address_of("eve")


@pytest.fixture
def driver() -> Iterator[Browser]:
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield opened
        opened.close()


def open_as(driver: Browser, base_url: str, inbox: mail.Inbox, email: str, path: str) -> Page:
    known = cookies.Browser(base_url, inbox)
    known.sign_in(email)
    context = driver.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.add_cookies([{"name": "coinslot_session", "value": known.session or "", "url": base_url}])
    page = context.new_page()
    page.goto(base_url + path)
    return page


def confirm_address(page: Page, key: LocalAccount) -> None:
    page.get_by_role("button", name="Name an address").click()
    page.get_by_label("Address on").fill(key.address)
    page.get_by_role("button", name="Go on").click()
    text = page.get_by_label("The text to sign").input_value()
    page.get_by_label("Signature", exact=True).fill("0x" + key.sign_message(encode_defunct(text=text)).signature.hex())
    page.get_by_role("button", name="Confirm by this signature").click()
    expect(page.get_by_text(f"{key.address} is confirmed.")).to_be_visible()


def withdraw(page: Page, amount: str) -> None:
    page.get_by_role("button", name="Withdraw").first.click()
    page.get_by_label("Amount in USDC").fill(amount)
    page.get_by_role("form", name="Withdraw").get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("are on their way to")).to_be_visible()


def look_after(page: Page) -> None:
    """What an operator does about a large payout, and a transfer that somebody made with the treasury's key."""
    expect(page.get_by_text("Payouts are paused")).to_be_visible(timeout=ARRIVES_MS)
    page.get_by_role("button", name="Resume payouts").click()
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_text("are not booked")).to_be_visible()
    page.get_by_role("button", name="Book", exact=True).click()
    page.get_by_role("button", name="Book it").click()
    expect(page.get_by_role("button", name="Book", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Resume payouts").click()
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("button", name="Pause payouts")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def arrives(dev: DevChain, page: Page, address: str, units: int) -> None:
    """The open page says so by itself."""
    expect(page.locator(".tag.ok", has_text="Paid")).to_be_visible(timeout=ARRIVES_MS)
    assert dev.balance(address) == units


@pytest.fixture
def instance_at_home() -> Iterator[None]:
    """Lets go of the database whatever happens."""
    yield
    db.dispose()
    settings.configure()


def test_earnings_arrive_at_an_address_that_was_signed_for(
    instance_at_home: None, driver: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data, key = tmp_path_factory.mktemp("payouts"), Account.create()
    with anvil.running() as dev, mail.running() as inbox:
        dev.node.ask("evm_setIntervalMining", 1)
        dev.mint(dev.node.accounts[TREASURY], 2_000 * ONE)
        chains = json.dumps([{**chain_settings(dev), "explorer_url": "https://scan.example"}])
        with demo_with_pages(data, SMTP_URL=inbox.url, CHAINS=chains) as instance:
            url = instance["base_url"]
            settings.configure(data=data, public_url=url, database_url=instance["database_url"])
            earn(SHARED_PAYWALL_ID, 1_000 * ONE, by_operator=True)
            page = open_as(driver, url, inbox, DEVELOPER, "/earnings/")
            confirm_address(page, key)
            withdraw(page, "6.000001")
            assert_accessible(page, "earnings")
            arrives(dev, page, key.address, 6_000_001)
            dev.call("transfer(address,uint256)", EVE, ONE, sender=dev.node.accounts[TREASURY])
            withdraw(page, "all")
            operator = open_as(driver, url, inbox, OPERATOR, "/operator/treasury/")
            look_after(operator)
            assert_accessible(operator, "treasury")
            expect(operator.get_by_text("No payout is under way.")).to_be_visible(timeout=ARRIVES_MS)
            assert dev.balance(key.address) == 1_000 * ONE and dev.balance(EVE) == ONE
            assert_books_balance()
            agreed_reserves(url, "999")

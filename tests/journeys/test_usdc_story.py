"""USDC on a chain, as its users live it: in from a test wallet, seen, final, spent in chat, the rest out to an address
of theirs, and the books agree."""

import json
from collections.abc import Iterator
from contextlib import closing
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from openai.types.chat import ChatCompletionMessageParam
from playwright.sync_api import Page, expect, sync_playwright

from app.adapters.chain.dev import kept
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TREASURY, DevNode
from tests.emulators.anvil import packages
from tests.journeys.looking import assert_accessible
from tests.journeys.pages import CHROMIUM_ARGUMENTS, demo_with_pages
from tests.support.chromium import find_chromium
from tests.support.reserves import agreed_reserves
from tests.support.server import command

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]
QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is a coin slot?"}]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The whole demo with its chain, whose packages are installed."""
    (tmp_path / kept.PACKAGES).mkdir()
    (tmp_path / kept.PACKAGES / packages().parent.name).symlink_to(packages().parent)
    with demo_with_pages(tmp_path, "--chain") as instance:
        yield instance


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce").new_page()
        browser.close()


def look_at_charge(demo: dict[str, Any], page: Page, request_id: str) -> None:
    """The receipt says what the answer cost, and the person sees the same."""
    key = {"Authorization": f"Bearer {demo['paywalls']['shared']['key']}"}
    receipt = httpx.get(f"{demo['api_base']}/requests/{request_id}", headers=key).json()
    charge = Decimal(receipt["charge"])
    assert charge > 0
    page.goto(f"{demo['base_url']}/activity/")
    expect(page.get_by_text(f"−{charge.quantize(Decimal('0.000001'), ROUND_DOWN).normalize():f}").first).to_be_visible()


def look_at_link(demo: dict[str, Any], page: Page) -> None:
    """The link that an app hands out leads whoever is signed in to their own address."""
    key = {"Authorization": f"Bearer {demo['paywalls']['shared']['key']}"}
    link = httpx.get(f"{demo['api_base']}/user/balance/topup", params={"user": "ada"}, headers=key).json()["url"]
    page.goto(link)
    page.get_by_role("link", name="Pay in USDC").click()
    page.get_by_role("button", name="USDC", exact=True).click()
    expect(page.get_by_alt_text("The address as a QR code")).to_be_visible()


def test_usdc_comes_in_and_is_spent(demo: dict[str, Any], page: Page, tmp_path: Path) -> None:
    page.goto(demo["sign_in"]["end_user"])
    page.goto(f"{demo['base_url']}/wallet/")
    page.get_by_role("button", name="Add funds").click()
    page.get_by_role("button", name="USDC", exact=True).click()
    expect(page.get_by_alt_text("The address as a QR code")).to_be_visible()
    address = page.locator("code").inner_text()
    page.get_by_role("button", name="Pay 10 USDC from the test wallet").click()
    expect(page.get_by_text("In your wallet")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("10.20 USDC").first).to_be_visible()  # with the trial money
    expect(page.get_by_text("USDC deposit")).to_be_visible()

    token = json.loads((tmp_path / kept.STATE / "deployed.json").read_text())[0]
    with closing(DevNode(demo["chain"])) as node:
        chain, treasury = DevChain(node, token, "", ""), node.accounts[TREASURY]
        assert chain.balance(address) + chain.balance(treasury) == 10_000_000  # wherever a sweep has it

    key = demo["paywalls"]["shared"]["key"]
    with openai.OpenAI(base_url=demo["api_base"], api_key=key, max_retries=0) as client:
        asked = client.chat.completions.create(model="demo-mini", user="ada", messages=QUESTION)
        link = next(word for word in (asked.choices[0].message.content or "").split() if "/authorize/" in word)
        page.goto(link)
        page.get_by_role("button", name="Authorize").first.click()
        expect(page.get_by_text("is connected")).to_be_visible()
        answer = client.chat.completions.with_raw_response.create(model="demo-mini", user="ada", messages=QUESTION)
    assert answer.headers["x-paywall-action"] == "none"
    look_at_charge(demo, page, answer.headers["x-request-id"])
    look_at_link(demo, page)
    done = command("audit", "--data", str(tmp_path))
    assert (done.returncode, done.stdout.strip()) == (0, "The books balance."), done.stderr
    report = agreed_reserves(demo["base_url"], "10")
    (chain,) = report["chains"]
    assert (chain["deposit_addresses"], chain["came_in"]) == (1, "10")
    page.goto(f"{demo['base_url']}/reserves/")
    expect(page.get_by_text("Agrees with the books")).to_be_visible()
    expect(page.get_by_text("1 deposit address", exact=True)).to_be_visible()
    expect(page.get_by_text(chain["block"]["hash"])).to_be_visible()
    assert_accessible(page, "reserves")
    withdraw_the_rest(demo, page, token)
    done = command("audit", "--data", str(tmp_path))
    assert (done.returncode, done.stdout.strip()) == (0, "The books balance."), done.stderr
    agreed_reserves(demo["base_url"], "5")


def withdraw_the_rest(demo: dict[str, Any], page: Page, token: str) -> None:
    """What is not spent arrives at an address that its owner has signed for, and the open page says so by itself."""
    key = Account.create()
    page.goto(f"{demo['base_url']}/wallet/")
    page.get_by_role("link", name="Withdraw").click()
    page.get_by_role("button", name="Name an address").click()
    page.get_by_label("Address on").fill(key.address)
    page.get_by_role("button", name="Go on").click()
    text = page.get_by_label("The text to sign").input_value()
    page.get_by_label("Signature", exact=True).fill("0x" + key.sign_message(encode_defunct(text=text)).signature.hex())
    page.get_by_role("button", name="Confirm by this signature").click()
    page.get_by_role("button", name="Withdraw", exact=True).click()
    page.get_by_label("Amount in USDC").fill("5")
    page.get_by_role("form", name="Withdraw").get_by_role("button", name="Withdraw").click()
    expect(page.locator(".tag.ok", has_text="Paid")).to_be_visible(timeout=60_000)
    with closing(DevNode(demo["chain"])) as node:
        assert DevChain(node, token, "", "").balance(key.address) == 5_000_000
    assert_accessible(page, "withdraw")

"""People's own keys: what apps and orders may do with them, as their owner says on each page that asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.emulators import mail, upstream
from tests.journeys.looking import assert_accessible, enter
from tests.journeys.pages import demo_with_pages
from tests.journeys.site import Site
from tests.support.server import QUESTION

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

OWN_MODEL = "demo-mini"
SECRET = "sk-own-of-the-story-5521"


@dataclass(frozen=True)
class House:
    """A demo as anybody starts it, with mails that arrive, beside a provider at which people have keys of their own."""

    site: Site
    own: upstream.RunningUpstream


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("own")
    chosen = {"CREDITS": "", "ALLOW_PRIVATE_ADDRESSES": "true"}
    if request.config.getoption("--journeys-on-postgres"):
        chosen["DATABASE_URL"] = request.getfixturevalue("own_postgres_url")
    with (
        mail.running() as inbox, upstream.running() as own,
        demo_with_pages(data, SMTP_URL=inbox.url, **chosen) as instance,
    ):  # fmt: skip
        own.become(**{OWN_MODEL: "ok"})
        keys = {mode: paywall["key"] for mode, paywall in instance["paywalls"].items()}
        site = Site(instance["base_url"], keys, data, inbox, data / "demo.log", instance["database_url"])
        yield House(site, own)
        assert site.audit() == "The books balance."


def save_key(page: Page, house: House) -> None:
    """Saves a key as the form of the settings does, which the story of credits fills in."""
    fields = {"provider": "my-host", "base_url": house.own.base_url, "key": SECRET}
    posted = page.evaluate(
        """async (fields) =>
            (await fetch("/auth/own-key", {method: "POST", body: new URLSearchParams(fields)})).status""",
        fields,
    )
    assert posted == 200


def test_an_app_and_an_order_use_a_key_as_its_owner_says(house: House, phone: BrowserContext) -> None:
    site, page = house.site, phone.new_page()

    def chat(**headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {site.keys['shared']}", **headers}
        body = {"model": OWN_MODEL, "user": "ora", "messages": QUESTION}
        return httpx.post(f"{site.base_url}/v1/chat/completions", json=body, headers=sent, timeout=60)

    def order(name: str) -> dict[str, Any]:
        wanted = {"user": "ora", "name": name, "billing_source": "ask"}
        made: dict[str, Any] = site.call("POST", "/orders", wanted).raise_for_status().json()
        return made

    # 1. With the consent comes a box: so many requests a day may go by keys of one's own.
    page.goto(f"{site.base_url}/wallet/")
    enter(site, page, "ora@example.org")
    expect(page.get_by_text("No app may charge you")).to_be_visible()
    save_key(page, house)
    page.goto(site.call("GET", "/user/connect?user=ora").json()["url"])
    page.get_by_text("It may use my own provider keys").click()
    page.get_by_label("Requests a day, at most").fill("3")
    assert_accessible(page, "consent with own keys")
    page.get_by_role("button", name="Authorize Marginalia").click()
    expect(page.get_by_text("Marginalia is connected")).to_be_visible()
    by_key = chat()
    assert (by_key.headers["x-paywall-billing"], by_key.json()["paywall"]["charge"]) == ("byok", "0")

    # 2. On the wallet it is changed: the key only where the app asks for it, else the wallet's money, or a link.
    page.get_by_role("link", name="Open your wallet").click()
    expect(page.get_by_text("Your own keys: first, up to 3 requests a day")).to_be_visible()
    page.get_by_role("button", name="Change what Marginalia may do with your own keys").click()
    page.get_by_text("Only when it asks").click()
    assert_accessible(page, "own keys of an app")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your own keys: when it asks, up to 3 requests a day")).to_be_visible()
    assert chat().headers["x-paywall-action"] == "topup"
    assert chat(**{"X-Paywall-Billing": "byok"}).headers["x-paywall-billing"] == "byok"

    # 3. An order that leaves it to its user waits for the choice, which then stands.
    book, letter = order("Translate the book"), order("Write the letter")
    assert chat(**{"X-Paywall-Order": book["id"]}).headers["x-paywall-action"] == "order"
    page.goto(book["url"])
    expect(page.get_by_text("Who pays for this order?")).to_be_visible()
    assert_accessible(page, "an order's choice")
    page.get_by_role("button", name="Use your own key").click()
    expect(page.get_by_text("Your own key pays")).to_be_visible()
    assert chat(**{"X-Paywall-Order": book["id"]}).headers["x-paywall-billing"] == "byok"
    page.reload()
    expect(page.get_by_text("Your wallet is never charged for it.")).to_be_visible(timeout=20_000)
    expect(page.locator(".item", has_text="paid by your own key").first).to_contain_text("1 request")
    expect(page.get_by_role("button", name="Pay from your wallet")).to_have_count(0)
    assert_accessible(page, "an order")
    page.goto(letter["url"])
    page.get_by_role("button", name="Pay from your wallet").click()
    expect(page.get_by_text("Your wallet pays")).to_be_visible()
    assert chat(**{"X-Paywall-Order": letter["id"]}).headers["x-paywall-action"] == "topup"

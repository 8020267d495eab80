"""A developer sets prices, a provider and limits by clicking, on a phone: what is published is what the next request
meets, what is refused changes nothing, and what somebody else publishes meanwhile loses no typing."""

import re
from dataclasses import dataclass, replace

import httpx
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from app import db
from app.domain.ids import new_id
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.limits import Limits
from app.domain.paywalls.members import set_owner
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import NewPrice
from tests.journeys.looking import assert_accessible, enter
from tests.journeys.site import Site
from tests.support import books
from tests.support.managing import person
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

DEVELOPER = "prices@example.org"
OTHERS = 60
"""How many models the paywall has beside two: more than one page."""
READINGS, READING_MILLISECONDS = 5, 1_500
"""How often an open page is read anew while something is typed, and within what time it has been."""


@dataclass(frozen=True)
class Shop:
    """A paywall of the developer's own."""

    site: Site
    id: str
    key: str

    def call(self, method: str, path: str, body: dict[str, object] | None = None) -> httpx.Response:
        """Calls the API as its app does."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.request(method, f"{self.site.base_url}/v1{path}", json=body, headers=headers, timeout=60)

    def chat(self, user: str) -> httpx.Response:
        """Sends a message of one of its users."""
        messages = [{"role": "user", "content": "What is a coin slot?"}]
        return self.call("POST", "/chat/completions", {"model": "demo-mini", "user": user, "messages": messages})

    def asked_for(self, answer: httpx.Response, kind: str) -> str:
        """Returns what a request's receipt says that it paid per million tokens of a kind."""
        receipt = self.call("GET", f"/requests/{answer.headers['x-request-id']}").json()
        return next(str(line["price_per_million"]) for line in receipt["lines"] if line["kind"] == kind)

    def prices(self) -> dict[str, str]:
        """Returns what its users pay per million tokens of a prompt, by model."""
        return {model["id"]: model["pricing"]["prompt"] for model in self.call("GET", "/models").json()["data"]}

    def open(self, page: Page, section: str) -> None:
        """Goes to one of its pages."""
        page.goto(f"{self.site.base_url}/paywalls/{self.id}/{section}/")


@pytest.fixture
def shop(site: Site, at_home: None) -> Shop:
    paywall_id, key = new_id("pw"), keys.new_key(Environment.SANDBOX)
    owner = person(DEVELOPER)
    first = Configuration("Folio", (ProviderSetting("demo"),), "https://folio.example")
    with db.transaction() as session:
        books.create_paywall(session, paywall_id, Mode.DEFAULT, Environment.SANDBOX, Unit.USD, first)
        others = [NewPrice(f"maker/model-{number:02}", NANOS, NANOS) for number in range(OTHERS)]
        books.set_prices(session, paywall_id, [NewPrice("demo-mini", NANOS, 2 * NANOS), NewPrice("demo-large", NANOS,
                                               NANOS), *others])  # fmt: skip
        keys.add_key(session, paywall_id, key)
        set_owner(session, paywall_id, owner.account_id)
    made = Shop(site, paywall_id, key)
    made.call("POST", "/user/balance/deposit", {"user": "ada", "amount": "5"})
    return made


def test_prices_limits_and_providers_by_clicking(site: Site, shop: Shop, phone: BrowserContext) -> None:
    page = phone.new_page()
    page.goto(f"{site.base_url}/signin/?next=/paywalls/{shop.id}/prices/")
    enter(site, page, DEVELOPER)
    a_price_that_cannot_be_and_one_that_can(shop, page)
    a_search_and_all_its_matches(shop, page)
    somebody_else_publishes_meanwhile(shop, page, phone.new_page())
    limits_that_the_next_request_meets(shop, page)
    a_provider_is_tried(shop, page)


def _open_price(page: Page, model: str) -> None:
    page.get_by_role("button", name=f"Change the price of {model}", exact=True).click()
    expect(page.get_by_role("form", name=f"Price of {model}")).to_be_visible()


def a_price_that_cannot_be_and_one_that_can(shop: Shop, page: Page) -> None:
    expect(page.get_by_text("1–50 of 62")).to_be_visible()
    assert shop.asked_for(shop.chat("ada"), "output") == "2"
    assert_accessible(page, "prices")
    _open_price(page, "demo-mini")
    output = page.get_by_label("Output", exact=True)
    output.fill("a lot")
    page.get_by_role("button", name="Keep in draft").click()
    expect(page.get_by_role("alert").filter(has_text="A decimal number")).to_be_visible()
    expect(output).to_have_value("a lot")
    assert_accessible(page, "a price that cannot be")
    output.fill("25")
    output.press("Enter")
    page.get_by_role("button", name="See changes").click()
    expect(page.get_by_text("Largest rise: demo-mini, × 12.5")).to_be_visible()
    assert_accessible(page, "what publishing changes")
    assert shop.asked_for(shop.chat("ada"), "output") == "2"
    page.get_by_role("button", name="Publish version 3").click()
    page.get_by_role("button", name="Publish it").click()  # ten times and more asks once
    expect(page.get_by_text("Version 3 is published")).to_be_visible()
    assert shop.asked_for(shop.chat("ada"), "output") == "25"


def a_search_and_all_its_matches(shop: Shop, page: Page) -> None:
    page.get_by_label("Search models").fill("maker model-1")
    expect(page).to_have_url(re.compile(r"\?q=maker"))
    expect(page.get_by_text("1–10 of 10")).to_be_visible()
    page.get_by_label("Per cent").fill("+20")
    page.get_by_role("button", name="Add to draft").click()
    expect(page.get_by_text("10 prices change", exact=True)).to_be_visible()
    page.get_by_label("Search models").fill("demo-")
    expect(page.get_by_text("1–2 of 2")).to_be_visible()
    expect(page.get_by_text("10 prices change", exact=True)).to_be_visible()  # another search keeps the draft
    page.get_by_role("button", name="Publish version 4").click()
    expect(page.get_by_text("Version 4 is published")).to_be_visible()
    # A list holds no money: a process may take a second to hear of the version.
    wait_until(lambda: shop.prices()["maker/model-10"] == shop.prices()["maker/model-19"] == "1.2")
    assert shop.prices()["maker/model-20"] == "1"


def somebody_else_publishes_meanwhile(shop: Shop, page: Page, other: Page) -> None:
    _open_price(page, "demo-large")
    page.get_by_label("Input", exact=True).fill("3")
    page.get_by_label("Input", exact=True).press("Enter")
    expect(page.get_by_text("1 price changes", exact=True)).to_be_visible()
    shop.open(other, "prices")
    _open_price(other, "demo-mini")
    other.get_by_label("Output", exact=True).fill("24")
    other.get_by_label("Output", exact=True).press("Enter")
    other.get_by_role("button", name="Publish version 5").click()
    expect(other.get_by_text("Version 5 is published")).to_be_visible()
    other.close()
    expect(page.get_by_text("Version 5 was published by prices")).to_be_visible()
    expect(page.get_by_text("It changes the price of demo-mini")).to_be_visible()
    expect(page.get_by_text("1 price changes", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Publish version 6")).to_be_visible()
    page.get_by_role("button", name="Look at version 5").click()
    page.get_by_role("button", name="Publish version 6").click()
    expect(page.get_by_text("Version 6 is published")).to_be_visible()
    assert shop.asked_for(shop.chat("ada"), "output") == "24"


def limits_that_the_next_request_meets(shop: Shop, page: Page) -> None:
    shop.open(page, "limits")
    each_user = page.get_by_role("region", name="Each user").get_by_role("group", name="Spending a day")
    expect(each_user.get_by_role("switch")).to_be_checked()
    each_user.get_by_role("switch").click()
    each_user.get_by_role("textbox").fill("nothing")
    page.get_by_role("button", name="See changes").click()
    expect(each_user.get_by_role("alert")).to_contain_text("More than zero")
    expect(each_user.get_by_role("textbox")).to_have_value("nothing")
    assert_accessible(page, "a limit that cannot be")
    each_user.get_by_role("textbox").fill("0.000001")
    page.get_by_role("button", name="See changes").click()
    expect(page.get_by_text("no limit → 0.000001 USD")).to_be_visible()
    page.get_by_role("button", name="Publish version 7").click()
    expect(page.get_by_text("Version 7 is published")).to_be_visible()
    assert shop.chat("ada").json()["error"]["code"] == "spend_per_day"
    two_browsers_open_version_7(shop, page)
    shop.open(page, "limits")
    what_is_typed_stands_while_the_page_lives(shop, page, each_user)
    page.get_by_role("button", name="For a user").click()
    page.get_by_label("User, by your app's id").fill("ada")
    own = page.get_by_role("form", name="Limits of their own")
    own.get_by_role("group", name="Spending a day").get_by_role("textbox").fill("4")
    own.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Remove the limits of ada")).to_be_visible()
    assert_accessible(page, "limits")
    assert shop.chat("ada").status_code == 200  # at once, without a version


def two_browsers_open_version_7(shop: Shop, page: Page) -> None:
    """`research/dashboard_modes.md` (d) 5."""
    other = page.context.new_page()
    words = {page: ("Funds missing", "Pay here: {{ url }}"), other: ("Cap reached", "Raise your cap: {{ url }}")}
    for each, (title, text) in words.items():
        shop.open(each, "messages")
        each.get_by_role("button", name=f"Edit {title}").click()
        each.get_by_label(title, exact=True).fill(text)
        expect(each.get_by_role("button", name="Publish version 8")).to_be_enabled()
    other.get_by_role("button", name="Publish version 8").click()
    expect(other.get_by_text("Version 8 is published")).to_be_visible()
    other.close()
    page.get_by_role("button", name=re.compile("^Publish version")).click()  # the page may know of theirs by now
    refused = page.get_by_role("alert").filter(has_text="Version 8 was published by prices")
    expect(refused).to_contain_text("this was changed on version 7. Nothing was saved")
    expect(refused).to_contain_text("It changes the words of Cap reached.")
    expect(page.get_by_label("Funds missing", exact=True)).to_have_value(words[page][1])
    expect(page.get_by_role("button", name="Publish version 9")).to_be_disabled()  # version 8 is out
    page.get_by_role("button", name="Keep both").click()
    page.get_by_role("button", name="Publish version 9").click()
    expect(page.get_by_text("Version 9 is published")).to_be_visible()
    with db.transaction(writes=False) as session:
        paywall, current = read_current(session, shop.id)
    assert paywall.version == 9
    assert current.messages == {"topup": "Pay here: {{ url }}", "limit": "Raise your cap: {{ url }}"}


def what_is_typed_stands_while_the_page_lives(shop: Shop, page: Page, each_user: Locator) -> None:
    """`research/dashboard_modes.md` (d) 4, with each of the five readings caused by a change of the paywall."""
    each_user.get_by_role("textbox").fill("12.5")
    for number in range(READINGS):
        shop.call("POST", "/user/balance/deposit", {"user": f"zoe-{number}", "amount": "20"})
        with db.transaction() as session, books.editing(session, shop.id) as edition:
            limits = replace(edition.configuration.limits, paywall=Limits(concurrency=90 + number))
            edition.configuration = replace(edition.configuration, limits=limits)
        page.wait_for_timeout(READING_MILLISECONDS)
        expect(each_user.get_by_role("textbox")).to_have_value("12.5")
    page.get_by_role("button", name=re.compile("^Look at version")).click()
    expect(each_user.get_by_role("textbox")).to_have_value("12.5")
    page.get_by_role("button", name="See changes").click()
    page.get_by_role("button", name=re.compile("^Publish version")).click()
    expect(page.get_by_text("is published")).to_be_visible()
    charged = shop.call("POST", "/user/charge", {"user": "zoe-0", "amount": "12.4999999"})
    assert charged.json()["success"] is True
    beyond = shop.chat("zoe-0")
    assert (beyond.status_code, beyond.json()["error"]["code"]) == (429, "spend_per_day")


def a_provider_is_tried(shop: Shop, page: Page) -> None:
    shop.open(page, "provider")
    page.get_by_role("button", name="Test demo").click()
    expect(page.get_by_text("It answers")).to_be_visible()
    page.get_by_role("button", name="Add a provider").click()
    page.get_by_label("Name").fill("mine")
    page.get_by_label("Base URL").fill("https://nobody.invalid/v1")
    page.get_by_label("Key", exact=True).fill("sk-never-shown-4321")
    page.get_by_role("button", name="Test and save").click()
    expect(page.get_by_role("button", name="Save all the same")).to_be_visible(timeout=30_000)
    expect(page.get_by_label("Key", exact=True)).to_have_value("sk-never-shown-4321")
    assert_accessible(page, "a provider that nobody reaches")
    page.get_by_role("button", name="Save all the same").click()
    expect(page.get_by_text("key ···4321")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Take mine off").click()
    page.get_by_role("button", name="Take it off").click()
    expect(page.get_by_role("button", name="Take mine off")).to_have_count(0)
    assert_accessible(page, "providers")
    assert "never-shown" not in page.content() + shop.site.log.read_text()

"""People's own money and keys: from free credits by way of every mode to a key of their own; what is kept of it; and
apps and orders that may use that key.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.emulators import mail, upstream
from tests.journeys.looking import assert_accessible, enter
from tests.journeys.pages import demo_with_pages
from tests.journeys.site import Site
from tests.journeys.talking import ANSWER_MILLISECONDS, ask, buy, choose, close_choice
from tests.support.server import QUESTION

# Slow: a whole product and a browser; only they show that each page leads to the next.
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

AT_MOST = re.compile(r"at most \d+ credits")
CANARY = "canary-sings-at-dawn"
STATE_BYTES_MAX = 100 * 1024
OWN_MODEL = "demo-mini"
NARROW: ViewportSize = {"width": 390, "height": 844}
SECRET = "sk-own-of-the-story-5521"
WIDE: ViewportSize = {"width": 1280, "height": 860}


@dataclass(frozen=True)
class House:
    """A demo as anybody starts it, with mails that arrive, beside a provider at which people have keys of their own."""

    site: Site
    own: upstream.RunningUpstream
    sign_in: dict[str, str]
    account_key: str


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
        yield House(site, own, instance["sign_in"], instance["account_key"])
        assert site.audit() == "The books balance."


@pytest.fixture
def desk(phone: BrowserContext) -> Iterator[Page]:
    """A page on a wide screen."""
    assert phone.browser is not None
    wide = phone.browser.new_context(viewport=WIDE, reduced_motion="reduce")
    yield wide.new_page()
    wide.close()


def stored(data: Path) -> bytes:
    """Returns all that the demo has written, its log too."""
    return b"".join(file.read_bytes() for file in data.glob("*") if file.is_file() and not file.is_symlink())


def answered(page: Page, facts: str) -> None:
    """Waits for the last answer, under which `facts` stand."""
    expect(page.locator(".turn").last.get_by_text(facts)).to_be_visible(timeout=ANSWER_MILLISECONDS)


def top_up_where_free_credits_end(page: Page) -> None:
    """A model that is paid for is refused with the way to pay, and then all are open."""
    page.get_by_role("combobox", name="Model").select_option("demo-large")
    expect(page.locator(".talk-cost").get_by_text("Free credits are for free models")).to_be_visible()
    ask(page, "What is a ledger?")
    expect(
        page.get_by_role("alert").get_by_text("A model that you chose is not open to you yet. It was not charged.")
    ).to_be_visible()
    page.locator(".turn").last.get_by_role("link", name="Top up").click()
    expect(page.get_by_text("Free credits are for free models.")).to_be_visible()
    assert_accessible(page, "credits")
    buy(page)
    expect(page.get_by_text("319 credits").first).to_be_visible()
    expect(page.get_by_text("Free credits are for free models.")).to_be_hidden()
    expect(page.get_by_text("reserved").first).to_be_visible()


def compare(page: Page) -> None:
    """Compares models of which one fails: side by side, and one at a time where the screen is narrow."""
    page.get_by_role("button", name="Compare", exact=True).click()
    page.locator(".pick summary").click()
    flaky = page.locator(".pick-line").filter(has_text="Demo flaky").get_by_role("checkbox")
    expect(flaky).not_to_be_checked()  # nobody begins with what is there to fail
    page.locator(".pick summary").click()
    choose(page, "Compare", ["Demo free", "Demo mini", "Demo flaky"])
    assert_accessible(page, "models to choose from")
    close_choice(page)
    expect(page.locator(".talk-cost").get_by_text(AT_MOST)).to_be_visible()
    ask(page, "What is a coin slot?")
    answered(page, "1 credit")
    legs = page.locator(".turn").last.locator(".leg")
    expect(legs).to_have_count(3)
    tops = [box["y"] for leg in legs.all() if (box := leg.bounding_box()) is not None]
    assert len(set(tops)) == 1, "they stand side by side"
    expect(legs.filter(has_text="demo-flaky").get_by_text("It failed; it costs nothing.")).to_be_visible()
    assert_accessible(page, "compared answers")

    page.set_viewport_size(NARROW)
    page.reload()
    tabs = page.get_by_role("group", name="Models")
    tabs.get_by_role("button", name="demo-flaky").click(timeout=20_000)
    expect(page.get_by_text("It failed; it costs nothing.")).to_be_visible()
    expect(page.get_by_role("article", name="demo-free")).to_be_hidden()
    tabs.get_by_role("button", name="demo-free").click()
    expect(page.locator(".leg:not(.unshown) .words")).to_be_visible()
    assert_accessible(page, "compared answers, one at a time")
    page.set_viewport_size(WIDE)


def ask_several(page: Page) -> None:
    """Compares, blends, judges, and has another model answer where the first fails."""
    compare(page)
    choose(page, "Blend", ["Demo free", "Demo flaky"])
    expect(page.get_by_label("Put together by")).to_have_value("demo-free")
    close_choice(page)
    ask(page, "Why do ledgers have two sides?")
    answered(page, "put together by demo-free")
    expect(page.get_by_role("article", name="One answer of several").locator(".words").first).to_contain_text("ledgers")

    choose(page, "Judge", ["Demo free", "Demo mini"])
    expect(page.get_by_label("Judge")).to_have_value("demo-large")
    close_choice(page)
    ask(page, "Suggest ways to save money")
    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text("says demo-large", timeout=ANSWER_MILLISECONDS)
    expect(verdict.locator("li").first).to_contain_text("steps")
    assert_accessible(page, "a verdict")

    choose(page, "Mesh", ["Demo flaky", "Demo mini"])
    close_choice(page)
    ask(page, "Who keeps the books?")
    expect(page.get_by_text("demo-flaky failed (503) → demo-mini answered")).to_be_visible(timeout=ANSWER_MILLISECONDS)
    answered(page, "demo-mini · 1 credit")


def bring_a_key(page: Page, house: House) -> None:
    """Saves a key of a host of one's own, which is shown by its end alone."""
    page.goto(f"{house.site.base_url}/settings/#own-keys")
    page.get_by_role("button", name="Add a key").click()
    page.get_by_role("combobox", name="Provider").select_option(label="Another OpenAI-compatible host")
    form = page.get_by_role("form", name="Own key")
    form.get_by_label("Name").fill("my-host")  # the profile has a name too, and this one comes with the host
    form.get_by_label("Base URL").fill(house.own.base_url)
    form.get_by_label("Key", exact=True).fill("sk-wrong-one")
    page.get_by_role("button", name="Test and save").click()
    expect(page.get_by_role("alert").get_by_text("refuses this key")).to_be_visible(timeout=ANSWER_MILLISECONDS)
    form.get_by_label("Key", exact=True).fill(SECRET)
    assert_accessible(page, "a key of one's own")
    page.get_by_role("button", name="Test and save").click()
    keys = page.get_by_role("region", name="Own keys")
    expect(keys.get_by_text("my-host", exact=True)).to_be_visible()
    expect(keys.get_by_text(SECRET[-4:])).to_be_visible()
    assert SECRET not in page.content()


def test_from_free_credits_by_every_mode_to_a_key_of_ones_own(house: House, desk: Page) -> None:
    page, base_url = desk, house.site.base_url
    page.goto(f"{base_url}/credits/")
    enter(house.site, page, "ida@example.org")

    # 1. What everybody begins with pays for a free model; what is paid for opens by the first top-up.
    expect(page.get_by_text("20 credits").first).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Chat", exact=True).click()
    expect(page.get_by_text("at most 1 credit")).to_be_visible(timeout=20_000)
    ask(page, "Hello")
    answered(page, "demo-free · 1 credit")
    top_up_where_free_credits_end(page)

    # 2. Several models answer together, by each mode.
    page.get_by_role("link", name="Chat", exact=True).click()
    expect(page.get_by_role("combobox", name="Model")).to_have_value("demo-large", timeout=20_000)
    ask_several(page)

    # 3. A key of one's own answers, costs nothing, and is counted all the same.
    bring_a_key(page, house)
    before = len(house.own.seen())
    page.goto(f"{base_url}/chat/")
    page.get_by_role("button", name="Chat", exact=True).click(timeout=20_000)
    page.get_by_role("combobox", name="Model").select_option(OWN_MODEL)
    spendable = page.locator(".talk-cost a").last.inner_text()
    ask(page, "What is a key?")
    answered(page, f"{OWN_MODEL} · 0 credits")
    expect(page.locator(".talk-cost a").last).to_have_text(spendable)
    last = house.own.seen()[-1]
    assert len(house.own.seen()) == before + 1 and last["headers"]["authorization"] == f"Bearer {SECRET}"
    conversation = page.url.partition("c=")[2]
    turn = page.request.get(f"{base_url}/talk/conversations/{conversation}").json()["turns"][-1]
    receipt = page.request.get(f"{base_url}/talk/receipts/{turn['id']}").json()
    assert receipt["credits"] == 0 and receipt["tokens"] > 0 and {one["amount"] for one in receipt["lines"]} == {"0"}
    page.goto(f"{base_url}/usage/")
    own = page.locator(".item", has_text="paid by your own key").first
    expect(own).to_contain_text("0 credits")
    expect(own).to_contain_text("1 request")
    assert_accessible(page, "usage")
    assert house.site.audit() == "The books balance."


def call_by_key(page: Page, house: House) -> None:
    """Calls by the account key: what is refused links to the credits, on which what is charged shows by itself."""

    def call(model: str) -> Any:
        headers = {"Authorization": f"Bearer {house.account_key}"}
        body = {"model": model, "messages": QUESTION}
        url = f"{house.site.base_url}/v1/chat/completions"
        return httpx.post(url, json=body, headers=headers, timeout=60).json()["paywall"]

    page.goto(call(OWN_MODEL)["url"])
    expect(page.get_by_text("20 credits").first).to_be_visible()
    assert call("demo-free")["charge"] == "1"
    expect(page.get_by_text("19 credits").first).to_be_visible()
    expect(page.get_by_text("reserved")).to_be_visible()


def keep_nothing(page: Page, base_url: str) -> None:
    """Chooses in the settings that nothing is kept, and sees that it is so."""
    page.goto(f"{base_url}/settings/#privacy")
    page.get_by_role("button", name="Keep nothing").click()
    page.get_by_role("button", name="Delete and keep nothing").click()
    expect(page.get_by_role("button", name="Keep conversations again")).to_be_visible()
    assert_accessible(page, "privacy")
    page.goto(f"{base_url}/chat/")
    expect(page.get_by_text("Nothing of this is kept.")).to_be_visible(timeout=20_000)
    ask(page, "Hello")
    expect(page.locator(".answer").get_by_text("demo-free · 1 credit")).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.get_by_text("Nothing of this is kept.")).to_be_visible(timeout=20_000)
    expect(page.locator(".turn")).to_have_count(0)


def test_what_is_said_is_kept_for_its_owner_and_nobody_else(house: House, phone: BrowserContext) -> None:
    base_url, page = house.site.base_url, phone.new_page()
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(len(frame))))
    page.goto(house.sign_in["end_user"])
    call_by_key(page, house)
    page.goto(f"{base_url}/chat/")

    # 1. What an answer may cost stands there before it is asked; the free model is chosen, because credits are free.
    expect(page.get_by_text("at most 1 credit")).to_be_visible(timeout=20_000)
    assert_accessible(page, "an empty chat")
    ask(page, f"What is {CANARY}?")
    answer = page.locator(".answer .words")
    expect(page.locator(".answer").get_by_text("demo-free · 1 credit")).to_be_visible(timeout=30_000)
    expect(page.locator(".talk-cost").get_by_text("18 credits")).to_be_visible()
    assert_accessible(page, "an answered chat")

    # 2. The next answer is stopped, and costs what had arrived.
    ask(page, "Write a long story about coins, please.")
    expect(page.locator(".answer").nth(1).locator(".words")).to_be_visible()
    page.get_by_role("button", name="Stop").press("Enter")
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    expect(page.get_by_text("You stopped this answer.")).to_be_visible()
    expect(page.locator(".answer").nth(1).get_by_text("demo-free · 1 credit")).to_be_visible()

    # 3. Whoever comes back finds both; one is asked again, as a request of its own.
    said = answer.first.inner_text()
    page.reload()
    expect(page.locator(".answer")).to_have_count(2, timeout=20_000)
    expect(page.get_by_text("You stopped this answer.")).to_be_visible()
    assert page.locator(".answer .words").first.inner_text() == said
    page.get_by_role("button", name="Again: demo-free").first.click()
    expect(page.get_by_text("demo-free · 2 credits · asked 2 times")).to_be_visible(timeout=30_000)
    page.reload()
    expect(page.get_by_text("demo-free · 2 credits · asked 2 times")).to_be_visible(timeout=20_000)

    # 4. Nothing of it stands anywhere unsealed, and none of it passed the page's state.
    assert CANARY.encode() not in stored(house.site.data)
    assert max(sent) < STATE_BYTES_MAX

    # 5. It is renamed and deleted where it is listed.
    page.get_by_role("button", name="Earlier chats").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill("Birds of dawn")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Birds of dawn")).to_be_visible()
    assert_accessible(page, "earlier chats")
    page.get_by_role("button", name="Delete").press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_role("link", name="Birds of dawn")).to_be_hidden()
    expect(page.locator(".turn")).to_have_count(0)

    # 6. Who wants nothing kept says so in the settings, and the page says so too.
    keep_nothing(page, base_url)


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
    page.goto(order("Read the proofs")["url"])
    page.get_by_role("link", name="Authorize Marginalia").click()
    page.get_by_text("It may use my own provider keys").click()
    page.get_by_label("Requests a day, at most").fill("3")
    assert_accessible(page, "consent with own keys")
    page.get_by_role("button", name="Authorize Marginalia").click()
    expect(page.get_by_text("Marginalia is connected")).to_be_visible()
    expect(page.get_by_role("link", name="Back to the order")).to_be_visible()
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
    page.get_by_role("button", name="Use your own key").press("Enter")
    expect(page.get_by_text("Your own key pays")).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()  # what was pressed is gone
    assert chat(**{"X-Paywall-Order": book["id"]}).headers["x-paywall-billing"] == "byok"
    expect(page.get_by_text("Your wallet is never charged for it.")).to_be_visible()
    expect(page.locator(".item", has_text="paid by your own key").first).to_contain_text("1 request")
    expect(page.get_by_role("button", name="Pay from your wallet")).to_have_count(0)
    assert_accessible(page, "an order")
    page.goto(letter["url"])
    page.get_by_role("button", name="Pay from your wallet").click()
    expect(page.get_by_text("Your wallet pays")).to_be_visible()
    expect(page.get_by_text("New calls wait")).to_be_visible()
    assert chat(**{"X-Paywall-Order": letter["id"]}).headers["x-paywall-action"] == "topup"

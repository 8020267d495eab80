"""The chat page as a person lives it: a free model, a stop, what is kept, and what is not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.looking import assert_accessible
from tests.journeys.pages import demo_with_pages
from tests.support.server import command

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

CANARY = "canary-sings-at-dawn"
STATE_BYTES_MAX = 100 * 1024


@pytest.fixture(scope="module")
def with_credits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], Path]]:
    data = tmp_path_factory.mktemp("chat")
    with demo_with_pages(data, CREDITS="") as instance:
        yield instance, data
        done = command("audit", "--data", str(data))
        assert done.stdout.strip() == "The books balance.", json.dumps(done.stdout)


def ask(page: Page, question: str) -> None:
    page.get_by_role("textbox", name="Message").fill(question)
    page.keyboard.press("Enter")


def stored(data: Path) -> bytes:
    """Returns all that the demo has written, its log too."""
    return b"".join(file.read_bytes() for file in data.glob("*") if file.is_file() and not file.is_symlink())


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


def test_what_is_said_is_kept_for_its_owner_and_nobody_else(
    with_credits: tuple[dict[str, Any], Path], phone: BrowserContext
) -> None:
    (instance, data), page = with_credits, phone.new_page()
    sent: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append(len(frame))))
    page.goto(instance["sign_in"]["end_user"])
    page.goto(f"{instance['base_url']}/chat/")

    # 1. What an answer may cost stands there before it is asked; the free model is chosen, because credits are free.
    expect(page.get_by_text("at most 1 credit")).to_be_visible(timeout=20_000)
    assert_accessible(page, "an empty chat")
    ask(page, f"What is {CANARY}?")
    answer = page.locator(".answer .words")
    expect(page.locator(".answer").get_by_text("demo-free · 1 credit")).to_be_visible(timeout=30_000)
    expect(page.locator(".talk-cost").get_by_text("19 credits")).to_be_visible()
    assert_accessible(page, "an answered chat")

    # 2. The next answer is stopped, and costs what had arrived.
    ask(page, "Write a long story about coins, please.")
    expect(page.locator(".answer").nth(1).locator(".words")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
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
    assert CANARY.encode() not in stored(data)
    assert max(sent) < STATE_BYTES_MAX

    # 5. It is renamed and deleted where it is listed.
    page.get_by_role("button", name="Earlier chats").click()
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill("Birds of dawn")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Birds of dawn")).to_be_visible()
    assert_accessible(page, "earlier chats")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Birds of dawn")).to_be_hidden()
    expect(page.locator(".turn")).to_have_count(0)

    # 6. Who wants nothing kept says so in the settings, and the page says so too.
    keep_nothing(page, instance["base_url"])


def buy(page: Page, base_url: str) -> None:
    """Adds the smallest pack in the sandbox's checkout."""
    page.goto(f"{base_url}/credits/")
    page.get_by_role("button", name="$3", exact=True).click()
    page.get_by_role("button", name="Pay $3.00").click()
    page.wait_for_url("**/sandbox/checkout/**")
    page.get_by_role("button", name="Pay $3.00").click()
    expect(page.get_by_text("Credits added")).to_be_visible()


def test_several_models_answer_side_by_side(
    with_credits: tuple[dict[str, Any], Path], phone: BrowserContext
) -> None:  # fmt: skip
    (instance, _data), page = with_credits, phone.new_page()
    page.goto(instance["sign_in"]["developer"])
    buy(page, instance["base_url"])
    page.goto(f"{instance['base_url']}/chat/")

    # 1. Two models are compared, of which one always fails: it is named, costs nothing, and the other's answer stands.
    page.get_by_role("button", name="Compare").click(timeout=20_000)
    page.get_by_text("2 models").click()
    for name, is_on in (("Demo free", True), ("Demo flaky", True), ("Demo large", False), ("Demo mini", False)):
        page.get_by_label(name).set_checked(is_on)
    assert_accessible(page, "models to choose from")
    page.get_by_label("Demo free").press("Escape")
    expect(page.locator(".pick-list")).to_be_hidden()
    expect(page.get_by_text("at most 2 credits")).to_be_visible()
    ask(page, "What is a coin slot?")
    tabs = page.get_by_role("group", name="Models")
    tabs.get_by_role("button", name="demo-flaky").click()
    expect(page.get_by_text("It failed; it costs nothing.")).to_be_visible(timeout=30_000)
    tabs.get_by_role("button", name="demo-free").click()
    expect(page.locator(".leg:not(.unshown) .words")).to_be_visible()
    expect(page.locator(".turn > small").get_by_text("1 credit")).to_be_visible(timeout=30_000)
    assert_accessible(page, "compared answers")

    # 2. What came of it is there for whoever comes back, each leg under its letter.
    page.reload()
    expect(page.get_by_role("article", name="demo-free")).to_have_count(1, timeout=20_000)
    page.get_by_role("group", name="Models").get_by_role("button", name="demo-flaky").click()
    expect(page.get_by_text("It failed; it costs nothing.")).to_be_visible()

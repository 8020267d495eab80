"""The main job, as its users live it: an app, its user in a browser, a real upstream process, the books at the end."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam
from playwright.sync_api import Page, expect, sync_playwright

from tests.emulators import upstream
from tests.journeys.pages import CHROMIUM_ARGUMENTS, ROOT, demo_with_pages
from tests.support.chromium import find_chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is a coin slot?"}]


@dataclass(frozen=True)
class Demo:
    """A running demo: its address, its key, and where its files are."""

    base_url: str
    key: str
    data: Path

    def get(self, path: str) -> Any:
        answer = httpx.get(f"{self.base_url}/v1{path}", headers={"Authorization": f"Bearer {self.key}"})
        return answer.raise_for_status().json()


@pytest.fixture(scope="module")
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started


@pytest.fixture(scope="module")
def demo(emulated: upstream.RunningUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The whole product with pages, in front of a real upstream process."""
    data = tmp_path_factory.mktemp("story")
    with demo_with_pages(data, "--upstream", emulated.base_url) as instance:
        yield Demo(instance["base_url"], instance["paywalls"]["default"]["key"], data)


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
        yield context.new_page()
        browser.close()


@pytest.fixture
def client(demo: Demo) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{demo.base_url}/v1", api_key=demo.key, max_retries=0) as made:
        yield made


def test_a_chat_request_pays_for_itself(
    demo: Demo, emulated: upstream.RunningUpstream, page: Page, client: openai.OpenAI
) -> None:
    # 1. A new user gets an ordinary assistant message with a link, whole and streamed.
    whole = client.chat.completions.with_raw_response.create(model="ok", user="ada", messages=QUESTION)
    assert whole.headers["x-paywall-action"] == "topup"
    link = _link_in(whole.parse().choices[0].message.content or "")
    chunks = list(client.chat.completions.create(model="ok", user="ada", messages=QUESTION, stream=True))
    assert _link_in("".join(chunk.choices[0].delta.content or "" for chunk in chunks)).startswith(demo.base_url)
    assert emulated.seen() == []

    # 2. The link opens a page; $5 are paid in the sandbox checkout; the page shows the balance and the way back.
    page.goto(link)
    expect(page.get_by_text("$0.00").first).to_be_visible()
    page.get_by_role("button", name="$5", exact=True).click()
    page.get_by_role("button", name="Pay $5.00").click()
    page.wait_for_url("**/sandbox/checkout/**")
    page.get_by_role("button", name="Pay $5.00").click()
    page.wait_for_url("**/topup/**")
    expect(page.get_by_text("$5.00").first).to_be_visible()
    back = page.get_by_role("link", name="Back to Lexica").first
    expect(back).to_have_attribute("href", "https://lexica.example")
    assert demo.get("/user/balance?user=ada")["balance"] == "5000000"

    # 3. The same request again: the upstream's own answer.
    answered = client.chat.completions.with_raw_response.create(model="ok", user="ada", messages=QUESTION)
    completion = answered.parse()
    assert answered.headers["x-paywall-action"] == "none"
    assert completion.usage is not None and completion.usage.completion_tokens > 0
    streamed = list(client.chat.completions.create(model="ok", user="ada", messages=QUESTION, stream=True))
    assert len({chunk.id for chunk in streamed}) == 1
    assert len([chunk for chunk in streamed if chunk.choices and chunk.choices[0].delta.content]) > 1

    # 4. The wallet is charged exactly; the page shows the same line without being loaded again.
    receipt = demo.get(f"/requests/{answered.headers['x-request-id']}")
    assert _arithmetic(receipt) == Fraction(receipt["charge"])
    assert Fraction(receipt["hold"]) - Fraction(receipt["charge"]) == Fraction(receipt["released"])
    spendable = Fraction(demo.get("/user/balance?user=ada")["spendable"])
    assert Fraction(5) - spendable == 2 * Fraction(receipt["charge"])
    shown = page.locator("details", has_text=receipt["id"])
    expect(shown.locator("summary")).to_contain_text(receipt["model"])
    shown.locator("summary").click()
    for figure in (receipt["charge"], receipt["hold"], *(line["amount"] for line in receipt["lines"])):
        expect(shown.get_by_text(f"${figure}", exact=True).first).to_be_visible()

    # 5. The books balance.
    audit = subprocess.run(
        [sys.executable, "-m", "app.cli", "audit", "--data", str(demo.data)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (audit.returncode, audit.stdout.strip()) == (0, "The books balance.")


def _link_in(text: str) -> str:
    return next(word for word in text.split() if "/topup/" in word)


def _arithmetic(receipt: dict[str, Any]) -> Fraction:
    """Works a charge out again from its receipt, rounded once to nanos, half up."""
    exact = sum((Fraction(line["amount"]) for line in receipt["lines"]), Fraction(0))
    for line in receipt["lines"]:
        assert Fraction(line["amount"]) == line["tokens"] * Fraction(line["price_per_million"]) / 1_000_000
    exact *= 1 + Fraction(receipt["markup_percent"]) / 100
    nanos = int(exact * 10**9 + Fraction(1, 2))
    return max(Fraction(nanos, 10**9), Fraction(receipt["minimum"]))


def test_a_declined_card_ends_nothing_and_what_goes_back_was_not_nothing(demo: Demo, page: Page) -> None:
    """Only a rail makes payments that go back, so what its end left is written beside the running demo."""
    page.goto(demo.get("/user/balance/topup?user=mona")["url"])
    page.get_by_role("button", name="Pay $10.00").click()
    page.get_by_role("button", name="Decline").click()
    expect(page.get_by_text("The payment was declined")).to_be_visible()
    expect(page.get_by_role("button", name="Pay $10.00")).to_be_enabled()
    with closing(sqlite3.connect(demo.data / "coinslot.db", timeout=30)) as books, books:
        (topup,) = books.execute("SELECT id FROM topup WHERE external_id = 'mona'").fetchone()
        books.execute("UPDATE topup SET status = 'expired', finished_at = 1 WHERE id = ?", (topup,))
    page.reload()
    page.get_by_role("link", name="Back to your wallet").click()
    expect(page.get_by_text("Nothing was charged")).to_be_visible()
    with closing(sqlite3.connect(demo.data / "coinslot.db", timeout=30)) as books, books:
        books.execute(
            "INSERT INTO refund (id, topup_id, connection_id, payment_id, paid_cents, credited_nanos, transit_nanos,"
            " currency, reason, status,"
            " attempts, created_at, next_at, told_at, finished_at)"
            " SELECT 'ref_1', id, connection_id, 'pi_1', 900, 0, 0, 'USD', 'mismatch', 'succeeded', 1, 1, 1, 1, 1"
            " FROM topup WHERE id = ?", (topup,),
        )  # fmt: skip
    page.reload()
    expect(page.get_by_text("It is being refunded in full")).to_be_visible()
    expect(page.get_by_text("Nothing was charged")).to_have_count(0)

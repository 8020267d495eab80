"""A developer looks after a user on a phone: finds them, gives money, gives a charge back, reads its receipt, blocks
them, and sends an event again."""

import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.web.developer.requests.rows import ROWS_A_PAGE
from tests.journeys.looking import assert_accessible, enter
from tests.journeys.site import Site
from tests.support import shifts
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

DEVELOPER = "developer@demo.example"
PAGES = "/paywalls/pw_demo_default"
USER = "fay:01"
MANY = "many-7"


def test_a_developer_looks_after_a_user_and_their_events(site: Site, phone: BrowserContext, tmp_path: Path) -> None:
    page = phone.new_page()
    page.goto(f"{site.base_url}/signin/?next={PAGES}/events/")
    enter(site, page, DEVELOPER)
    add_an_endpoint(site, page)
    make_a_user(site)
    find_them(site, page)
    give_money(site, page)
    give_a_charge_back(site, page)
    block_and_let_in(site, page)
    read_a_receipt(site, page)
    read_the_ledger(site, page, tmp_path / "ledger.csv")
    send_an_event_again(site, page)
    look_through_many_requests(site, page, phone)


def spendable(site: Site) -> str:
    return str(site.call("GET", f"/user/balance?user={USER}", mode="default").json()["spendable"])


def add_an_endpoint(site: Site, page: Page) -> None:
    expect(page.get_by_text("No endpoint yet")).to_be_visible()
    page.get_by_role("button", name="Add an endpoint").click()
    page.get_by_label("URL").fill("https://hooks.invalid/coinslot")
    page.get_by_role("button", name="Add", exact=True).click()
    secret = page.get_by_text(re.compile("^whsec_"))
    expect(secret).to_be_visible()
    text = secret.inner_text()
    assert_accessible(page, "events")
    page.get_by_role("button", name="Done").click()
    page.reload()
    expect(page.get_by_text("https://hooks.invalid/coinslot").first).to_be_visible()
    assert text not in page.content() and f"…{text[-6:]}" in page.content()


def make_a_user(site: Site) -> None:
    paid = site.call("POST", "/user/balance/deposit", {"user": USER, "amount": "5"}, mode="default")
    charged = site.call("POST", "/user/charge", {"user": USER, "amount": "2"}, mode="default")
    asked = site.call("POST", "/chat/completions", {"model": "demo-mini", "user": USER, "messages": [
        {"role": "user", "content": "What is a coin slot?"}]}, mode="default")  # fmt: skip
    assert [answer.status_code for answer in (paid, charged, asked)] == [200, 200, 200]


def find_them(site: Site, page: Page) -> None:
    page.goto(f"{site.base_url}{PAGES}/users/")
    field = page.get_by_label("Part of a user's id")
    field.fill("FAY")
    field.press("Enter")
    expect(page).to_have_url(re.compile("user=FAY"))
    expect(page.get_by_role("link", name=USER)).to_be_visible()
    assert_accessible(page, "users")
    page.get_by_role("link", name=USER).click()
    expect(page.get_by_role("heading", name="What binds now")).to_be_visible()


def give_money(site: Site, page: Page) -> None:
    page.get_by_role("button", name="Grant").click()
    page.get_by_label("Amount").fill("nothing")
    page.get_by_label("Amount").press("Enter")
    expect(page.get_by_role("alert").filter(has_text="above zero")).to_be_visible()
    assert page.get_by_label("Amount").input_value() == "nothing"
    page.get_by_label("Amount").fill("1.5")
    page.get_by_label("Reason").fill("Goodwill")
    # A double press of one form gives once.
    page.get_by_role("region", name="Grant").get_by_role("button", name="Grant").dblclick()
    expect(page.get_by_text("$1.50 was given.")).to_be_visible()
    expect(page.get_by_text("+$1.50")).to_have_count(1)
    assert spendable(site).startswith("4.49")
    assert_accessible(page, "user")


def give_a_charge_back(site: Site, page: Page) -> None:
    charge = page.locator("details", has_text="One-off charge")
    charge.locator("summary").click()
    charge.get_by_role("button", name="Refund this charge").click()
    charge.get_by_label("Amount").fill("9")
    charge.get_by_role("button", name="Give it back").click()
    expect(charge.get_by_role("alert").filter(has_text="At most")).to_be_visible()
    charge.get_by_label("Amount").fill("0.75")
    charge.get_by_role("button", name="Give it back").dblclick()
    expect(page.get_by_text("A part of the charge was given back.")).to_be_visible()
    expect(page.get_by_text("+$0.75")).to_have_count(1)


def block_and_let_in(site: Site, page: Page) -> None:
    page.get_by_role("button", name="Block").click()
    page.get_by_role("region", name="Block").get_by_role("button", name="Block").click()
    expect(page.get_by_text("The user is blocked.")).to_be_visible()
    page.get_by_role("button", name="Let in again").click()
    expect(page.get_by_text("The user is let in again.")).to_be_visible()


def read_a_receipt(site: Site, page: Page) -> None:
    page.goto(f"{site.base_url}{PAGES}/requests/?user={USER}&model=demo-mini")
    request = page.locator("details.move")
    expect(request).to_have_count(1)
    request.locator("summary").press("Enter")  # by keyboard alone
    for words in ("Charged", "Held before it ran", "Version of the paywall", "Output"):
        expect(request.get_by_text(words).first).to_be_visible()
    assert_accessible(page, "requests")


def ids(page: Page, rows: int) -> list[str]:
    """Returns the ids of the requests that a list shows, once it shows so many."""
    requests = page.locator("details.move")
    expect(requests).to_have_count(rows)
    found: list[str] = requests.evaluate_all("all => all.map(one => one.querySelector('.id').firstChild.textContent)")
    assert len(set(found)) == rows
    return found


def _shows(page: Page, wanted: list[str]) -> bool:
    return ids(page, len(wanted)) == wanted


def look_through_many_requests(site: Site, page: Page, phone: BrowserContext) -> None:
    """`research/dashboard_modes.md` (d) 9, with what fits into a run: an address is the same list for everybody."""
    site.call("POST", "/user/balance/deposit", {"user": MANY, "amount": "5"}, mode="default")
    labels = {"X-Paywall-Session": "s-9", "X-Paywall-Agent": "a-9"}
    for _ in range(ROWS_A_PAGE + 4):
        site.call("POST", "/user/charge", {"user": MANY, "amount": "0.01"}, mode="default", headers=labels)
    one_more = [site.call("POST", "/user/charge", {"user": user, "amount": "0.01"}, mode="default")
                for user in (MANY, USER)]  # fmt: skip
    charged, others = (answer.headers["x-request-id"] for answer in one_more)
    day = datetime.now(UTC).date()
    page.goto(f"{site.base_url}{PAGES}/requests/")
    every = ids(page, ROWS_A_PAGE)
    page.get_by_label("User", exact=True).fill(MANY)
    page.get_by_label("State").select_option("settled")
    page.get_by_role("button", name="Find").click()
    expect(page).to_have_url(re.compile(f"user={MANY}"))
    expect(page.locator("details.move", has_text=others)).to_have_count(0)
    theirs = ids(page, ROWS_A_PAGE)
    filters = f"user={MANY}&status=settled&day={day}&until={day}&session=s-9&agent=a-9"
    page.goto(f"{site.base_url}{PAGES}/requests/?{filters}")
    expect(page.get_by_label("Agent", exact=True)).to_have_value("a-9")
    expect(page.locator("details.move", has_text=charged)).to_have_count(0)
    six, address = ids(page, ROWS_A_PAGE), page.url
    assert (every[:2], theirs[0]) == ([others, charged], charged)
    page.get_by_role("link", name="Older").click()
    assert not set(ids(page, 4)) & set(six)
    for before in (six, theirs, every):
        page.go_back()
        wait_until(partial(_shows, page, before))
    in_a_fresh_browser(site, phone, address, six)
    one = f"user={MANY}&status=settled&day={day}&until={day}&id={charged}"
    for key, rows in (("", 1), ("playground", 0)):
        page.goto(f"{site.base_url}{PAGES}/requests/?{one}&key={key}")
        expect(page.get_by_label("Id of a request")).to_have_value(charged)
        expect(page.locator("details.move", has_text=MANY)).to_have_count(rows)
    expect(page.get_by_label("Key", exact=True)).to_have_value("playground")
    expect(page.get_by_text("Nothing fits")).to_be_visible()


def in_a_fresh_browser(site: Site, phone: BrowserContext, address: str, shown: list[str]) -> None:
    """Opens an address where nothing is known but who is signed in: the same ids, and nothing that moves."""
    browser = phone.browser
    assert browser is not None
    fresh = browser.new_context(viewport={"width": 1280, "height": 860})
    fresh.add_cookies(phone.cookies())  # type: ignore[arg-type]
    page = fresh.new_page()
    page.add_init_script(shifts.WATCH)
    page.goto(address)
    assert ids(page, ROWS_A_PAGE) == shown and shifts.read(page) == []
    fresh.close()


def read_the_ledger(site: Site, page: Page, kept: Path) -> None:
    page.goto(f"{site.base_url}{PAGES}/ledger/?user={USER}")
    expect(page.get_by_text("+$0.75")).to_be_visible()
    assert_accessible(page, "ledger")
    with page.expect_download() as waited:
        page.get_by_role("link", name="Download CSV").click()
    waited.value.save_as(kept)
    lines = kept.read_text().splitlines()
    assert lines[0].startswith("id,type,created_at,user") and len(lines) == 6
    page.get_by_label("Account", exact=True).select_option("grants")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("−$1.50")).to_be_visible()


def send_an_event_again(site: Site, page: Page) -> None:
    page.goto(f"{site.base_url}{PAGES}/events/")
    page.get_by_role("button", name="Send test event").click()
    page.get_by_label("Event").select_option("paywall.refund.created")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("The test event is on its way.")).to_be_visible()
    test = page.locator("details.move", has_text="paywall.refund.created").first
    test.locator("summary").click()
    expect(test.get_by_text('"test": true')).to_be_visible()
    assert_accessible(page, "deliveries")
    test.get_by_role("button", name="Send again").click()
    expect(page.get_by_text("sent again").first).to_be_visible()

"""A key is given by our own page alone, by whoever owns the paywall, and no answer has it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.emulators import mail
from tests.support.browser import Browser
from tests.support.server import Demo, running
from tests.support.stripe_bank import StripeBank, StripeShop

URL = "/manage/paywalls/pw_demo_default/stripe"
OWNER = "developer@demo.example"


@pytest.fixture(scope="module")
def site(stripe_process: StripeBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, mail.Inbox]]:
    with (
        mail.running() as inbox,
        running(tmp_path_factory.mktemp("site"), SMTP_URL=inbox.url, STRIPE_API_BASE=stripe_process.url) as demo,
    ):
        yield demo, inbox


@pytest.fixture(scope="module")
def shop(stripe_process: StripeBank) -> StripeShop:
    return stripe_process.account()


@pytest.fixture(scope="module")
def owner(site: tuple[Demo, mail.Inbox]) -> Browser:
    browser = Browser(site[0].base_url, site[1])
    browser.sign_in(OWNER)
    return browser


@pytest.mark.unhurried
def test_its_owner_connects_stripe_and_changes_the_key(owner: Browser, shop: StripeShop) -> None:
    key = shop.keys["rk_test"]
    answers = [owner.post(URL, key=key) for _ in range(2)]
    assert [answer.json() for answer in answers] == [{"said": "connected"}, {"said": "changed"}]
    assert all(answer.headers["cache-control"] == "no-store" and key not in answer.text for answer in answers)


@pytest.mark.parametrize("key", ["sk_test_51secret", "rk_live_51secret", "rk_test_51secret", "x" * 2_000, ""])
def test_a_key_that_cannot_be_used_is_said_and_never_repeated(owner: Browser, key: str) -> None:
    answer = owner.post(URL, key=key)
    assert answer.status_code == 400 and answer.json()["error"]["message"]
    assert "51secret" not in answer.text and "xxx" not in answer.text


@pytest.mark.unhurried
def test_a_key_without_permissions_names_their_boxes(owner: Browser, shop: StripeShop) -> None:
    answer = owner.post(URL, key=shop.key(["rak_balance_read"]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "permissions_missing")
    assert "Disputes: Read" in answer.json()["error"]["message"]


def test_nobody_else_does(site: tuple[Demo, mail.Inbox], shop: StripeShop) -> None:
    demo, inbox = site
    stranger, calls = Browser(demo.base_url, inbox), len(shop.calls())
    stranger.sign_in("stranger@example.org")
    key = shop.keys["rk_test"]
    assert stranger.post(URL, key=key).status_code == 404
    assert stranger.post(URL, headers={"Sec-Fetch-Site": "cross-site"}, key=key).status_code == 403
    assert httpx.post(demo.base_url + URL, data={"key": key}).status_code == 401
    assert httpx.get(demo.base_url + URL).status_code == 405
    assert len(shop.calls()) == calls

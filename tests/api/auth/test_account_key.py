"""A new account key comes once, as the answer of a POST from our own page."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.emulators import mail
from tests.support.browser import Browser
from tests.support.server import Demo, running

Shop = tuple[Demo, mail.Inbox]
KEY = re.compile(r"sk-coinslot-user-[0-9A-Za-z]{30,}")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with mail.running() as inbox, running(tmp_path_factory.mktemp("shop"), SMTP_URL=inbox.url) as demo:
        yield demo, inbox


@pytest.mark.unhurried
def test_whoever_is_signed_in_gets_a_key_once(shop: Shop) -> None:
    demo, inbox = shop
    browser = Browser(demo.base_url, inbox)
    browser.sign_in("key-maker@example.org")
    first, second = browser.post("/auth/account-key"), browser.post("/auth/account-key")
    for answer in (first, second):
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
        assert KEY.fullmatch(answer.json()["key"]) and answer.json().keys() == {"key"}
    assert first.json() != second.json()


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
)
def test_another_sites_page_gets_none(shop: Shop, headers: dict[str, str]) -> None:
    demo, inbox = shop
    browser = Browser(demo.base_url, inbox)
    browser.sign_in("key-keeper@example.org")
    answer = browser.post("/auth/account-key", headers=headers)
    assert answer.status_code == 403 and not KEY.search(answer.text)


def test_nobody_gets_none(shop: Shop) -> None:
    demo, _ = shop
    assert httpx.post(f"{demo.base_url}/auth/account-key").status_code == 401
    assert httpx.get(f"{demo.base_url}/auth/account-key").status_code == 405

"""An own key is posted by our own page and tried at its host; no answer has it, and nobody else's page sees it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.emulators import mail, upstream
from tests.emulators.upstream import RunningUpstream
from tests.support.browser import Browser
from tests.support.server import Demo, running

URL = "/auth/own-key"
CANARY = "sk-own-canary-77419"


@pytest.fixture(scope="module")
def emulated() -> Iterator[RunningUpstream]:
    with upstream.running() as started:
        yield started


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, Browser]]:
    with (
        mail.running() as inbox,
        running(tmp_path_factory.mktemp("site"), SMTP_URL=inbox.url, CREDITS="",
                ALLOW_PRIVATE_ADDRESSES="true") as demo,
    ):  # fmt: skip
        browser = Browser(demo.base_url, inbox)
        browser.sign_in("owner@example.org")
        yield demo, browser


def test_a_key_is_saved_by_whoever_is_signed_in(site: tuple[Demo, Browser], emulated: RunningUpstream) -> None:
    demo, browser = site
    answer = browser.post(URL, provider="mine", base_url=emulated.base_url, key=f" {CANARY} ")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    name, _, models = answer.json()["said"].partition(" ")
    assert name == "mine" and int(models) > 20 and CANARY not in answer.text
    refused = browser.post(URL, provider="mine", base_url=emulated.base_url, key="sk-wrong-key-00")
    assert refused.status_code == 400 and refused.json()["error"]["param"] == "key"
    assert refused.json()["error"]["code"] == "key_refused" and "sk-wrong-key-00" not in refused.text
    assert browser.post(URL, provider="demo", key="demo-key").json()["said"].startswith("demo ")
    wrong = [
        browser.post(URL, provider="x", key="k"),
        browser.post(URL, provider="openai", key=""),
        browser.post(URL, provider="openai", key="k", token_url="https://login.example/token"),
        browser.post(URL, provider="openai", key="k", expires_in="soon"),
    ]
    assert [answer.status_code for answer in wrong] == [400] * 4
    assert browser.post(URL, headers={"Sec-Fetch-Site": "cross-site"}, provider="demo", key="k").status_code == 403
    assert httpx.post(demo.base_url + URL, data={"provider": "demo", "key": "k"}).status_code == 401
    sent = emulated.seen()[-1]["headers"]
    assert sent["authorization"] == f"Bearer {CANARY}" and sent["user-agent"] == "coinslot"

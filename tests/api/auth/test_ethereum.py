"""An Ethereum account signs in over HTTP where a chain is configured; elsewhere there is nothing, not even its code."""

import json
from collections.abc import Iterator

import pytest

from app.adapters.chain.dev.chain import DevChain
from tests.emulators import mail
from tests.support.browser import Browser, problem_of
from tests.support.payer import chain_settings
from tests.support.server import running
from tests.support.signing import address_of, sign_text

ADDRESS = address_of()


@pytest.fixture
def browser(dev_chain: DevChain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chains = json.dumps([dict(chain_settings(dev_chain))])
    with mail.running() as inbox, running(tmp_path_factory.mktemp("site"), SMTP_URL=inbox.url, CHAINS=chains) as demo:
        yield Browser(demo.base_url, inbox)


def sign(browser: Browser, adding: str = "") -> str:
    """Signs a text in a browser, and returns what went wrong."""
    asked = browser.post("/auth/ethereum/text", address=ADDRESS, adding=adding)
    assert asked.headers["cache-control"] == "no-store"
    text, signature = sign_text(asked.json()["text"])
    answer = browser.post("/auth/ethereum", text=text, signature=signature, next="/activity/")
    if not problem_of(answer):
        assert answer.headers["location"] == "/activity/" and "HttpOnly" in answer.headers["set-cookie"]
    return problem_of(answer)


def test_an_account_is_added_and_comes_in(browser: Browser) -> None:
    assert sign(browser) == "unknown_account"
    assert browser.post("/auth/ethereum/text", address=ADDRESS, adding="yes").status_code == 401
    browser.sign_in("ada@example.org")
    assert sign(browser, adding="yes") == ""
    other = Browser(browser.base_url, browser.inbox)
    assert sign(other) == "" and other.session
    assert problem_of(other.post("/auth/ethereum", text="0x00", signature="0x00")) == "text_outdated"
    third = Browser(browser.base_url, browser.inbox)
    third.sign_in("eve@example.org")
    assert sign(third, adding="yes") == "refused"
    for path in ("/auth/ethereum", "/auth/ethereum/text"):
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert third.post(path, headers=headers, address=ADDRESS).status_code == 403
    assert third.post("/auth/ethereum/text", address="0x12").status_code == 409


def test_without_a_chain_there_is_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    with mail.running() as inbox, running(tmp_path_factory.mktemp("site"), SMTP_URL=inbox.url) as demo:
        browser = Browser(demo.base_url, inbox)
        for path in ("/auth/ethereum", "/auth/ethereum/text"):
            assert browser.post(path, address=ADDRESS).status_code == 404

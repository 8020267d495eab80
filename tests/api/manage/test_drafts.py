"""The wizard's POSTs: by our own page alone, for whoever is signed in, on their own draft; a key comes back once."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.emulators import mail
from tests.support.browser import Browser
from tests.support.drafting import open_draft_of
from tests.support.server import Demo, running

PROVIDER, ACCOUNT, MAKE = "/manage/draft/provider", "/manage/draft/account", "/manage/draft/make"
PRICES: dict[str, Any] = {"markup": "20", "fee": "", "minimum": ""}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, mail.Inbox]]:
    with mail.running() as inbox, running(tmp_path_factory.mktemp("site"), SMTP_URL=inbox.url) as demo:
        yield demo, inbox


@pytest.fixture
def ada(site: tuple[Demo, mail.Inbox], request: pytest.FixtureRequest) -> Browser:
    """A developer of this test's own, whose draft has its first step."""
    browser = Browser(site[0].base_url, site[1])
    browser.sign_in(f"{request.node.name.replace('_', '-')[:40]}@example.org")
    return browser


def begin(site: tuple[Demo, mail.Inbox], who: Browser) -> str:
    """Takes the first step, which needs no POST of a browser's, and returns the draft's id."""
    return open_draft_of(site[0].data, who.session or "")


@pytest.mark.unhurried
def test_a_paywall_is_made_and_its_key_shown_once(site: tuple[Demo, mail.Inbox], ada: Browser) -> None:
    draft = begin(site, ada)
    tried = ada.post(PROVIDER, name="demo").json()
    assert (tried["models"], tried["problem"]) == (2, "")
    assert ada.post(ACCOUNT, key="").json() == {"said": "kept"}
    refused = ada.post(MAKE, draft=draft, **{**PRICES, "fee": "a lot"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "request_nanos")
    made, again = (ada.post(MAKE, draft=draft, **PRICES) for _ in range(2))
    key = made.json()["key"]
    assert made.headers["cache-control"] == "no-store" and key.startswith("sk-coinslot-test-")
    assert again.json() == {"paywall": draft, "key": None, "problem": ""}
    models = httpx.get(f"{site[0].api_base}/models", headers={"Authorization": f"Bearer {key}"}).json()
    assert {model["id"] for model in models["data"]} == {"demo-mini", "demo-large"}


def test_what_is_wrong_names_its_field_and_repeats_no_key(site: tuple[Demo, mail.Inbox], ada: Browser) -> None:
    begin(site, ada)
    refused: tuple[tuple[dict[str, Any], int, str], ...] = (
        ({"base_url": "nowhere", "key": "sk-typed-0123456789"}, 400, "base_url"),
        ({"name": "built-in"}, 400, "provider"),
        ({"base_url": "http://127.0.0.1:9/v1", "key": "sk-typed-0123456789"}, 400, "base_url"),
        ({"base_url": "x" * 3_000}, 400, "base_url"),
    )
    for fields, status, param in refused:
        answer = ada.post(PROVIDER, **fields)
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), answer.text
        assert "0123456789" not in answer.text


@pytest.mark.unhurried
def test_nobody_else_does(site: tuple[Demo, mail.Inbox], ada: Browser) -> None:
    draft, stranger = begin(site, ada), Browser(site[0].base_url, site[1])
    stranger.sign_in("stranger@example.org")
    assert stranger.post(MAKE, draft=draft, **PRICES).status_code == 404
    assert stranger.post(PROVIDER, name="demo").status_code == 404
    for path in (PROVIDER, ACCOUNT, MAKE):
        assert ada.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert httpx.post(site[0].base_url + path).status_code == 401
        assert httpx.get(site[0].base_url + path).status_code == 405

"""The endpoint that writes messages: set by the owner alone, its secret told once, by our own page."""

from collections.abc import Iterator

import httpx
import pytest

from tests.emulators import mail
from tests.support.browser import Browser
from tests.support.server import Demo, running

URL = "/manage/paywalls/pw_demo_default/responder"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, mail.Inbox]]:
    with mail.running() as inbox, running(tmp_path_factory.mktemp("site"), SMTP_URL=inbox.url) as demo:
        yield demo, inbox


def signed_in(site: tuple[Demo, mail.Inbox], email: str) -> Browser:
    browser = Browser(site[0].base_url, site[1])
    browser.sign_in(email)
    return browser


@pytest.mark.unhurried
def test_its_owner_saves_renews_and_removes_it(site: tuple[Demo, mail.Inbox]) -> None:
    owner, at = signed_in(site, "developer@demo.example"), "https://lexica.example/messages"
    first = owner.post(URL, url=at, version="1").json()
    moved = owner.post(URL, url=f"{at}?a=b", version="2").json()
    renewed = owner.post(URL, url=f"{at}?a=b", version="3", renew="yes").json()
    assert first["secret"].startswith("whsec_") and moved == {"secret": None, "version": 3}
    assert renewed["secret"].startswith("whsec_") and renewed["secret"] != first["secret"]
    assert owner.post(URL, url="", version="4").json() == {"secret": None, "version": 5}
    stale = owner.post(URL, url=at, version="4")
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "version_outdated")
    for url, version in (("nowhere", "5"), ("", "5")):
        assert owner.post(URL, url=url, version=version).status_code == 400
    assert owner.post(URL, url=at, version="many").status_code == 409


def test_nobody_else_does(site: tuple[Demo, mail.Inbox]) -> None:
    stranger = signed_in(site, "stranger@example.org")
    assert stranger.post(URL, url="https://x.example/").status_code == 404
    assert stranger.post(URL, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert httpx.post(site[0].base_url + URL).status_code == 401
    assert httpx.get(site[0].base_url + URL).status_code == 405

"""A provider's key is given by our own page alone, by whoever owns the paywall, and no answer has it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.emulators import mail
from tests.emulators.upstream import RunningUpstream
from tests.support.browser import Browser
from tests.support.server import Demo, running

URL, KEY_URL = "/manage/provider", "/manage/provider/key"
OWNER, PAYWALL = "developer@demo.example", "pw_demo_default"
KEY, OTHER_KEY = "sk-developer-0123456789", "sk-developer-9876543210"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, mail.Inbox]]:
    with (
        mail.running() as inbox,
        running(tmp_path_factory.mktemp("site"), SMTP_URL=inbox.url, ALLOW_PRIVATE_ADDRESSES="true") as demo,
    ):
        yield demo, inbox


@pytest.fixture(scope="module")
def owner(site: tuple[Demo, mail.Inbox]) -> Browser:
    browser = Browser(site[0].base_url, site[1])
    browser.sign_in(OWNER)
    return browser


def post(browser: Browser, url: str, fields: dict[str, str], site: str = "same-origin") -> httpx.Response:
    return browser.post(url, headers={"Sec-Fetch-Site": site}, **fields)


def version(owner: Browser) -> str:
    """The newest version: what a stale save is told."""
    refused = owner.post(URL, paywall=PAYWALL, version="0", name="demo")
    assert refused.status_code == 409
    return str(refused.json()["error"]["message"]).split()[1]


@pytest.mark.unhurried
def test_its_owner_adds_a_provider_and_changes_its_key(owner: Browser, emulated: RunningUpstream) -> None:
    fields = {"paywall": PAYWALL, "name": "emulator", "base_url": emulated.base_url}
    wrong = post(owner, URL, {**fields, "version": version(owner), "key": "sk-wrong"})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "key")
    added = post(owner, URL, {**fields, "version": version(owner), "key": KEY})
    assert added.status_code == 200 and added.json()["said"].startswith("saved ")
    rotated = owner.post(KEY_URL, paywall=PAYWALL, version=version(owner), name="emulator", key=KEY)
    assert rotated.json() == {"said": "rotated"}
    empty = owner.post(KEY_URL, paywall=PAYWALL, version=version(owner), name="emulator", key=" ")
    assert empty.json()["error"]["param"] == "key"
    for answer in (wrong, added, rotated):
        assert KEY not in answer.text and "sk-wrong" not in answer.text
    assert added.headers["cache-control"] == rotated.headers["cache-control"] == "no-store"


def test_one_that_nobody_reaches_is_saved_only_with_a_word(owner: Browser) -> None:
    fields = {"paywall": PAYWALL, "name": "away", "base_url": "http://127.0.0.1:1/v1", "key": KEY}
    refused = post(owner, URL, {**fields, "version": version(owner)})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "provider_unreachable")
    assert refused.json()["error"]["param"] == "base_url"
    assert post(owner, URL, {**fields, "version": version(owner), "untried": "yes"}).json() == {"said": "untried"}


@pytest.mark.parametrize(
    ("changed", "param"),
    [({"name": ""}, "name"), ({"base_url": "no address"}, "base_url"), ({"version": "x"}, "version"),
     ({"name": "built-in", "base_url": ""}, "provider"), ({"instead_of": "nobody", "untried": "yes"}, "provider")],
)  # fmt: skip
def test_what_cannot_be_is_said_of_its_field(owner: Browser, changed: dict[str, str], param: str) -> None:
    fields = {"paywall": PAYWALL, "version": version(owner), "name": "x", "base_url": "http://127.0.0.1:1/v1"}
    answer = post(owner, URL, {**fields, "untried": "yes", **changed})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_nobody_else_does(site: tuple[Demo, mail.Inbox]) -> None:
    demo, inbox = site
    stranger = Browser(demo.base_url, inbox)
    stranger.sign_in("stranger@example.org")
    fields = {"paywall": PAYWALL, "version": "1", "name": "x", "base_url": "http://127.0.0.1:1/v1", "key": OTHER_KEY}
    for url in (URL, KEY_URL):
        assert post(stranger, url, fields).status_code == 404
        assert post(stranger, url, fields, "cross-site").status_code == 403
        assert httpx.post(demo.base_url + url, data=fields).status_code == 401
        assert httpx.get(demo.base_url + url).status_code == 405

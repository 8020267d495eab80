"""Signing in and out over real HTTP, with a real mail server and a real OIDC provider; and every way to break in."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app import settings
from app.domain.people.sessions import Person
from app.flows.callers.links import own_page
from app.flows.people.sign_in import find_person
from tests.emulators import mail, oidc
from tests.emulators.mail import Inbox
from tests.emulators.oidc import RunningProvider
from tests.support.browser import Browser, problem_of, query_of
from tests.support.server import Demo, running
from tests.support.waiting import wait_until

SESSION, CODE = "coinslot_session", "coinslot_code"


@dataclass
class House:
    """A server that sends mails and trusts one of two OIDC providers, which are the same process."""

    demo: Demo
    inbox: Inbox
    provider: RunningProvider

    def browser(self, address: str | None = None) -> Browser:
        """Returns a browser, which comes from an address as the one proxy says that the server trusts."""
        made = Browser(self.demo.base_url, self.inbox)
        if address is not None:
            made.http.headers["X-Forwarded-For"] = address
        return made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("house")
    with mail.running() as inbox, oidc.running() as provider:
        issuers = [
            {"name": name, "label": name.title(), "issuer": provider.issuer, "client_id": name, "client_secret": "x",
             "trusts_email": name == "trusted"}
            for name in ("trusted", "other")
        ]  # fmt: skip
        with running(data, SMTP_URL=inbox.url, OIDC=json.dumps(issuers), PROXIES="1") as demo:
            yield House(demo, inbox, provider)
            assert demo.audit() == "The books balance."


@pytest.fixture
def at_home(house: House) -> Iterator[None]:
    """Lets this process read the server's database."""
    settings.configure(data=house.demo.data)
    yield
    from app import db

    db.dispose()
    settings.configure()


async def who(browser: Browser) -> Person | None:
    return await find_person(browser.session)


def set_cookie(answer: httpx.Response, name: str) -> str:
    return next(value for value in answer.headers.get_list("set-cookie") if value.startswith(f"{name}="))


@pytest.mark.unhurried
async def test_a_code_from_the_mail_signs_in(house: House, at_home: None) -> None:
    browser = house.browser()
    asked = browser.ask("ada@example.org", "/authorize/x.y/")
    assert query_of(asked) == {"step": "code", "next": "/authorize/x.y/"}
    cookie = set_cookie(asked, CODE).lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "max-age=600" in cookie
    entered = browser.post("/auth/code", code=house.inbox.code("ada@example.org"), next="/authorize/x.y/")
    assert (entered.status_code, entered.headers["location"]) == (303, "/authorize/x.y/")
    session = set_cookie(entered, SESSION).lower()
    assert "httponly" in session and "samesite=lax" in session and "path=/" in session
    person = await who(browser)
    assert person is not None and person.email == "ada@example.org" and person.address == "127.0.0.1"
    assert str(browser.session) not in (house.demo.log.read_text() + entered.text + str(entered.headers["location"]))


def test_asking_is_the_same_for_known_and_unknown_addresses(house: House) -> None:
    house.browser().sign_in("known@example.org")
    answers = [house.browser().ask(f"{name}@example.org") for name in ("known", "unknown")]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert [len(answer.headers.get_list("set-cookie")) for answer in answers] == [1, 1]


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c", "x" * 300])
def test_what_is_no_address_says_so(house: House, email: str) -> None:
    assert problem_of(house.browser().ask(email)) == "invalid_value"


@pytest.mark.unhurried
def test_codes_are_limited_and_the_page_is_told_how_long(house: House) -> None:
    answers = [house.browser().ask("often@example.org") for _ in range(6)]
    assert [problem_of(answer) for answer in answers] == [""] * 5 + ["too_many_codes"]
    assert 0 < int(query_of(answers[-1])["wait"]) <= 3600


async def test_a_code_does_not_work_in_another_browser_or_twice(house: House, at_home: None) -> None:
    mine, theirs = house.browser(), house.browser()
    mine.ask("eve@example.org")
    code = house.inbox.code("eve@example.org")
    assert problem_of(theirs.post("/auth/code", code=code)) == "code_wrong"
    theirs.ask("mallory@example.org")
    assert problem_of(theirs.post("/auth/code", code=code)) == "code_wrong" and theirs.session is None
    stolen = mine.http.cookies.get(CODE)
    assert mine.post("/auth/code", code=code).status_code == 303 and await who(mine)
    theirs.http.cookies.set(CODE, stolen or "")
    assert problem_of(theirs.post("/auth/code", code=code)) == "code_wrong" and theirs.session is None


async def test_a_session_is_never_what_the_browser_brought(house: House, at_home: None) -> None:
    browser = house.browser()
    browser.http.cookies.set(SESSION, "chosen-by-an-attacker")
    browser.sign_in("fixed@example.org")
    found = {cookie.value for cookie in browser.http.cookies.jar if cookie.name == SESSION}
    (first,) = found - {"chosen-by-an-attacker"}
    assert await find_person("chosen-by-an-attacker") is None and await find_person(first) is not None
    again = house.browser()
    again.http.cookies.set(SESSION, first or "")
    again.sign_in("fixed@example.org")
    assert await find_person(first) is None  # the one that the browser had is over


@pytest.mark.parametrize("path", ["/auth/email", "/auth/code", "/auth/sign-out", "/auth/oidc/trusted"])
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
     {"Origin": "http://127.0.0.1:1"}],
)  # fmt: skip
async def test_a_form_of_another_site_does_nothing(
    house: House, at_home: None, path: str, headers: dict[str, str]
) -> None:
    browser = house.browser()
    before = len(house.inbox.mails)
    browser.http.cookies.set(SESSION, "x")
    answer = browser.post(path, headers=headers, email="csrf@example.org", code="1", everywhere="yes")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site")
    assert len(house.inbox.mails) == before and not answer.headers.get_list("set-cookie")


@pytest.mark.parametrize(
    "after",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/auth/sign-out", "",
     "/walletx", "/wallet/\r\nSet-Cookie: x=y", "/wallet/#//evil", "/wallet/?next=//evil.example/@"],
)  # fmt: skip
def test_a_sign_in_leads_to_our_own_pages_alone(house: House, after: str) -> None:
    assert own_page(after) == "/wallet/"
    assert query_of(house.browser().ask("open@example.org" if not after else "no address", after))["next"] == "/wallet/"


@pytest.mark.parametrize(
    "path",
    ["/authorize/a.b-c_d/", "/topup/a.b/?topup=top_1", "/wallet/", "/settings/", "/dashboard/", "/help/?page=a-b"],
)
def test_our_own_pages_are_kept(path: str) -> None:
    assert own_page(path) == path


@pytest.mark.unhurried
async def test_signing_out_ends_one_session_or_all(house: House, at_home: None) -> None:
    browsers = [house.browser() for _ in range(3)]
    for browser in browsers:
        browser.sign_in("leaving@example.org")
    tokens = [browser.session for browser in browsers]
    answer = browsers[0].post("/auth/sign-out")
    assert answer.headers["location"] == "/signin/?said=signed_out" and browsers[0].session is None
    assert [bool(await find_person(token)) for token in tokens] == [False, True, True]
    browsers[1].post("/auth/sign-out", everywhere="yes")
    assert [bool(await find_person(token)) for token in tokens] == [False, False, False]


@pytest.mark.parametrize(("after", "kept"), [("/authorize/a.b/", "/authorize/a.b/"), ("//evil.example", "/wallet/")])
def test_another_account_comes_back_to_one_of_our_own_pages(house: House, after: str, kept: str) -> None:
    assert query_of(house.browser().post("/auth/sign-out", next=after)) == {"said": "signed_out", "next": kept}


def oidc_sign_in(house: House, browser: Browser, name: str, subject: str, after: str = "/settings/") -> httpx.Response:
    start = browser.get(f"/auth/oidc/{name}?next={after}")
    assert start.status_code == 303
    return browser.get(house.provider.sign_in(start.headers["location"], subject))


@pytest.mark.unhurried
async def test_a_trusted_provider_signs_in_to_the_account_of_the_address(house: House, at_home: None) -> None:
    house.provider.set_user("t1", email="linked@example.org", email_verified=True)
    browser, by_code = house.browser(), house.browser()
    by_code.sign_in("linked@example.org")
    entered = oidc_sign_in(house, browser, "trusted", "t1", "/activity/")
    assert (entered.status_code, entered.headers["location"]) == (303, "/activity/")
    one, other = await who(browser), await who(by_code)
    assert one is not None and other is not None and one.account_id == other.account_id


@pytest.mark.unhurried
async def test_another_provider_must_prove_the_address_by_a_code(house: House, at_home: None) -> None:
    house.provider.set_user("o1", email="unproven@example.org", email_verified=True)
    browser = house.browser()
    asked = oidc_sign_in(house, browser, "other", "o1")
    assert query_of(asked)["step"] == "code" and browser.session is None
    browser.post("/auth/code", code=house.inbox.code("unproven@example.org"), next="/settings/")
    person, again = await who(browser), house.browser()
    assert oidc_sign_in(house, again, "other", "o1").headers["location"] == "/settings/"
    known = await who(again)
    assert person is not None and known is not None and known.account_id == person.account_id


@pytest.mark.unhurried
async def test_a_provider_is_added_by_our_own_page_alone(house: House, at_home: None) -> None:
    house.provider.set_user("a1", email="elsewhere@example.org", email_verified=True)
    browser = house.browser()
    browser.sign_in("adding@example.org")
    before = await who(browser)
    # A link from anywhere signs in to the provider's account and leaves this one alone.
    oidc_sign_in(house, browser, "trusted", "a1")
    other = await who(browser)
    assert before is not None and other is not None and other.account_id != before.account_id
    house.provider.set_user("a2", email="more@example.org", email_verified=True)
    browser.sign_in("adding@example.org")
    refused = browser.post("/auth/oidc/other", headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    start = browser.post("/auth/oidc/other", next="/settings/")
    browser.get(house.provider.sign_in(start.headers["location"], "a2"))
    added = await who(browser)
    assert added is not None and added.account_id == before.account_id
    browser.post("/auth/email", email="third@example.org", next="/settings/", adding="yes")
    browser.post("/auth/code", code=house.inbox.code("third@example.org"), next="/settings/")
    third = await who(browser)
    assert third is not None and third.account_id == before.account_id and third.email == "adding@example.org"


@pytest.mark.unhurried
def test_an_answer_that_this_browser_did_not_ask_for_lets_nobody_in(house: House) -> None:
    mine, theirs = house.browser(), house.browser()
    start = mine.get("/auth/oidc/trusted")
    answer = house.provider.sign_in(start.headers["location"], "t1")
    assert problem_of(theirs.get(answer)) == "provider_error" and theirs.session is None
    assert problem_of(mine.get(answer.replace("state=", "state=x"))) == "provider_error" and mine.session is None
    unknown = mine.get("/auth/oidc/nobody")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("state", ["%C3%BC", "%F0%9F%98%80", "%ED%A0%80", "%FF", "a" * 4_000])
def test_a_state_of_any_letters_goes_back_to_the_sign_in_page(house: House, state: str) -> None:
    browser = house.browser()
    browser.get("/auth/oidc/trusted")
    answer = browser.get(f"/auth/oidc/trusted/callback?code=x&state={state}")
    assert problem_of(answer) == "provider_error" and browser.session is None
    for host in ("[", "a b", "\x7f"):
        answer = browser.http.get(
            f"{house.demo.base_url}/auth/oidc/trusted/callback?code=x&state=y", headers={"Host": host}
        )
        assert answer.status_code < 500


async def test_an_international_address_signs_in(house: House, at_home: None) -> None:
    browser = house.browser()
    browser.ask("Ada@Exämple.org")
    browser.post("/auth/code", code=house.inbox.code("ada@xn--exmple-cua.org"))
    person = await who(browser)
    assert person is not None and person.email == "ada@exämple.org"


@pytest.mark.unhurried
def test_strangers_keep_nobody_out_of_a_browser_they_signed_in_with(house: House) -> None:
    """Twenty strangers, each from a network of their own, ask for all the codes that an address is sent in an hour."""
    mine, email = house.browser("203.0.113.7"), "victim@example.org"
    mine.sign_in(email)
    known = mine.http.cookies.get("coinslot_known") or ""
    asked = [problem_of(house.browser(f"[2001:db8:0:{number:x}::{number:x}]:4711").ask(email)) for number in range(20)]
    assert asked == [""] * 19 + ["too_many_codes"], "one of the twenty was the sign-in itself"
    assert problem_of(house.browser("203.0.113.8").ask(email)) == "too_many_codes"
    mine.post("/auth/sign-out")
    mine.sign_in(email)
    forged = house.browser("203.0.113.9")
    forged.http.cookies.set("coinslot_known", known[:-3] + "AAA")
    assert problem_of(forged.ask(email)) == "too_many_codes"
    other = house.browser("203.0.113.10")
    other.http.cookies.set("coinslot_known", known)
    assert problem_of(other.ask(email)) == "", "and it is the cookie that is known"


@pytest.mark.unhurried
def test_forty_codes_at_once_are_five(house: House) -> None:
    line = "2001:db8:ffff:1::{:x}"  # one line's addresses, a new one for each
    with ThreadPoolExecutor(20) as threads:
        browsers = [house.browser(line.format(number)) for number in range(40)]
        asked = [problem_of(answer) for answer in threads.map(lambda one: one.ask("crowd@example.org"), browsers)]
    assert sorted(asked) == [""] * 5 + ["too_many_codes"] * 35
    wait_until(lambda: len(house.inbox.to("crowd@example.org")) == 5)


@pytest.mark.unhurried
def test_an_instance_without_a_mail_server_says_so(tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        browser = Browser(demo.base_url, Inbox(1))
        assert problem_of(browser.ask("ada@example.org")) == ""  # the demo keeps its mails for itself

"""Connecting, confirming, disconnecting and the menu over real HTTP, in both modes."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.money import NANOS
from app.domain.paywalls.configuration import read_current
from app.flows.paywalls.demo import SHARED_PAYWALL_ID
from tests.support import books
from tests.support.crowd import sign_in, top_up
from tests.support.handed import approve, mint_connect, open_connect, open_topup
from tests.support.server import Demo, running

MAILS = KeptMailer(clock.now)


@pytest.fixture
def own(data_dir: Path) -> Iterator[Demo]:
    """A server of this test alone, whose database this process writes too; as the shared paywall's app sees it."""
    with running(data_dir) as started:
        settings.configure(data=data_dir, public_url=started.base_url)
        yield started.shared
        assert started.audit() == "The books balance."


async def connect(own: Demo, user: str, email: str = "ada@example.org", cap: int = 20 * NANOS) -> str | None:
    """Does what a person does on the consent page, and returns where it leads."""
    person, _ = await sign_in(email)
    asked = own.get(f"/user/connect?user={user}&return_url=https://marginalia.example/x&state=s1").json()
    token = mint_connect(SHARED_PAYWALL_ID, user) if asked["connected"] else _token(asked["url"])
    return (await approve(MAILS, token, person, cap)).return_url


def _token(url: str) -> str:
    return url.strip("/").rsplit("/", 1)[1]


def test_in_default_mode_everybody_is_connected(demo: Demo) -> None:
    found = demo.get("/user/connect?user=ada").json()
    assert found["connected"] and found["connectedUser"]["externalUserId"] == "ada" and "url" not in found
    for answer in (demo.get("/user/disconnect?user=ada"), demo.post("/user/disconnect", {"user": "ada"}),
                   demo.post("/user/connect/confirm", {"user": "ada", "code": "x"})):  # fmt: skip
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_mode")
    menu = demo.get("/user/menu?user=ada").json()
    assert set(menu) == {"menu", "topup", "activity", "wallet"} and menu["activity"] == menu["topup"] == menu["wallet"]


@pytest.mark.unhurried
async def test_an_app_asks_is_allowed_charges_and_loses_it_again(own: Demo) -> None:
    asked = own.chat("demo-mini", "u1")
    body = asked.json()
    assert asked.headers["x-paywall-action"] == "authorize" == body["paywall"]["action"]
    link = open_connect(_token(body["paywall"]["url"]))
    assert (link.paywall_id, link.user, link.return_url) == (SHARED_PAYWALL_ID, "u1", "https://marginalia.example")
    nothing = own.get("/user/balance?user=u1").json()
    assert (nothing["balance"], nothing["unit"], nothing["spendable"]) == ("0", "USDC", "0")
    assert await connect(own, "u1") == "https://marginalia.example/x?connected=true&state=s1"
    found = own.get("/user/connect?user=u1").json()
    assert found["connected"] and set(found["connectedUser"]) == {
        "paywallKeyId", "userId", "externalUserId", "createdAt",
    }  # fmt: skip
    answered = own.chat("demo-mini", "u1")
    assert answered.headers["x-paywall-action"] == "none"
    charge = Fraction(answered.json()["paywall"]["charge"])
    assert charge > 0 and own.spendable("u1") == Fraction("0.2") - charge
    receipt = own.receipt(answered.headers["x-request-id"])
    assert sum(map(Fraction, receipt["split"].values())) == charge and receipt["unit"] == "USDC"
    menu = own.get("/user/menu?user=u1").json()
    assert "revoke" in menu and "authorize" not in menu and menu["wallet"] == f"{own.base_url}/wallet/"
    assert own.post("/user/disconnect", {"user": "u1"}).json()["disconnected"] is True
    assert own.get("/user/disconnect?user=u1").json() == {
        "success": True, "disconnected": False, "message": "The user was not connected.",
    }  # fmt: skip
    again = own.chat("demo-mini", "u1")
    assert again.headers["x-paywall-action"] == "authorize" and again.json()["choices"][0]["message"]["content"]
    assert "authorize" in own.get("/user/menu?user=u1").json()


@pytest.mark.unhurried
async def test_strict_mode_says_which_of_the_three_it_is(own: Demo) -> None:
    def strict(user: str, **more: object) -> tuple[int, str, str]:
        body = {"model": "demo-large", "user": user, "messages": [{"role": "user", "content": "x"}], **more}
        answer = own.post("/chat/completions", body, X_Paywall_Errors="http")
        error = answer.json()["error"]
        return answer.status_code, error["code"], error["url"]

    status, code, url = strict("u1")
    assert (status, code) == (403, "authorization_required") and "/authorize/" in url
    await connect(own, "u1", cap=1_000)
    status, code, url = strict("u1")
    assert (status, code) == (402, "cap_reached") and "/authorize/" in url
    person, _ = await sign_in("poor@example.org")
    own.post("/user/disconnect", {"user": "u1"})
    await connect(own, "u1", "poor@example.org")
    assert own.post("/user/charge", {"user": "u1", "amount": "0.2"}).json()["success"]
    status, code, url = strict("u1")
    assert (status, code) == (402, "insufficient_funds")
    short = open_topup(_token(url)).short_nanos
    assert short is not None and short > 0
    top_up(person, 50 * NANOS)
    assert own.chat("demo-large", "u1").headers["x-paywall-action"] == "none"


@pytest.mark.unhurried
async def test_charges_say_why_they_are_not_possible(own: Demo) -> None:
    def charged(amount: str) -> tuple[bool, str]:
        answer = own.post("/user/charge", {"user": "u1", "amount": amount})
        assert answer.status_code == 200
        return answer.json()["success"], answer.json()["message"]

    success, message = charged("1")
    assert not success and message.startswith("Marginalia may not use your wallet yet. Allow it here")
    assert "/authorize/" in message
    await connect(own, "u1", cap=NANOS // 10)
    success, message = charged("0.11")
    assert not success and "limit" in message and "/authorize/" in message
    await connect(own, "u1", cap=NANOS)
    success, message = charged("0.9")
    assert not success and "/topup/" in message
    assert charged("0.05")[0]
    deposit = own.post("/user/balance/deposit", {"user": "u1", "amount": "1"})
    assert (deposit.status_code, deposit.json()["error"]["code"]) == (403, "wrong_mode")


@pytest.mark.unhurried
async def test_a_paywall_that_confirms_counts_from_the_confirmation(own: Demo) -> None:
    with db.transaction() as session:
        _, current = read_current(session, SHARED_PAYWALL_ID)
        books.publish(session, SHARED_PAYWALL_ID, replace(current, needs_confirmation=True))
    url = await connect(own, "u1")
    assert url is not None and own.get("/user/connect?user=u1").json()["connected"] is False
    code = url.split("code=")[1].partition("&")[0]
    wrong = own.post("/user/connect/confirm", {"user": "u2", "code": code})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (404, "not_found")
    for bad in ({"user": "u1"}, {"user": "u1", "code": 7}):
        answer = own.post("/user/connect/confirm", bad)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "code")
    assert own.post("/user/connect/confirm", {"user": "u1", "code": code}).json() == {"connected": True}
    assert own.chat("demo-mini", "u1").headers["x-paywall-action"] == "none"


@pytest.mark.unhurried
def test_links_lead_back_to_the_paywalls_own_origins_alone(own: Demo) -> None:
    for path in ("connect", "menu"):
        answer = own.get(f"/user/{path}?user=u1&return_url=https://evil.example/")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "return_url")


def test_an_accounts_key_is_no_paywalls(own: Demo) -> None:
    from app.domain.key_text import make_key
    from app.domain.people.account_keys import PREFIX

    theirs = replace(own, key=make_key(PREFIX))
    answer = theirs.get("/user/balance?user=u1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_mode")
    assert theirs.get("/models").status_code == 401, "chat and models are open to one that is known"

"""Where a paywall takes its end users from: body, header and URL, or one of them alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import db, settings
from app.api.common.caller import NamedUser, find_user
from app.domain.errors import BadField
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.configuration import UserFrom, UserPlace, check, read_current
from app.domain.wallets.wallets import app_wallet, read_balance
from app.flows.paywalls.demo import PAYWALL_ID
from tests.support import books
from tests.support.server import QUESTION, Demo, running
from tests.support.waiting import wait_until

CHAT = {"model": "demo-mini", "messages": QUESTION}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server whose paywall these tests publish anew."""
    data: Path = tmp_path_factory.mktemp("user_from")
    with running(data) as started:
        settings.configure(data=data)
        yield started
        assert started.audit() == "The books balance."
    db.dispose()
    settings.configure()


def use(own: Demo, user_from: UserFrom) -> None:
    """Publishes a version that takes users from there, and waits until the server has it."""
    with db.transaction() as session:
        books.publish(session, PAYWALL_ID, replace(read_current(session, PAYWALL_ID)[1], user_from=user_from))
    says = {"any": "`user` in the body", "header": "in the header", "url": "in the URL, /v1/{user}/…: this"}[user_from]
    wait_until(lambda: says in own.get("/user/balance").json()["error"]["message"], 0.02)


def moved(users: list[str]) -> list[str]:
    """Returns who no longer has what they began with."""
    return [user for user in users if balance(user) != 3 * NANOS]


def balance(user: str) -> int:
    """Returns what a user has, in nanos."""
    with db.transaction(writes=False) as session:
        found = read_balance(session, app_wallet(PAYWALL_ID, user, Environment.SANDBOX, Unit.USD))
    return found.posted_nanos


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("user_from", "counts"), [(UserFrom.ANY, "body"), (UserFrom.HEADER, "header"), (UserFrom.URL, "url")]
)
def test_one_place_is_the_only_one_that_counts(own: Demo, user_from: UserFrom, counts: str) -> None:
    use(own, UserFrom.ANY)
    body, header, path = (own.new_user("3") for _ in range(3))
    expected = {"body": body, "header": header, "url": path}[counts]
    use(own, user_from)
    answer = own.post(f"/{path}/chat/completions", {**CHAT, "user": body}, X_Paywall_User=header)
    assert answer.status_code == 200 and answer.headers["x-paywall-action"] == "none"
    assert moved([body, header, path]) == [expected]
    receipt = own.receipt(answer.headers["x-request-id"])
    assert (receipt["user"], receipt["user_from"]) == (expected, counts)

    charge = own.post(f"/{path}/user/charge", {"user": body, "amount": "0.5"}, X_Paywall_User=header).json()
    receipt = own.receipt(charge["id"])
    assert (charge["success"], receipt["user"], receipt["user_from"]) == (True, expected, counts)
    assert moved([body, header, path]) == [expected]

    shown = own.get(f"/{path}/user/balance?user={body}", X_Paywall_User=header).json()
    assert int(shown["balance"]) == balance(expected) // 1_000
    listed = own.get(f"/{path}/requests?user={body}", X_Paywall_User=header).json()["data"]
    assert {entry["user"] for entry in listed} == {expected} and len(listed) == 2
    entries = own.get(f"/{path}/ledger?user={body}", X_Paywall_User=header).json()["data"]
    assert {entry["user"] for entry in entries} == {expected}
    for name in ("connect", "menu", "balance/topup"):
        assert own.get(f"/{path}/user/{name}?user={body}", X_Paywall_User=header).status_code == 200
    own.post(f"/{path}/user/balance/deposit", {"user": body, "amount": "1"}, X_Paywall_User=header).raise_for_status()
    assert moved([body, header, path]) == [expected]


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("user_from", "path", "headers"),
    [(UserFrom.HEADER, "/ada", {}), (UserFrom.URL, "", {"X_Paywall_User": "ada"})],
)
def test_a_user_who_is_named_elsewhere_is_named_nowhere(
    own: Demo, user_from: UserFrom, path: str, headers: dict[str, Any]
) -> None:
    use(own, user_from)
    answers = (
        own.post(f"{path}/chat/completions", {**CHAT, "user": "ada"}, **headers),
        own.post(f"{path}/user/charge", {"user": "ada", "amount": "1"}, **headers),
        own.post(f"{path}/user/balance/deposit", {"user": "ada", "amount": "1"}, **headers),
        own.get(f"{path}/user/balance?user=ada", **headers),
        own.get(f"{path}/requests?user=ada", **headers),
        own.get(f"{path}/ledger?user=ada", **headers),
    )
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "user_required")
        assert "nowhere else" in answer.json()["error"]["message"]


@pytest.mark.unhurried
def test_a_body_that_names_somebody_is_passed_on_as_it_is(own: Demo) -> None:
    use(own, UserFrom.HEADER)
    long = "somebody else's own idea of a user, with spaces / and slashes " * 5
    answer = own.post("/chat/completions", {**CHAT, "user": long}, X_Paywall_User="ada")
    assert (answer.status_code, answer.headers["x-paywall-action"]) == (200, "topup")
    assert httpx.get(f"{own.api_base}/requests", headers=own.headers()).status_code == 200


@pytest.mark.parametrize(
    ("user_from", "body", "header", "path", "expected"),
    [
        (UserFrom.ANY, "b", "h", "p", NamedUser("b", UserPlace.BODY)),
        (UserFrom.ANY, None, "h", "p", NamedUser("h", UserPlace.HEADER)),
        (UserFrom.ANY, None, None, "p", NamedUser("p", UserPlace.URL)),
        (UserFrom.HEADER, "b", "h", "p", NamedUser("h", UserPlace.HEADER)),
        (UserFrom.URL, "b", "h", "p", NamedUser("p", UserPlace.URL)),
        (UserFrom.HEADER, 7, "h", None, NamedUser("h", UserPlace.HEADER)),
        (UserFrom.URL, "", "", "p", NamedUser("p", UserPlace.URL)),
    ],
)
def test_the_place_is_told_with_the_user(
    user_from: UserFrom, body: object, header: str | None, path: str | None, expected: NamedUser
) -> None:
    found = find_user(user_from, body=body, header=header, path=path)
    assert found == expected and found.place is expected.place


def test_a_place_that_is_none_cannot_be_published(own: Demo) -> None:
    with db.transaction(writes=False) as session:
        published = read_current(session, PAYWALL_ID)[1]
    with pytest.raises(BadField, match="user_from"):
        check(replace(published, user_from="body"))  # type: ignore[arg-type]

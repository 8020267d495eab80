"""Users are found, given money, given charges back and blocked by the Management API, once for an Idempotency-Key."""

from collections.abc import Iterator

import pytest

from tests.support.managing_api import ManagingApi, managing
from tests.support.owning import Owned, owned


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def api(site: Owned) -> ManagingApi:
    return managing(site)


@pytest.mark.unhurried
def test_a_grant_is_made_once_for_a_key_and_another_under_it_is_refused(api: ManagingApi) -> None:
    gift = {"amount": "1.5", "reason": "Goodwill"}
    first = api.call("POST", "/users/ada/grant", gift, once="g1")
    again = api.call("POST", "/users/ada/grant", gift, once="g1")
    assert first.json() == again.json() and first.json()["user"]["spendable"] == "1.5"
    for other in ({**gift, "amount": "2"}, {**gift, "reason": "Sorry"}):
        assert api.call("POST", "/users/ada/grant", other, once="g1").status_code == 422
    assert api.call("POST", "/users/ada/grant", gift).json()["user"]["spendable"] == "3"
    # A key counts at its path: of another user it is another act.
    assert api.call("POST", "/users/eve/grant", gift, once="g1").json()["user"]["spendable"] == "1.5"
    refused: list[tuple[dict[str, object], str]] = [
        ({}, "amount"), ({"amount": 0}, "amount"), ({"amount": "-1"}, "amount"),
        ({"amount": "1", "reason": 1}, "reason"), ({"amount": "1", "reason": "x" * 201}, "reason"),
    ]  # fmt: skip
    for bad, field in refused:
        answer = api.call("POST", "/users/ada/grant", bad)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)
    assert api.call("POST", "/users/a%20b/grant", gift).json()["error"]["param"] == "user"


@pytest.mark.unhurried
def test_a_charge_is_given_back_once_for_a_key(site: Owned, api: ManagingApi) -> None:
    site.demo.post("/user/balance/deposit", {"user": "bob", "amount": "5"})
    charge = site.demo.post("/user/charge", {"user": "bob", "amount": "2"}).json()["id"]
    path = f"/requests/{charge}/refund"
    first, again = (api.call("POST", path, {"amount": "0.5"}, once="ré 1") for _ in range(2))
    assert first.status_code == 200 and first.json() == again.json() and first.json()["status"] == "succeeded"
    assert site.demo.spendable("bob") * 2 == 7
    assert api.call("POST", path, {"amount": "0.25"}, once="ré 1").status_code == 422
    assert api.call("POST", path, {"amount": "0.5"}, once="ré 2").json()["id"] != first.json()["id"]
    assert api.call("POST", path, {"amount": "9"}).json()["error"]["param"] == "amount"
    assert api.call("POST", path).status_code == 200 and site.demo.spendable("bob") == 5
    assert api.call("POST", path).status_code == 400
    assert api.call("POST", "/requests/req_none/refund").status_code == 404
    assert api.call("POST", path, {"request": charge}).json()["error"]["param"] == "request"


def test_a_payment_is_given_back_in_whole_cents(api: ManagingApi) -> None:
    assert api.call("POST", "/topups/top_none/refund", {"amount": "1"}).status_code == 404
    assert api.call("POST", "/topups/top_none/refund", {"amount": "0.005"}).json()["error"]["param"] == "amount"


@pytest.mark.unhurried
def test_users_are_listed_in_pages_and_blocked(site: Owned, api: ManagingApi) -> None:
    for number in range(3):
        site.demo.post("/user/balance/deposit", {"user": f"page:{number}", "amount": "1"})
    first = api.call("GET", "/users?search=page:&limit=2").json()
    second = api.call("GET", f"/users?search=page:&limit=2&cursor={first['next_cursor']}").json()
    names = [one["user"] for one in first["data"] + second["data"]]
    assert names == ["page:2", "page:1", "page:0"] and not second["has_more"]
    assert api.call("POST", "/users/page:0/block", {"blocked": True}).json()["standing"] == "blocked"
    assert [one["user"] for one in api.call("GET", "/users?state=blocked").json()["data"]] == ["page:0"]
    assert api.call("POST", "/users/page:0/block", {"blocked": "yes"}).status_code == 400
    assert api.call("GET", "/users/nobody").status_code == 404

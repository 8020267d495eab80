"""Keys of a paywall are made, listed and revoked by the Management API."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.managing_api import managing
from tests.support.owning import Owned, owned


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.mark.unhurried
def test_a_key_is_shown_once_and_works_until_it_is_revoked(site: Owned) -> None:
    api = managing(site)
    made = api.call("POST", "/keys", {"name": " Production "})
    assert made.status_code == 201 and made.json()["key"].startswith("sk-coinslot-test-")
    assert made.json()["name"] == "Production" and made.headers["cache-control"] == "no-store"
    calling = replace(site.demo, key=made.json()["key"])
    site.demo.post("/user/balance/deposit", {"user": "ada", "amount": "5"})
    assert calling.post("/user/charge", {"user": "ada", "amount": "1"}).json()["success"]
    listed = api.call("GET", "/keys").json()["data"]
    assert made.json()["id"] in {one["id"] for one in listed} and all(one["key"] is None for one in listed)
    left = api.call("DELETE", f"/keys/{made.json()['id']}").json()["data"]
    assert next(one for one in left if one["id"] == made.json()["id"])["revoked_at"] is not None
    assert calling.post("/user/charge", {"user": "ada", "amount": "1"}).status_code == 401
    assert site.demo.spendable("ada") == 4
    assert api.call("DELETE", "/keys/key_none").status_code == 404
    assert api.call("POST", "/keys").json()["name"] == ""


def test_a_bad_name_and_a_sixth_key_are_refused_by_name(site: Owned) -> None:
    api = managing(site)
    names: list[object] = ["x" * 41, 1, "a\nb"]
    for name in names:
        answer = api.call("POST", "/keys", {"name": name})
        assert answer.status_code == 400 and answer.json()["error"]["param"] == "name"
    while (answer := api.call("POST", "/keys")).status_code == 201:
        assert len(api.call("GET", "/keys").json()["data"]) <= 20
    assert answer.status_code == 409 and "revoke one first" in answer.json()["error"]["message"]

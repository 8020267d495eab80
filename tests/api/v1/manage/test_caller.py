"""The Management API opens the paywalls that a key's account owns, and nothing else of anybody's.

Routes are found, not listed; whoever adds one is tested here without naming it.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.routing import iter_route_contexts

from app import db
from app.api.serving.http import create_api
from app.domain.paywalls.members import POLICY, Act, Role, command_manager
from app.flows.paywalls import owners
from app.flows.paywalls.change import change
from app.flows.people.demo_people import OPERATOR
from tests.support.browser import Browser
from tests.support.managing_api import ManagingApi, beside, managing, revoke
from tests.support.owning import PAYWALL, Owned, owned

OF_PAYWALL = "/v1/manage/paywalls/{paywall_id}"
PLACES = {"user": "ada", "key_id": "key_x", "request_id": "req_x", "topup_id": "top_x"}
ROUTES = sorted(
    (method, route.path.removeprefix(OF_PAYWALL).format(**PLACES))
    for route in iter_route_contexts(create_api().routes)
    if route.path and route.path.startswith(OF_PAYWALL)
    for method in route.methods or ()
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def api(site: Owned) -> ManagingApi:
    return managing(site)


@pytest.fixture(scope="module")
def strangers(site: Owned) -> list[ManagingApi]:
    """Keys of who owns nothing here: another person, and the operator, whose role is their sign-in's."""
    operator = Browser(site.demo.base_url, site.stranger.inbox)
    operator.sign_in(OPERATOR)
    return [managing(replace(site, owner=one)) for one in (site.stranger, operator)]


@pytest.fixture(scope="module")
def reader(site: Owned) -> ManagingApi:
    return managing(site, may_write=False)


def test_the_routes_are_found() -> None:
    assert {("POST", "/prices"), ("POST", "/users/ada/grant"), ("POST", "/requests/req_x/refund")} <= set(ROUTES)
    assert all(Role.OWNER in POLICY[act] for act in (Act.READ, Act.SET_UP, Act.GRANT, Act.REFUND))


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_opens_without_the_right_key(
    site: Owned, api: ManagingApi, strangers: list[ManagingApi], reader: ManagingApi, method: str, path: str
) -> None:
    for key in ("nonsense", site.demo.key, api.key[:-1] + "x", "sk-coinslot-dev-é"):
        assert replace(api, key=key).call(method, path).status_code == 401
    for stranger in strangers:
        assert stranger.call(method, path, {}).status_code == 404
    for paywall in ("pw_none", "pw_demo_defaul"):
        assert api.call(method, path, {}, paywall=paywall).status_code == 404
    if method == "GET":
        assert reader.call(method, path).status_code == api.call(method, path).status_code
    else:
        assert reader.call(method, path, {}).status_code == 403


@pytest.mark.unhurried
async def test_a_key_that_another_process_revoked_opens_nothing_from_the_next_call_on(site: Owned) -> None:
    first, second = managing(site), managing(site)
    assert {one.call("GET", "/keys").status_code for one in (first, second)} == {200}
    assert first.list_paywalls().json()["data"] == second.list_paywalls().json()["data"] != []
    with beside(site.demo):
        await revoke(first)
    assert first.call("GET", "/keys").status_code == first.list_paywalls().status_code == 401
    assert second.call("GET", "/keys").status_code == 200


def test_a_body_names_what_it_means(api: ManagingApi) -> None:
    bodies: list[object] = [[], {"amount": "1", "extra": 1}, {"amount": 0.5}]
    for body, field in zip(bodies, (None, "extra", "amount"), strict=True):
        answer = api.call("POST", "/users/ada/grant", body)
        assert answer.status_code == 400 and answer.json()["error"]["param"] == field
    for once in ("x" * 256, "a\tb"):
        assert api.call("POST", "/users/ada/grant", {"amount": "1"}, once=once).status_code == 400


@pytest.mark.unhurried
async def test_of_an_archived_paywall_all_is_read_and_charges_go_back_and_nobody_is_given_anything(
    site: Owned, api: ManagingApi
) -> None:
    site.demo.post("/user/balance/deposit", {"user": "late", "amount": "5"})
    charge = site.demo.post("/user/charge", {"user": "late", "amount": "2"}).json()["id"]
    archiving = owners.archive()
    with beside(site.demo):
        manager = await db.in_transaction(lambda session: command_manager(session, PAYWALL))
        await change(manager, archiving, True)
    assert api.call("GET", "/prices").status_code == api.call("GET", "/users/late").status_code == 200
    assert {one["id"]: one["archived"] for one in api.list_paywalls().json()["data"]}[PAYWALL]
    refused = api.call("POST", "/users/late/grant", {"amount": "1"})
    assert refused.status_code == 403 and refused.json()["error"]["code"] == "paywall_archived"
    given = api.call("POST", f"/requests/{charge}/refund")
    assert given.status_code == 200 and given.json()["status"] == "succeeded"
    with beside(site.demo):
        await change(manager, archiving, False)
    assert api.call("POST", "/users/late/grant", {"amount": "1"}).json()["user"]["spendable"] == "6"

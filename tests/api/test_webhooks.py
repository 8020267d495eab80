"""Webhooks over real HTTP, by the seed's paths and fields, from a chat to a verified delivery."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.emulators.receiver import Receiver, receiving
from tests.server import Demo, running
from tests.spec import seed_document

URL = "https://app.example/hooks"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server of this file alone, which may deliver to this machine."""
    with running(tmp_path_factory.mktemp("hooks"), ALLOW_PRIVATE_ADDRESSES="true") as started:
        yield started
        assert started.audit() == "The books balance."


def subscribe(demo: Demo, url: str, *events: str, **more: Any) -> dict[str, Any]:
    answer = demo.post("/webhooks/subscriptions", {"url": url, "events": list(events) or ["*"], **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["subscription"]
    return made


def call(demo: Demo, method: str, path: str, body: Any = None) -> Any:
    return httpx.request(method, demo.api_base + path, headers=demo.headers(), json=body, timeout=60)


def wait_for(receiver: Receiver, path: str, count: int) -> None:
    for _ in range(300):
        if len(receiver.at(path)) >= count:
            return
        time.sleep(0.05)
    raise AssertionError([one.headers["x-paywall-event"] for one in receiver.at(path)])


def check(name: str, value: Any) -> None:
    """Fails unless a value fits the seed's schema of that name."""
    components = seed_document()["components"]
    Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components}).validate(value)


def test_a_chat_is_told_of_within_seconds_and_verifies(own: Demo, endpoint: Receiver) -> None:
    made = subscribe(own, endpoint.url("/ok/chat"), "proxy.*", "usage.*")
    user = own.new_user()
    answer = own.chat("demo-mini", user)
    began = time.monotonic()
    wait_for(endpoint, "/ok/chat", 3)
    assert time.monotonic() - began < 10
    request_id = answer.headers["x-request-id"]
    bodies = {body["type"]: body for body in (one.verify(made["secret"]) for one in endpoint.at("/ok/chat"))}
    assert set(bodies) == {"paywall.proxy.request.started", "paywall.proxy.request.completed",
                           "paywall.usage.charge.created"}  # fmt: skip
    for body in bodies.values():
        check("PaywallEvent", body)
        assert (body["data"]["requestId"], body["data"]["externalUserId"]) == (request_id, user)
    assert bodies["paywall.usage.charge.created"]["data"]["cost"] == answer.json()["paywall"]["charge"]
    logs = own.get(f"/webhooks/logs?subscriptionId={made['id']}&status=success").json()["logs"]
    assert len(logs) == 3
    for entry in logs:
        check("WebhookDeliveryLog", entry)
        assert (entry["responseCode"], entry["attempts"]) == (200, 1)
    assert call(own, "DELETE", f"/webhooks/subscriptions/{made['id']}").json()["deactivated"] is True


def test_a_subscription_by_the_seeds_fields(own: Demo) -> None:
    made = subscribe(own, URL, "paywall.updated", description="Ours", customHeaders={"Authorization": "Bearer hush"})
    check("WebhookSubscription", made)
    assert made["secret"].startswith("whsec_") and made["secret"].endswith(made["secretSuffix"])
    found = own.get(f"/webhooks/subscriptions/{made['id']}").json()["subscription"]
    check("WebhookSubscription", found)
    assert found == {name: value for name, value in made.items() if name != "secret"}
    assert found["customHeaders"] == {"Authorization": "***"} and "hush" not in str(found)
    rotated = own.post(f"/webhooks/subscriptions/{made['id']}/rotate", {}).json()["subscription"]
    assert rotated["secret"] != made["secret"] and rotated["previousSecretUntil"] > made["createdAt"]
    changed = call(own, "PATCH", f"/webhooks/subscriptions/{made['id']}", {"isActive": False}).json()["subscription"]
    assert changed["isActive"] is False and changed["deactivatedBy"] == "developer"
    ids = {status: [one["id"] for one in own.get(f"/webhooks/subscriptions?status={status}").json()["subscriptions"]]
           for status in ("active", "inactive")}  # fmt: skip
    assert made["id"] in ids["inactive"] and made["id"] not in ids["active"]


def test_another_paywalls_subscription_is_a_404_everywhere(own: Demo) -> None:
    made = subscribe(own, URL)
    path = f"/webhooks/subscriptions/{made['id']}"
    for answer in (
        own.shared.get(path),
        call(own.shared, "PATCH", path, {"description": "mine"}),
        call(own.shared, "DELETE", path),
        own.shared.post(f"{path}/rotate", {}),
        own.shared.post("/webhooks/logs/whd_x/replay"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert own.shared.get("/webhooks/subscriptions").json() == {"subscriptions": []}
    assert own.shared.get(f"/webhooks/logs?subscriptionId={made['id']}").json() == {"logs": []}
    call(own, "DELETE", path)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"url": "nowhere", "events": ["*"]}, "url"),
        ({"url": URL}, "events"),
        ({"url": URL, "events": ["paywall.nothing"]}, "events"),
        ({"url": URL, "events": ["*"], "secret": "short"}, "secret"),
        ({"url": URL, "events": ["*"], "customHeaders": {"Host": "x"}}, "customHeaders"),
        ({"url": URL, "events": ["*"], "nonsense": 1}, "nonsense"),
    ],
)
def test_bad_input_is_a_400_that_names_the_field(own: Demo, body: Any, param: str) -> None:
    answer = own.post("/webhooks/subscriptions", body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=done", "before=whd_x"])
def test_bad_filters_of_the_log_are_named_too(own: Demo, query: str) -> None:
    answer = own.get(f"/webhooks/logs?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, query.partition("=")[0])


def test_the_catalogue_lists_every_event(own: Demo) -> None:
    names = {event["type"] for event in own.get("/webhooks/events").json()["events"]}
    assert set(seed_document()["webhooks"]) < names


def test_private_addresses_are_refused_by_name_where_they_are_not_allowed(demo: Demo) -> None:
    answer = demo.post("/webhooks/subscriptions", {"url": "http://127.0.0.1:9000/", "events": ["*"]})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "url")

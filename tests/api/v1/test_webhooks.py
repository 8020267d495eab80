"""Webhooks over real HTTP, by the seed's paths and fields, from a chat to a verified delivery."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.emulators.receiver import Receiver, receiving
from tests.support.server import Demo, running
from tests.support.spec import seed_document
from tests.support.waiting import wait_until

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
    wait_until(lambda: len(receiver.at(path)) >= count)


def wait_for_log(demo: Demo, subscription_id: str, is_there: Callable[[list[Any]], bool]) -> list[Any]:
    logs: list[Any] = []

    def has_come() -> bool:
        answer = demo.get(f"/webhooks/logs?subscriptionId={subscription_id}")
        assert answer.status_code == 200, answer.text
        logs[:] = answer.json()["logs"]
        return is_there(logs)

    wait_until(has_come, 0.05)
    return logs


def check(name: str, value: Any) -> None:
    """Fails unless a value fits the seed's schema of that name."""
    components = seed_document()["components"]
    Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components}).validate(value)


@pytest.mark.unhurried
def test_a_chat_is_told_of_within_seconds_and_verifies(own: Demo, endpoint: Receiver) -> None:
    made = subscribe(own, endpoint.url("/ok/chat"), "proxy.*", "usage.*")
    user = own.new_user()
    answer = own.chat("demo-mini", user)
    began = time.monotonic()
    wait_for(endpoint, "/ok/chat", 3)
    assert time.monotonic() - began < 30
    request_id = answer.headers["x-request-id"]
    bodies = {body["type"]: body for body in (one.verify(made["secret"]) for one in endpoint.at("/ok/chat"))}
    assert set(bodies) == {"paywall.proxy.request.started", "paywall.proxy.request.completed",
                           "paywall.usage.charge.created"}  # fmt: skip
    for body in bodies.values():
        check("PaywallEvent", body)
        assert (body["data"]["requestId"], body["data"]["externalUserId"]) == (request_id, user)
    assert bodies["paywall.usage.charge.created"]["data"]["cost"] == answer.json()["paywall"]["charge"]
    logs = wait_for_log(own, made["id"], lambda logs: [one["status"] for one in logs] == ["success"] * 3)
    assert own.get(f"/webhooks/logs?subscriptionId={made['id']}&status=success").json()["logs"] == logs
    for entry in logs:
        check("WebhookDeliveryLog", entry)
        assert (entry["responseCode"], entry["attempts"]) == (200, 1)
    assert call(own, "DELETE", f"/webhooks/subscriptions/{made['id']}").json()["deactivated"] is True


@pytest.mark.unhurried
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


@pytest.mark.unhurried
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


@pytest.mark.parametrize(
    "body",
    [{"description": "a\ud800"}, {"description": "a\x00"}, {"customHeaders": {"X-A": "\x00"}},
     {"customHeaders": {"X-A": "\udc00"}}, {"url": "https://a.example/\x00"}, {"url": "https://\ud800.example/"}],
)  # fmt: skip
def test_text_that_no_database_keeps_is_a_400(own: Demo, body: Any) -> None:
    content = json.dumps({"url": URL, "events": ["*"], **body}).encode()
    answer = own.post("/webhooks/subscriptions", content=content)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, next(iter(body)))


@pytest.mark.unhurried
def test_events_that_cannot_be_written_delay_nobody_and_the_log_shows_them(own: Demo, endpoint: Receiver) -> None:
    """As an older release left them: the rows are changed under a receiver that is busy at first."""
    made = subscribe(own, endpoint.url("/once/503/poisoned"), "balance.deposit.*")
    user = own.new_user(None)
    for number in range(4):
        own.post("/user/balance/deposit", {"user": user, "amount": "1", "metadata": {"n": number}}).raise_for_status()
    wait_for_log(own, made["id"], lambda logs: [log["attempts"] for log in logs] == [1] * 4)
    poison = ['{"n": 99999999999999999999}', r'{"n": "\ud800"}', '{"n": NaN}', "[" * 2_000 + "]" * 2_000]
    database = sqlite3.connect(own.data / "coinslot.db", timeout=30)
    rows = database.execute(
        "SELECT id, data FROM paywall_event WHERE data LIKE ? ORDER BY id", (f'%"{user}"%',)
    ).fetchall()
    with database:
        for (id_, data), metadata in zip(rows, poison, strict=True):
            whole = json.dumps({**json.loads(data), "metadata": 0}).replace('"metadata": 0', f'"metadata": {metadata}')
            database.execute("UPDATE paywall_event SET data = ? WHERE id = ?", (whole, id_))
        database.execute("UPDATE webhook_delivery SET next_attempt_at = 0 WHERE status = 'pending'")
    database.close()
    neighbour = own.shared
    told = subscribe(neighbour, endpoint.url("/ok/neighbour"), "*")
    neighbour.chat("demo-mini", "neighbours-user")
    wait_for(endpoint, "/ok/neighbour", 1)
    logs = wait_for_log(own, made["id"], lambda logs: all(log["status"] != "pending" for log in logs))
    by_id = {log["event"]["id"]: log for log in logs}
    found = [by_id[id_] for id_, _ in rows]
    assert [log["status"] for log in found] == ["error", "error", "success", "error"]
    assert all("cannot be sent" in log["error"] for log in found if log["status"] == "error")
    for log in found:
        check("WebhookDeliveryLog", log)
        replayed = own.post(f"/webhooks/logs/{log['id']}/replay")
        assert replayed.status_code == 201, replayed.text
    for one, demo in ((made, own), (told, neighbour)):
        call(demo, "DELETE", f"/webhooks/subscriptions/{one['id']}")


def test_private_addresses_are_refused_by_name_where_they_are_not_allowed(demo: Demo) -> None:
    answer = demo.post("/webhooks/subscriptions", {"url": "http://127.0.0.1:9000/", "events": ["*"]})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "url")

"""Orders over HTTP: made once, listed, and counted by their requests; nobody else's are told of."""

import csv
import io
from typing import Any

import pytest

from tests.support.server import QUESTION, Demo


def make(demo: Demo, user: str, name: str = "Book", **more: object) -> dict[str, object]:
    answer = demo.post("/orders", {"user": user, "name": name, **more}).raise_for_status()
    made: dict[str, object] = answer.json()
    return made


def chat(demo: Demo, user: str, order: object, **labels: Any) -> str:
    body = {"model": "ok", "user": user, "messages": QUESTION}
    answer = demo.post("/chat/completions", body, X_Paywall_Order=str(order), **labels)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-request-id"])


def test_an_order_is_made_once_per_key(demo: Demo) -> None:
    user, body = demo.new_user(None), {"name": "Book", "metadata": {"chapter": 1}}
    first, again = (demo.post("/orders", {**body, "user": user}, Idempotency_Key="k") for _ in range(2))
    assert first.json() == again.json() and again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    other = demo.post("/orders", {**body, "user": user, "name": "Tome"}, Idempotency_Key="k")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")
    order = first.json()
    assert (order["user"], order["billing_source"], order["metadata"]) == (user, "platform", {"chapter": 1})
    assert order["url"] is None and order["was_asked"] is False


@pytest.mark.unhurried
def test_usage_is_what_its_requests_came_to(demo: Demo) -> None:
    user = demo.new_user()
    order, other = make(demo, user)["id"], make(demo, user)["id"]
    made = [chat(demo, user, order, X_Paywall_Session="s1", X_Paywall_Agent="=evil()"),
            chat(demo, user, order, X_Paywall_Session="s2"), chat(demo, user, other)]  # fmt: skip
    charged = demo.post("/user/charge", {"user": user, "amount": "0.5"}, X_Paywall_Order=str(order))
    assert charged.json()["success"]
    receipts = [demo.receipt(request_id) for request_id in made]
    assert [receipt["order"] for receipt in receipts] == [order, order, other]
    listed = demo.get(f"/requests?order={order}").json()["data"]
    assert [one["id"] for one in listed] == [charged.json()["id"], made[1], made[0]]
    usage = demo.get(f"/orders/{order}").json()["usage"]
    assert usage["unit"] == "USD" and [one["requests"] for one in usage["totals"]] == [3]
    assert {one["name"]: one["requests"] for one in usage["by_session"]} == {"s1": 1, "s2": 1, "": 1}
    assert {one["name"]: one["requests"] for one in usage["by_model"]} == {"ok": 2, "": 1}
    answer = demo.get(f"/orders/{order}", Accept="text/csv")
    assert (
        answer.headers["content-type"].startswith("text/csv") and "attachment" in answer.headers["content-disposition"]
    )
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["name"] for row in rows if row["by"] == "agent"} == {"'=evil()", ""}, "no cell is a formula"
    assert {row["charged"] for row in rows if row["by"] == "all"} == {usage["totals"][0]["charge"]}


def test_orders_are_listed_by_user_and_are_nobody_elses(demo: Demo) -> None:
    user = demo.new_user(None)
    made = [make(demo, user)["id"] for _ in range(3)]
    page = demo.get(f"/orders?user={user}&limit=2").json()
    assert [order["id"] for order in page["data"]] == made[:0:-1] and page["has_more"]
    rest = demo.get(f"/{user}/orders?limit=2&cursor={page['next_cursor']}").json()
    assert ([order["id"] for order in rest["data"]], rest["has_more"]) == (made[:1], False)
    assert demo.get("/orders?user=nobody").json()["data"] == []
    assert demo.shared.get(f"/orders?user={user}").json()["data"] == []
    for path in (f"/orders/{made[0]}", "/orders/ord_none"):
        assert demo.shared.get(path).status_code == 404
    assert demo.get(f"/orders/{made[0]}?user=nobody").status_code == 404


def test_what_cannot_be_an_order_is_refused(demo: Demo) -> None:
    user = demo.new_user(None)
    for body, param, code in (
        ({"name": ""}, "name", "invalid_value"), ({}, "name", "invalid_value"),
        ({"name": "x", "billing_source": "ask"}, "billing_source", "unsupported_billing"),
        ({"name": "x", "billing_source": "byok"}, "billing_source", "unsupported_billing"),
        ({"name": "x", "billing_source": 1}, "billing_source", "invalid_value"),
        ({"name": "x", "metadata": []}, "metadata", "invalid_value"),
    ):  # fmt: skip
        error = demo.post("/orders", {"user": user, **body}).json()["error"]
        assert (error["param"], error["code"]) == (param, code), body
    assert demo.post("/orders", {"name": "x"}).json()["error"]["code"] == "user_required"


def test_an_order_that_asks_has_a_link_where_its_user_chooses(demo: Demo) -> None:
    order = make(demo.shared, "u1", billing_source="ask")
    assert order["billing_source"] is None and order["was_asked"] is True
    assert str(order["url"]).startswith(f"{demo.base_url}/order/")
    assert demo.shared.get(f"/orders/{order['id']}").json()["usage"]["totals"] == []

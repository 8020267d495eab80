"""The headers with which an app sorts its own requests, and how they are found by them again."""

from typing import Any

import pytest

from tests.support.server import QUESTION, Demo

WRONG = ("", "x" * 129, "a b", "a/b", "caf\xe9")


def send(demo: Demo, kind: str, user: str, **headers: Any) -> Any:
    """Sends a chat, a streamed chat or a manual charge with headers."""
    if kind == "charge":
        return demo.post("/user/charge", {"user": user, "amount": "0.01"}, **headers)
    body = {"model": "ok", "user": user, "messages": QUESTION, "stream": kind == "stream"}
    return demo.post("/chat/completions", body, **headers)


@pytest.mark.parametrize("kind", ["chat", "stream", "charge"])
def test_session_and_agent_are_shown_on_the_receipt_with_key_and_version(demo: Demo, kind: str) -> None:
    user, session = demo.new_user(), f"thread-{kind}"
    answers = [
        send(demo, kind, user, X_Paywall_Session=session, X_Paywall_Agent="planner@2.1"),
        send(demo, kind, user, X_Paywall_Agent="x" * 128), send(demo, kind, user),
    ]  # fmt: skip
    receipts = [demo.receipt(answer.headers["x-request-id"]) for answer in answers]
    said = [(receipt["session"], receipt["agent"]) for receipt in receipts]
    assert said == [(session, "planner@2.1"), (None, "x" * 128), (None, None)]
    assert {receipt["key_id"].partition("_")[0] for receipt in receipts} == {"key"}
    assert all(receipt["paywall_version"] >= 1 for receipt in receipts)
    assert demo.get(f"/requests?session={session}").json()["data"] == receipts[:1]


@pytest.mark.parametrize("kind", ["chat", "stream", "charge"])
@pytest.mark.parametrize("header", ["X-Paywall-Session", "X-Paywall-Agent"])
def test_a_label_that_cannot_be_is_refused_and_nothing_charged(demo: Demo, kind: str, header: str) -> None:
    user = demo.new_user()
    for wrong in WRONG:
        answer = send(demo, kind, user, **{header: wrong.encode("latin-1")})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_value", header), wrong
    assert demo.spendable(user) == 5 and demo.get(f"/requests?user={user}").json()["data"] == []


@pytest.mark.parametrize("kind", ["chat", "stream", "charge"])
@pytest.mark.parametrize(
    ("order", "code"), [("ord_1", "unknown_order"), ("", "invalid_value"), ("a b", "invalid_value")]
)
def test_an_order_that_is_none_of_the_users_is_refused_and_nothing_charged(
    demo: Demo, kind: str, order: str, code: str
) -> None:
    user = demo.new_user()
    answer = send(demo, kind, user, X_Paywall_Order=order, X_Paywall_Session="s")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, "X-Paywall-Order")
    assert "X-Paywall-Order" in error["message"] and demo.spendable(user) == 5


@pytest.mark.unhurried
def test_lists_go_by_key_session_and_agent_page_by_page(demo: Demo) -> None:
    user = demo.new_user()
    made = [
        send(demo, kind, user, X_Paywall_Session="paged", X_Paywall_Agent=agent).headers["x-request-id"]
        for kind, agent in (("chat", "a1"), ("charge", "a2"), ("stream", "a1"))
    ]
    key_id = demo.receipt(made[0])["key_id"]
    for query, expected in (
        ("session=paged", made), ("agent=a1&session=paged", made[::2]), (f"key={key_id}&user={user}", made),
        (f"key=key_none&user={user}", []), ("session=paged&agent=none", []), (f"agent=a2&user={user}", made[1:2]),
    ):  # fmt: skip
        found: list[str] = []
        cursor: Any = ""
        while cursor is not None:
            page = demo.get(f"/requests?{query}&limit=1{cursor and '&cursor='}{cursor}").json()
            found += [receipt["id"] for receipt in page["data"]]
            cursor = page["next_cursor"]
        assert found == expected[::-1], query
    assert demo.shared.get("/requests?session=paged").json()["data"] == []


@pytest.mark.parametrize("other", ["", "session=s2", "agent=s1", "key=s1", "session=s1&agent=x"])
def test_a_cursor_is_good_for_its_own_filters_only(demo: Demo, other: str) -> None:
    user = demo.new_user()
    for _ in range(2):
        send(demo, "charge", user, X_Paywall_Session="s1")
    cursor = demo.get("/requests?session=s1&limit=1").json()["next_cursor"]
    answer = demo.get(f"/requests?{other}&limit=1&cursor={cursor}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("query", ["session=a%2Fb", "agent=", "key=", "session=%C3%A9"])
def test_a_filter_that_nothing_can_have_is_named(demo: Demo, query: str) -> None:
    answer = demo.get(f"/requests?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, query.partition("=")[0])


def test_the_document_says_what_they_may_be(demo: Demo) -> None:
    paths = demo.get("/../openapi.json").json()["paths"]
    for path in ("/v1/chat/completions", "/v1/user/charge"):
        headers = [one for one in paths[path]["post"]["parameters"] if one["in"] == "header"]
        described = {one["name"]: one["description"] for one in headers if one["name"].startswith("X-Paywall-")}
        assert "1 to 128 printable ASCII characters" in described["X-Paywall-Session"]
        assert "X-Paywall-Agent" in described and "the order says who pays" in described["X-Paywall-Order"]
    named = {one["name"] for one in paths["/v1/requests"]["get"]["parameters"]}
    assert {"key", "session", "agent", "order"} <= named

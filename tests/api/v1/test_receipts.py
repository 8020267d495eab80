"""GET /v1/requests and /v1/requests/{id}."""

import pytest

from tests.support.server import Demo


def test_a_receipt_has_every_field_of_the_contract(demo: Demo) -> None:
    receipt = demo.receipt(demo.chat("ok", demo.new_user()).headers["x-request-id"])
    assert set(receipt) == {
        "id", "client_request_id", "kind", "status", "created_at", "user", "model", "provider", "billing_source",
        "streamed", "estimated", "disconnect", "price_version", "unit", "lines", "minimum", "markup_percent", "charge",
        "hold", "released", "split", "shortfall", "provider_cost", "late", "tier_from_tokens",
        "user_from", "paywall_version", "key_id", "session", "agent", "order", "mode", "legs",
    }  # fmt: skip
    assert set(receipt["lines"][0]) == {"kind", "tokens", "price_per_million", "amount"}
    assert receipt["split"] == {"provider": "0", "platform": "0", "developer": receipt["charge"]}


def test_a_request_that_is_nobodys_is_not_found(demo: Demo) -> None:
    answer = demo.get("/requests/req_0000000000000000000000")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.unhurried
def test_requests_are_listed_as_their_receipts_newest_first(demo: Demo) -> None:
    user = demo.new_user()
    made = [demo.chat(model, user).headers["x-request-id"] for model in ("ok", "tools", "ok")]
    page = demo.get(f"/requests?user={user}&limit=2").json()
    assert [receipt["id"] for receipt in page["data"]] == made[:0:-1] and page["has_more"]
    assert page["data"][0] == demo.receipt(made[2])
    rest = demo.get(f"/requests?user={user}&limit=2&cursor={page['next_cursor']}").json()
    assert ([receipt["id"] for receipt in rest["data"]], rest["has_more"]) == ([made[0]], False)

    def ids(query: str) -> list[str]:
        return [receipt["id"] for receipt in demo.get(f"/requests?user={user}&{query}").json()["data"]]

    assert ids("model=tools") == [made[1]] and ids("status=settled") == made[::-1] and ids("status=running") == []
    at = page["data"][1]["created_at"]
    assert made[2] in ids(f"from={at}") and made[0] in ids(f"to={at}") and ids("to=2020-01-01") == []
    assert demo.get(f"/{user}/requests").json()["data"][0]["id"] == made[2]
    assert demo.shared.get(f"/requests?user={user}").json()["data"] == []


def test_a_wrong_status_is_named(demo: Demo) -> None:
    answer = demo.get("/requests?status=done")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "status")

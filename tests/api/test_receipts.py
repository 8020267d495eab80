"""GET /v1/requests/{id}."""

from tests.server import Demo


def test_a_receipt_has_every_field_of_the_contract(demo: Demo) -> None:
    receipt = demo.receipt(demo.chat("ok", demo.new_user()).headers["x-request-id"])
    assert set(receipt) == {
        "id", "client_request_id", "kind", "status", "created_at", "user", "model", "provider", "billing_source",
        "streamed", "estimated", "disconnect", "price_version", "unit", "lines", "minimum", "markup_percent", "charge",
        "hold", "released", "split", "shortfall", "provider_cost", "late",
    }  # fmt: skip
    assert set(receipt["lines"][0]) == {"kind", "tokens", "price_per_million", "amount"}
    assert receipt["split"] == {"provider": "0", "platform": "0", "developer": receipt["charge"]}


def test_a_request_that_is_nobodys_is_not_found(demo: Demo) -> None:
    answer = demo.get("/requests/req_0000000000000000000000")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")

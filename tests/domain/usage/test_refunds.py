"""The row of a refund says what went back, from whom, and of which request."""

from app.domain.usage.refunds import record_refund
from app.domain.usage.tables import RequestKind, RequestStatus


def test_a_refund_is_a_finished_request_of_its_own() -> None:
    charged: dict[str, object] = {
        "id": "req_1", "paywall_id": "pw_1", "wallet_id": "wal_1", "external_id": "ada", "model": "m", "provider": "p",
        "unit": "USDC", "session": "s", "agent": None, "order_id": "ord_1",
        "billing_source": "platform", "charge_nanos": 9,
        "receipt": {"lines": []}, "late": None, "mode": None,
    }  # fmt: skip
    values = record_refund(charged, "req_2", "clk_1", 5, 1).values
    assert (values["id"], values["refund_of"], values["kind"]) == ("req_2", "req_1", RequestKind.REFUND)
    assert (values["charge_nanos"], values["hold_nanos"], values["status"]) == (5, 0, RequestStatus.SETTLED)
    assert values["receipt"]["split"] == {"provider": "0", "platform": "0.000000001", "developer": "0.000000004"}
    assert values["created_at"] == values["finished_at"] and values["session"] == "s"
    assert values["order_id"] == "ord_1", "what an order came to is what stayed charged"
    assert values["claim_id"] == "clk_1"

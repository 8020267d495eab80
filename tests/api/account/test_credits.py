"""What an account has is what its history comes to, in whole numbers."""

from tests.support.own_demo import FREE_CREDITS, OwnDemo
from tests.support.server import QUESTION


def test_the_wallet_is_the_sum_of_its_transactions(with_credits: OwnDemo) -> None:
    own = with_credits.client
    answer = own.post("/v1/chat/completions", json={"model": "demo-free", "messages": QUESTION})
    request_id = answer.json()["paywall"]["request_id"]
    wallet, balance = (own.get(f"/api/v1/credits/{name}").json() for name in ("wallet", "balance"))
    assert (wallet["held"], wallet["free_models_only"], wallet["unit"]) == (0, True, "CREDIT")
    assert wallet["balance"] == wallet["free"] == wallet["spendable"] == balance["balance"]
    lines = own.get("/api/v1/credits/transactions").json()
    assert sum(line["amount"] for line in lines) == wallet["balance"]
    assert lines[0] == {"id": f"{request_id}:reserve", "type": "reserve", "amount": -1, "model": "demo-free",
                        "request_id": request_id, "created_at": lines[0]["created_at"]}  # fmt: skip
    assert (lines[-1]["type"], lines[-1]["amount"], lines[-1]["request_id"]) == ("grant", FREE_CREDITS, None)
    assert own.get("/api/v1/credits/transactions?limit=1&offset=1").json() == lines[1:2]
    assert own.get("/api/v1/credits/transactions?to=2999-01-01").json() == lines
    assert own.get("/api/v1/credits/transactions?to=2001-01-01").json() == []
    wrong = own.get("/api/v1/credits/transactions?limit=0")
    assert wrong.status_code == 400 and wrong.json()["param"] == "limit"
    packs = own.get("/api/v1/credits/packs").json()
    assert [(pack["amount_usd"], pack["credits"]) for pack in packs] == [
        (3, 300), (10, 1_000), (25, 2_500), (50, 5_000), (100, 10_000),
    ]  # fmt: skip

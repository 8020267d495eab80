"""The row of a refund says what went back, from whom, and of which request; legs give back what they were charged."""

from sqlalchemy import select

from app import db
from app.domain.legs.legs import TABLE as LEGS
from app.domain.legs.legs import Source
from app.domain.pricing.quote import Tokens
from app.domain.usage.refunds import Back, given_by_legs, record_refund
from app.domain.usage.tables import RequestKind, RequestStatus
from tests.support import rolled_legs
from tests.support.books import assert_books_balance
from tests.support.rolled import App, count_all, hands
from tests.support.rolled_legs import by_model, charged_of_legs


def test_a_refund_is_a_finished_request_of_its_own() -> None:
    charged: dict[str, object] = {
        "id": "req_1", "paywall_id": "pw_1", "wallet_id": "wal_1", "external_id": "ada", "model": "m", "provider": "p",
        "unit": "USDC", "session": "s", "agent": None, "order_id": "ord_1",
        "billing_source": "platform", "charge_nanos": 9,
        "receipt": {"lines": []}, "late": None, "mode": None,
    }  # fmt: skip
    values = record_refund(charged, "req_2", "clk_1", Back(5, 1)).values
    assert (values["id"], values["refund_of"], values["kind"]) == ("req_2", "req_1", RequestKind.REFUND)
    assert (values["charge_nanos"], values["hold_nanos"], values["status"]) == (5, 0, RequestStatus.SETTLED)
    assert values["receipt"]["split"] == {"provider": "0", "platform": "0.000000001", "developer": "0.000000004"}
    assert values["created_at"] == values["finished_at"] and values["session"] == "s"
    assert values["order_id"] == "ord_1", "what an order came to is what stayed charged"
    assert values["claim_id"] == "clk_1"


def test_refunds_in_parts_give_each_leg_back_what_it_was_charged_in_its_rows_too(database: str) -> None:
    used = [Tokens(7, 5), None, Tokens(7, 6), Tokens(7, 5), Tokens(9, 5)]
    with hands():
        app = App()
        app.fund()
        several = rolled_legs.settle(app, rolled_legs.begin(app, used, [Source.PLATFORM] * 3 + [Source.OWN]))
        part, after = several.charge // 7, dict[int, int]()
        for nanos in (*[part] * 6, several.charge - 6 * part):
            before, _ = after, rolled_legs.give_back(app, several, nanos)
            with db.transaction(writes=False) as session:
                after = dict(given_by_legs(session, several.asked.id))
            assert sum(after.values()) - sum(before.values()) == nanos
        with db.transaction(writes=False) as session:
            charged = session.execute(
                select(LEGS.c.leg, LEGS.c.charge_nanos).where(LEGS.c.request_id == several.asked.id)
            )
            assert after == {leg: nanos for leg, nanos in charged if nanos} and len(after) == 3
        count_all()
        assert {name: sums.refunds_nanos for name, sums in by_model(app).items() if any(sums)} == {
            name: refunds for name, (_, refunds, _) in charged_of_legs(app).items()
        }
        assert_books_balance()

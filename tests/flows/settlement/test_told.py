"""Developers are told of their payouts: asked for, paid, come back."""

import pytest

from app import db
from app.domain.payouts import batches, requests
from app.domain.payouts.requests import Asked
from app.domain.payouts.tables import PayoutKind
from app.domain.paywalls.modes import Mode
from app.flows.settlement.told import tell_paid, tell_requested, tell_returned
from tests.support.books import make_snapshot
from tests.support.paying_out import CHAIN, ONE, RULES, ask, earn
from tests.support.webhooks import listening, told


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_each_step_is_told_with_amount_and_address(database: str) -> None:
    snapshot = await listening(make_snapshot(mode=Mode.SHARED))
    earn(snapshot.paywall_id, 20 * ONE)
    paid, back = (ask(snapshot.paywall_id, units, "0xAda") for units in (6 * ONE + 1, 7 * ONE))
    with db.transaction() as session:
        asked = Asked(snapshot.paywall_id, CHAIN, "0xAda", "acc_1", "c1", 1_004_321, PayoutKind.TEST)
        tested, _ = requests.request(session, RULES, asked)
        tell_requested(session, paid)
        tell_requested(session, tested)
        requests.withdraw(session, back.id, "recipient_blocked")
        done = batches.note_paid(session, paid.id, "0xabc", 7)
        returned = batches.note_returned(session, back.id, "0xdef", 8)
        assert done is not None and returned is not None
        tell_paid(session, done)
        tell_returned(session, returned)
    found = dict(await told(snapshot))
    said = {name: data["amount"] for name, data in found.items()}
    assert said == {"paywall.payout.requested": "6.000001", "paywall.payout.completed": "6.000001",
                    "paywall.payout.failed": "7"}  # fmt: skip
    assert found["paywall.payout.completed"]["transaction"] == "0xabc"
    assert found["paywall.payout.failed"]["errorCode"] == "recipient_blocked"
    assert {data["address"] for data in found.values()} == {"0xAda"}

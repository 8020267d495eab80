"""Balance transactions and balances as the real SDK reads them from the emulator."""

import pytest

from app.adapters.payments.stripe_client import StripeClients
from app.adapters.payments.stripe_marks import written
from app.adapters.payments.stripe_movements import StripeMovements
from app.ports.movements import MovementKind
from tests.support.stripe_bank import StripeBank
from tests.support.stripe_shop import marks


@pytest.mark.unhurried
async def test_movements_say_what_they_are_of_the_oldest_first(stripe_bank: StripeBank) -> None:
    shop, clients = stripe_bank.account(), StripeClients(stripe_bank.url)
    of = marks(2_000)
    (payment,) = shop.do("foreign", cents=2_000, metadata=written(of))["payment_intents"]
    stripe_bank.advance(4)
    stripe_bank.do("refund", payment=payment, cents=500)
    stripe_bank.do("end_dispute", dispute=stripe_bank.do("dispute", payment=payment, cents=100)["id"], status="won")
    shop.do("payout", cents=300)
    shop.do("movement", cents=-7, kind="stripe_fee", description="Radar")
    shop.do("foreign", count=120, cents=100)
    stripe_bank.advance(4)
    try:
        account = StripeMovements(clients.reach(shop.keys["rk_test"], "con_1"))
        balance = await account.read_balance()
        found = await account.list_movements(0, balance.at)
        assert len(found) == 126 and [one.created for one in found] == sorted(one.created for one in found)
        first = found[0]
        assert (first.instance, first.topup_id, first.account_id) == (of.instance, of.topup_id, of.account_id)
        assert [(one.kind, one.cents, one.fee_cents, one.payment_id) for one in found[:6]] == [
            (MovementKind.PAYMENT, 2_000, 88, payment),
            (MovementKind.REFUND, -500, 0, payment),
            (MovementKind.DISPUTE, -100, 1_500, payment),
            (MovementKind.DISPUTE, 100, 0, payment),
            (MovementKind.PAYOUT, -300, 0, None),
            (MovementKind.OTHER, -7, 0, None),
        ]
        assert balance.cents == sum(one.cents - one.fee_cents for one in found)
        assert await account.list_movements(0, found[0].created - 1) == []
    finally:
        await clients.close()


async def test_an_account_in_another_currency_says_no_amount(stripe_bank: StripeBank) -> None:
    shop, clients = stripe_bank.account(currency="eur"), StripeClients(stripe_bank.url)
    try:
        account = StripeMovements(clients.reach(shop.keys["rk_test"], "con_1"))
        assert (await account.read_balance()).cents is None
    finally:
        await clients.close()

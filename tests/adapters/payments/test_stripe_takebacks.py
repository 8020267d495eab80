"""What was taken back at Stripe, by its own SDK against the emulator: all of it, and whose payment it is of."""

from collections.abc import AsyncIterator

import pytest

from app.adapters.payments import stripe_takebacks
from app.adapters.payments.stripe_takebacks import StripeTakebacks
from app.domain.disputes.found import FoundDispute, FoundRefund
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.errors import NotFound
from app.domain.inbox.inbox import ObjectKind
from app.domain.refunds.tables import RefundStatus
from tests.support.stripe_bank import StripeBank
from tests.support.stripe_shop import Reached, marks, order, reaching

REFUND, DISPUTE, WARNING = ObjectKind.REFUND, ObjectKind.DISPUTE, ObjectKind.WARNING
OUT, BACK, KEPT = Funds.OUT, Funds.BACK, Funds.KEPT


@pytest.fixture
async def reached(stripe_bank: StripeBank) -> AsyncIterator[Reached]:
    async with reaching(stripe_bank.account()) as made:
        yield made


def reader(reached: Reached) -> StripeTakebacks:
    return StripeTakebacks(reached.clients.reach(reached.shop.keys["rk_test"], "con_1"))


async def paid(reached: Reached, cents: int = 3_000) -> str:
    """Lets somebody pay a checkout of ours, and returns the payment."""
    made = await reached.rail.create_checkout(order(marks(cents, "top_1")))
    reached.shop.pay(made.id)
    return str(reached.shop.look("payment_intent")[-1]["id"])


@pytest.mark.unhurried
async def test_refunds_are_read_with_their_states_page_by_page(
    reached: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_takebacks, "PAGE", 2)
    payment_id = await paid(reached)
    await reached.rail.refund(refund_id="rfd_1", payment_id=payment_id, paid_cents=100, currency="USD", is_whole=False)
    made = [reached.shop.bank.do("refund", payment=payment_id, cents=cents)["id"] for cents in (200, 300, 400)]
    reached.shop.bank.do("end_refund", refund=made[2], status="failed")
    found = await reader(reached).read(payment_id)
    assert (found.payment_id, found.paid_cents, found.currency) == (payment_id, 3_000, "USD")
    assert (found.disputes, found.warnings) == ((), ())
    assert {(one.own_id, one.cents, one.status) for one in found.refunds} == {
        ("rfd_1", 100, RefundStatus.SUCCEEDED), (None, 200, RefundStatus.SUCCEEDED),
        (None, 300, RefundStatus.SUCCEEDED), (None, 400, RefundStatus.FAILED),
    }  # fmt: skip
    assert all(isinstance(one, FoundRefund) for one in found.refunds)


@pytest.mark.unhurried
async def test_a_dispute_is_out_with_one_movement_and_back_with_two(reached: Reached) -> None:
    payment_id, read = await paid(reached), reader(reached).read
    do = reached.shop.bank.do
    dispute_id = do("dispute", payment=payment_id, cents=1_000, inquiry=True)["id"]

    async def stands() -> tuple[DisputeState, Funds, bool]:
        (one,) = (await read(payment_id)).disputes
        assert (one.id, one.cents) == (dispute_id, 1_000)
        return one.state, one.funds, one.is_refundable

    assert await stands() == (DisputeState.INQUIRY, KEPT, True)
    do("end_dispute", dispute=dispute_id, status="escalated")
    assert await stands() == (DisputeState.OPEN, OUT, False)
    do("end_dispute", dispute=dispute_id, status="won")
    assert await stands() == (DisputeState.WON, BACK, False)


@pytest.mark.parametrize("status", ["warning_closed", "prevented"])
async def test_an_inquiry_that_ends_moves_nothing(reached: Reached, status: str) -> None:
    payment_id = await paid(reached)
    dispute_id = reached.shop.bank.do("dispute", payment=payment_id, inquiry=True)["id"]
    reached.shop.bank.do("end_dispute", dispute=dispute_id, status=status)
    (one,) = (await reader(reached).read(payment_id)).disputes
    assert (one.state, one.funds) == (DisputeState.DISMISSED, KEPT)
    assert isinstance(one, FoundDispute)


@pytest.mark.unhurried
async def test_each_kind_of_object_leads_to_its_payment_and_our_marks(reached: Reached) -> None:
    payment_id, do = await paid(reached), reached.shop.bank.do
    ids = {
        REFUND: do("refund", payment=payment_id, cents=5)["id"],
        WARNING: do("warn", payment=payment_id)["id"],
        DISPUTE: do("dispute", payment=payment_id, cents=7)["id"],
    }
    for kind, object_id in ids.items():
        origin = await reader(reached).find_origin(kind, object_id)
        assert origin is not None and origin.payment_id == payment_id
        assert origin.marks is not None and origin.marks.topup_id == "top_1"
        with pytest.raises(NotFound):
            await reader(reached).find_origin(kind, f"{object_id}_not")
    found = await reader(reached).read(payment_id)
    assert [one.id for one in found.warnings] == [ids[WARNING]]


async def test_what_is_of_another_app_has_no_marks(reached: Reached) -> None:
    (payment_id,) = reached.shop.do("foreign")["payment_intents"]
    refund_id = reached.shop.bank.do("refund", payment=payment_id)["id"]
    origin = await reader(reached).find_origin(REFUND, refund_id)
    assert origin is not None and (origin.payment_id, origin.marks) == (payment_id, None)

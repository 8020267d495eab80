"""Stripe as a rail, by its own SDK against the emulator: what is asked for, what counts as paid, what goes back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from app.domain import clock
from app.domain.errors import NotFound, Unavailable
from app.ports.payments import Payment, PaymentStatus, RefundState
from app.ports.rail_errors import KeyRefused, ObjectMissing
from tests.support.stripe_bank import StripeBank
from tests.support.stripe_shop import SITE, Reached, marks, order, reaching

DECLINED, ASKS = "4000000000000002", "4000002500003155"
PAID, UNPAID = PaymentStatus.PAID, PaymentStatus.UNPAID


@pytest.fixture
async def reached(stripe_bank: StripeBank) -> AsyncIterator[Reached]:
    async with reaching(stripe_bank.account()) as made:
        yield made


def intent_of(reached: Reached) -> str:
    (found,) = reached.shop.look("payment_intent")
    return str(found["id"])


def what(payment: Payment) -> tuple[Any, ...]:
    return payment.status, payment.paid_cents, payment.currency, payment.is_live, payment.refunded_cents


async def test_a_checkout_asks_for_exactly_this_and_leaves_nothing_to_the_account(reached: Reached) -> None:
    reached.shop.switch(adaptive_pricing=True)
    asked = order()
    made = await reached.rail.create_checkout(asked)
    assert made == await reached.rail.create_checkout(asked)
    (session,) = reached.shop.look("checkout.session")
    assert (session["id"], made.url) == (made.id, session["url"])
    plain = {"mode": "payment", "currency": "usd", "amount_total": 1_000, "allow_promotion_codes": False}
    assert {name: session[name] for name in (*plain, "customer")} == {**plain, "customer": None}
    assert session["adaptive_pricing"] == {"enabled": False}
    assert session["automatic_tax"]["enabled"] is False
    assert session["allowed_payment_method_types"] == ["card"]
    assert session["wallet_options"] == {"link": {"display": "never"}}
    assert session["cancel_url"] == f"{SITE}/topup/t/?topup=top_1"
    assert session["success_url"] == f"{SITE}/topup/t/?topup=top_1&paid=1"
    assert session["expires_at"] - session["created"] in range(1_800, 1_861)
    reached.shop.pay(made.id)
    (intent,) = reached.shop.look("payment_intent")
    assert intent["metadata"] == session["metadata"] != {}
    assert (intent["setup_future_usage"], intent["description"]) == (None, "Top up your Lexica wallet")


@pytest.mark.unhurried
async def test_a_payer_reads_the_fee_apart(reached: Reached) -> None:
    made = await reached.rail.create_checkout(order(marks(2_088), fee_cents=88))
    items = await reached.shop.client().v1.checkout.sessions.line_items.list_async(made.id)
    assert [(one.description, one.amount_total) for one in items.data] == [
        ("Top up your Lexica wallet", 2_000), ("Card fee", 88),
    ]  # fmt: skip
    reached.shop.pay(made.id)
    assert what(await reached.rail.read_payment(made.id))[:2] == (PAID, 2_088)


async def test_a_card_is_kept_for_a_customer_where_that_is_asked_for(reached: Reached) -> None:
    customer = await reached.shop.client().v1.customers.create_async({})
    made = await reached.rail.create_checkout(order(customer_id=customer.id, saves_card=True))
    reached.shop.pay(made.id)
    (intent,) = reached.shop.look("payment_intent")
    assert (intent["customer"], intent["setup_future_usage"]) == (customer.id, "off_session")


@pytest.mark.unhurried
async def test_a_card_that_was_kept_is_told_with_its_payment_and_no_other_is(reached: Reached) -> None:
    customer = await reached.shop.client().v1.customers.create_async()
    kept = await reached.rail.create_checkout(order(customer_id=customer.id, saves_card=True))
    reached.shop.pay(kept.id, DECLINED)
    assert (await reached.rail.read_payment(kept.id)).saved_card_ref is None
    reached.shop.pay(kept.id)
    (method,) = [one for one in reached.shop.look("payment_method") if one["customer"] == customer.id]
    for name in (kept.id, intent_of(reached)):
        assert (await reached.rail.read_payment(name)).saved_card_ref == method["id"]
    plain = await reached.rail.create_checkout(order())
    reached.shop.pay(plain.id)
    assert (await reached.rail.read_payment(plain.id)).saved_card_ref is None


async def test_a_checkout_is_read_back_from_beginning_to_end_by_both_of_its_ids(reached: Reached) -> None:
    of = marks()
    made = await reached.rail.create_checkout(order(of))
    begun = await reached.rail.read_payment(made.id)
    assert (begun.id, begun.marks, what(begun)) == (made.id, of, (UNPAID, 0, "USD", False, 0))
    reached.shop.pay(made.id, DECLINED)
    intent = intent_of(reached)
    assert (await reached.rail.read_payment(intent)).status is PaymentStatus.DECLINED
    reached.shop.pay(made.id)
    by_checkout, by_intent = [await reached.rail.read_payment(one) for one in (made.id, intent)]
    assert by_checkout == by_intent == Payment(intent, of, PAID, 1_000, "USD", is_live=False)


async def test_three_d_secure_is_waited_for(reached: Reached) -> None:
    made = await reached.rail.create_checkout(order())
    assert "/3ds/" in reached.shop.pay(made.id, ASKS)["url"]
    assert (await reached.rail.read_payment(made.id)).status is UNPAID
    reached.shop.authenticate(intent_of(reached))
    assert (await reached.rail.read_payment(made.id)).status is PAID


async def test_tax_and_what_a_payer_saw_count_for_nothing_and_a_discount_does(reached: Reached) -> None:
    reached.shop.switch(tax_basis_points=1_900)
    taxed = await reached.rail.create_checkout(order())
    reached.shop.pay(taxed.id)
    intent = intent_of(reached)
    assert {what(await reached.rail.read_payment(one)) for one in (taxed.id, intent)} == {
        (PAID, 1_000, "USD", False, 0)
    }
    cheaper = await reached.rail.create_checkout(order())
    reached.shop.bank.do("discount", session=cheaper.id, cents=200)
    reached.shop.pay(cheaper.id)
    assert what(await reached.rail.read_payment(cheaper.id)) == (PAID, 800, "USD", False, 0)


@pytest.mark.parametrize(("tax", "received", "paid"), [(0, 1_000, 1_000), (0, 400, 400), (1_900, 1_190, 1_000),
                                                       (1_900, 1_000, 810), (0, 0, 0)])  # fmt: skip
async def test_of_a_payment_that_was_captured_in_part_only_the_part_counts(
    reached: Reached, monkeypatch: pytest.MonkeyPatch, tax: int, received: int, paid: int
) -> None:
    reached.shop.switch(tax_basis_points=tax)
    made = await reached.rail.create_checkout(order())
    reached.shop.pay(made.id)
    account, call = reached.rail._account, reached.rail._account.call

    async def captured(make: Any) -> Any:
        found = await call(make)
        found.payment_intent.amount_received = received  # as the account's owner captures it
        return found

    monkeypatch.setattr(account, "call", captured)
    payment = await reached.rail.read_payment(made.id)
    assert (payment.status, payment.paid_cents) == (PAID, paid)


@pytest.mark.parametrize("minutes", [-10, 10, 26 * 60, -26 * 60])
async def test_a_wrong_clock_stops_no_payment(reached: Reached, minutes: int) -> None:
    asked = order()
    wrong = replace(asked, expires_at=asked.expires_at + minutes * 60 * clock.SECOND)
    made = await reached.rail.create_checkout(wrong)
    assert made == await reached.rail.create_checkout(wrong)
    reached.shop.pay(made.id)
    assert what(await reached.rail.read_payment(made.id))[:2] == (PAID, 1_000)


@pytest.mark.unhurried
async def test_an_expired_checkout_is_expired_and_one_whose_payment_is_on_its_way_is_not(reached: Reached) -> None:
    left = await reached.rail.create_checkout(order())
    slow = await reached.rail.create_checkout(order())
    reached.shop.pay(slow.id, delayed=True)
    reached.shop.bank.advance(32 * 60)
    assert (await reached.rail.read_payment(left.id)).status is PaymentStatus.EXPIRED
    assert (await reached.rail.read_payment(slow.id)).status is PaymentStatus.PENDING
    reached.shop.bank.do("delayed", session=slow.id)
    assert (await reached.rail.read_payment(slow.id)).status is PAID


@pytest.mark.unhurried
async def test_a_checkout_is_ended_once_and_not_where_it_is_over(reached: Reached) -> None:
    left, paid = [(await reached.rail.create_checkout(order(marks()))).id for _ in range(2)]
    reached.shop.pay(paid)
    assert [await reached.rail.end_checkout(one) for one in (left, left, paid)] == [True, False, False]
    assert (await reached.rail.read_payment(left)).status is PaymentStatus.EXPIRED
    with pytest.raises(ObjectMissing):
        await reached.rail.end_checkout("cs_none")


async def test_payments_of_other_apps_bear_no_marks_and_those_without_a_checkout_count_as_received(
    reached: Reached,
) -> None:
    (foreign,) = reached.shop.do("foreign", count=1, cents=700)["payment_intents"]
    read = await reached.rail.read_payment(foreign)
    assert (read.marks, what(read)) == (None, (PAID, 700, "USD", False, 0))


async def test_what_is_not_there_is_not_found(reached: Reached) -> None:
    for object_id in ("cs_none", "pi_none", "nonsense"):
        with pytest.raises(NotFound):
            await reached.rail.read_payment(object_id)


async def test_live_payments_say_so(stripe_bank: StripeBank) -> None:
    async with reaching(stripe_bank.account(), key="rk_live") as reached:
        made = await reached.rail.create_checkout(order())
        assert (await reached.rail.read_payment(made.id)).is_live


async def give_back(reached: Reached, payment_id: str, refund_id: str = "rfd_1") -> RefundState:
    return await reached.rail.refund(refund_id=refund_id, payment_id=payment_id, paid_cents=1_000, currency="USD")


async def paid(reached: Reached, number: str = "4242424242424242") -> str:
    made = await reached.rail.create_checkout(order())
    reached.shop.pay(made.id, number)
    return (await reached.rail.read_payment(made.id)).id


@pytest.mark.unhurried
async def test_a_refund_gives_all_back_once_however_often_and_late_it_is_asked_for(reached: Reached) -> None:
    reached.shop.switch(tax_basis_points=1_900)
    payment_id = await paid(reached)
    states = [await give_back(reached, payment_id) for _ in range(2)]
    reached.shop.bank.advance(2 * 86_400)  # Stripe has forgotten the key
    states.append(await give_back(reached, payment_id))
    assert states == [RefundState.SUCCEEDED] * 3
    (refund,) = reached.shop.look("refund")
    assert (refund["amount"], refund["metadata"]) == (1_190, {"coinslot_refund": "rfd_1"})
    assert (await reached.rail.read_payment(payment_id)).refunded_cents == 1_190


@pytest.mark.unhurried
async def test_a_refund_waits_fails_and_is_told_so(reached: Reached) -> None:
    for number, (ends_in, status) in enumerate(
        [("succeeded", "succeeded"), ("failed", "failed"), ("canceled", "failed")]
    ):
        reached.shop.switch(refunds_wait=True)
        payment_id = await paid(reached)
        assert await give_back(reached, payment_id, f"rfd_{number}") is RefundState.PENDING
        refund = reached.shop.look("refund")[-1]["id"]
        reached.shop.bank.do("end_refund", refund=refund, status=ends_in)
        assert await give_back(reached, payment_id, f"rfd_{number}") == status


async def test_what_the_owner_gave_back_in_the_dashboard_is_given_back(reached: Reached) -> None:
    payment_id = await paid(reached)
    reached.shop.bank.do("refund", payment=payment_id)
    assert await give_back(reached, payment_id) is RefundState.SUCCEEDED
    assert len(reached.shop.look("refund")) == 1
    with pytest.raises(NotFound):
        await give_back(reached, "pi_none")


@pytest.mark.unhurried
async def test_a_charge_whose_answer_was_lost_is_made_once(reached: Reached) -> None:
    asked = order()
    reached.shop.bank.fault("reset", path="/checkout/sessions", method="POST", does_work=True)
    made = await reached.rail.create_checkout(asked)
    assert [one["id"] for one in reached.shop.look("checkout.session")] == [made.id]
    payment_id = await paid(reached)
    reached.shop.bank.fault("answer", status=500, path="/refunds", method="POST", times=2)
    with pytest.raises(Unavailable):
        await give_back(reached, payment_id)
    reached.shop.bank.no_faults()


async def test_a_key_that_was_revoked_says_so(reached: Reached) -> None:
    reached.shop.bank.do("revoke", key=reached.shop.keys["rk_test"])
    with pytest.raises(KeyRefused) as refused:
        await reached.rail.read_payment("pi_1")
    assert refused.value.permission is None


@pytest.mark.unhurried
async def test_a_part_goes_back_once_and_never_more_than_is_left(reached: Reached) -> None:
    made = await reached.rail.create_checkout(order())
    reached.shop.pay(made.id)
    payment_id, (succeeded, failed) = intent_of(reached), (RefundState.SUCCEEDED, RefundState.FAILED)

    async def asked(refund_id: str, cents: int) -> RefundState:
        return await reached.rail.refund(
            refund_id=refund_id, payment_id=payment_id, paid_cents=cents, currency="USD", is_whole=False
        )

    assert [await asked("rfd_1", 400) for _ in range(2)] == [succeeded, succeeded]
    assert await asked("rfd_2", 601) is failed
    assert await asked("rfd_3", 600) is succeeded
    assert await asked("rfd_4", 1) is failed
    assert sorted(one["amount"] for one in reached.shop.look("refund")) == [400, 600]


async def test_what_the_bank_took_back_cannot_be_given_back_as_well(reached: Reached) -> None:
    made = await reached.rail.create_checkout(order())
    reached.shop.pay(made.id)
    payment_id = intent_of(reached)
    reached.shop.bank.do("dispute", payment=payment_id)
    for is_whole in (True, False):
        state = await reached.rail.refund(
            refund_id=f"rfd_{is_whole}", payment_id=payment_id, paid_cents=5, currency="USD", is_whole=is_whole
        )
        assert state is RefundState.FAILED

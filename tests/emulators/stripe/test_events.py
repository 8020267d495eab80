"""Events are listed and delivered, signed; disputes, warnings and movements come as the cards and the clock say."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.emulators.receiver import Receiver, receiving
from tests.support.stripe_bank import StripeBank, StripeShop

TYPES: Any = ["payment_intent.succeeded", "charge.dispute.created", "charge.dispute.funds_withdrawn",
              "charge.dispute.funds_reinstated", "charge.dispute.closed", "refund.created"]  # fmt: skip


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


async def endpoint(shop: StripeShop, url: str, **more: Any) -> Any:
    """Makes an endpoint as the product does."""
    asked: Any = {"url": url, "enabled_events": TYPES, "api_version": "2026-10-28.endive", **more}
    return await shop.client("rk_test").v1.webhook_endpoints.create_async(asked)


async def pay(shop: StripeShop, card: str = "pm_card_visa", cents: int = 2_000) -> str:
    """Returns a PaymentIntent that succeeded."""
    intent = await shop.client().v1.payment_intents.create_async(
        {"amount": cents, "currency": "usd", "payment_method": card, "confirm": True,
         "allowed_payment_method_types": ["card"], "metadata": {"topup": "top_1"}}
    )  # fmt: skip
    return intent.id


def told(receiver: Receiver, secret: str, path: str = "/ok") -> list[Any]:
    """Returns the events that came to a path, each with a signature that the SDK accepts."""
    return [
        stripe.Webhook.construct_event(one.body, one.headers["stripe-signature"], secret) for one in receiver.at(path)
    ]


async def test_an_endpoint_gets_what_it_asked_for_signed(shop: StripeShop, receiver: Receiver) -> None:
    made = await endpoint(shop, receiver.url())
    intent = await pay(shop)
    shop.bank.quiet()
    (event,) = told(receiver, made.secret)
    assert (event.type, event.livemode, event.data.object.id) == ("payment_intent.succeeded", False, intent)
    with pytest.raises(stripe.SignatureVerificationError):
        told(receiver, "whsec_another")
    assert not hasattr(await shop.client().v1.webhook_endpoints.retrieve_async(made.id), "secret")
    await shop.client().v1.webhook_endpoints.delete_async(made.id)
    await pay(shop)
    shop.bank.quiet()
    assert len(receiver.received) == 1


@pytest.mark.unhurried
async def test_deliveries_are_lost_doubled_and_shuffled_on_demand(shop: StripeShop, receiver: Receiver) -> None:
    made = await endpoint(shop, receiver.url())
    shop.do("webhooks", lose=1)
    lost = await pay(shop)
    shop.do("webhooks", hold=True, copies=2)
    held = [await pay(shop) for _ in range(4)]
    shop.bank.quiet()
    assert receiver.received == []
    assert shop.do("release", seed=3)["sent"] == 8
    ids = [event.data.object.id for event in told(receiver, made.secret)]
    assert sorted(ids) == sorted(held * 2) and ids != [one for one in held for _ in range(2)]
    listed = await shop.client().v1.events.list_async({"types": ["payment_intent.succeeded"]})
    assert {event.data.object.id for event in listed.data} == {lost, *held}


@pytest.mark.unhurried
async def test_a_failed_delivery_is_tried_again_and_a_failing_endpoint_disabled(
    shop: StripeShop, receiver: Receiver
) -> None:
    made = await endpoint(shop, receiver.url("/status/500"))
    await pay(shop)
    shop.bank.quiet()
    for seconds in (61, 3_601, 3 * 3_601):
        shop.bank.advance(seconds)
        shop.bank.quiet()
    (delivery,) = shop.deliveries()
    assert (delivery["outcome"], delivery["attempts"], delivery["status"]) == ("failed", 4, 500)
    shop.bank.advance(3 * 24 * 3_600)
    await pay(shop)
    shop.bank.quiet()
    assert (await shop.client().v1.webhook_endpoints.retrieve_async(made.id)).status == "disabled"
    await shop.client().v1.webhook_endpoints.update_async(made.id, {"disabled": False})
    assert (await shop.client().v1.webhook_endpoints.retrieve_async(made.id)).status == "enabled"


async def test_events_are_listed_for_thirty_days_and_by_twenty_types(shop: StripeShop) -> None:
    client, first = shop.client(), await pay(shop)
    since = int(shop.bank.do("advance", seconds=3_600)["now"])
    second = await pay(shop)
    listed = await client.v1.events.list_async({"types": TYPES, "created": {"gte": since - 10}})
    assert [event.data.object.id for event in listed.data] == [second]
    with pytest.raises(stripe.InvalidRequestError, match="up to 20 event types"):
        await client.v1.events.list_async({"types": [f"x.{number}" for number in range(21)]})
    shop.bank.advance(30 * 24 * 3_600 - 1_800)
    listed = await client.v1.events.list_async({"types": TYPES})
    assert [event.data.object.id for event in listed.data] == [second] and first != second


async def test_a_charges_movement_is_known_three_seconds_later(shop: StripeShop) -> None:
    client, intent = shop.client(), await pay(shop)
    expand: Any = {"expand": ["latest_charge.balance_transaction"]}
    early: Any = await client.v1.payment_intents.retrieve_async(intent, {"expand": ["latest_charge"]})
    assert early.latest_charge.balance_transaction is None
    assert (await client.v1.balance_transactions.list_async()).data == []
    shop.bank.advance(3.1)
    late: Any = await client.v1.payment_intents.retrieve_async(intent, expand)
    movement = late.latest_charge.balance_transaction
    assert (movement.amount, movement.fee, movement.net, movement.type) == (2_000, 88, 1_912, "charge")


@pytest.mark.parametrize(("evidence", "status", "money"), [("winning", "won", 2_000), ("losing", "lost", 0)])
async def test_a_dispute_takes_its_money_and_a_fee_and_may_bring_it_back(
    shop: StripeShop, evidence: str, status: str, money: int
) -> None:
    client, intent = shop.client(), await pay(shop, "pm_card_createDispute")
    shop.bank.advance(4)
    (dispute,) = (await client.v1.disputes.list_async({"payment_intent": intent})).data
    assert (dispute.status, [one.net for one in dispute.balance_transactions]) == ("needs_response", [-3_500])
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        await client.v1.refunds.create_async({"payment_intent": intent})
    ended = await client.v1.disputes.update_async(
        dispute.id, {"evidence": {"uncategorized_text": f"{evidence}_evidence"}}
    )
    assert ended.status == status
    balance = await client.v1.balance.retrieve_async()
    assert balance.available[0].amount + balance.pending[0].amount == money - 88 - 1_500
    events = {event.type for event in (await client.v1.events.list_async({"types": TYPES})).data}
    assert ("charge.dispute.funds_reinstated" in events) is (status == "won")


async def test_an_inquiry_moves_nothing_until_it_becomes_a_dispute(shop: StripeShop) -> None:
    client, intent = shop.client(), await pay(shop, "pm_card_createDisputeInquiry")
    shop.bank.advance(4)
    (inquiry,) = (await client.v1.disputes.list_async({"payment_intent": intent})).data
    assert (inquiry.status, inquiry.balance_transactions, inquiry.is_charge_refundable) == (
        "warning_needs_response", [], True,
    )  # fmt: skip
    shop.bank.do("end_dispute", dispute=inquiry.id, status="escalated")
    escalated = await client.v1.disputes.retrieve_async(inquiry.id)
    assert (escalated.status, len(escalated.balance_transactions)) == ("needs_response", 1)


async def test_a_fraud_warning_stops_being_actionable_with_the_refund(shop: StripeShop) -> None:
    client, intent = shop.client(), await pay(shop, "pm_card_createIssuerFraudRecord")
    shop.bank.advance(2)
    (warning,) = (await client.v1.radar.early_fraud_warnings.list_async({"payment_intent": intent})).data
    assert warning.actionable
    await client.v1.refunds.create_async({"payment_intent": intent})
    assert not (await client.v1.radar.early_fraud_warnings.retrieve_async(warning.id)).actionable


async def test_the_balance_is_the_sum_of_all_movements_whoever_made_them(shop: StripeShop) -> None:
    client, intent = shop.client(), await pay(shop)
    shop.do("foreign", count=3, cents=1_000)
    shop.bank.advance(4)
    shop.bank.do("refund", payment=intent, cents=700)
    shop.do("payout", cents=1_500)
    shop.do("movement", cents=-1, kind="stripe_fee")
    listed = await client.v1.balance_transactions.list_async({"limit": 100})
    balance = await client.v1.balance.retrieve_async()
    assert sum(one.net for one in listed.data) == balance.available[0].amount + balance.pending[0].amount
    assert [one.type for one in listed.data] == ["stripe_fee", "payout", "refund", *["charge"] * 4]
    (payment,) = (await client.v1.payment_intents.list_async({"limit": 1})).data
    assert payment.metadata.to_dict() == {"shop": "another"}

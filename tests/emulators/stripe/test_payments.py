"""The real SDK pays at the emulator: checkout with its page, saved cards, PaymentIntents, refunds."""

import time
from typing import Any

import pytest
import stripe

from tests.support.stripe_bank import StripeBank, StripeShop, look_at, send

DECLINED, ASKS_ONCE, ASKS_ALWAYS, ASKS_THEN_EMPTY = (
    "4000000000000002", "4000002500003155", "4000002760003184", "4000008260003178",
)  # fmt: skip
SAVED_THEN_DECLINED = "4000000000000341"


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account()


def order(**more: Any) -> Any:
    """A checkout of $20.00, as the product makes them."""
    item = {"currency": "usd", "unit_amount": 2_000, "product_data": {"name": "Top-up"}}
    return {
        "mode": "payment", "success_url": "http://shop.test/back?of={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/left", "line_items": [{"quantity": 1, "price_data": item}],
        "allowed_payment_method_types": ["card"], "adaptive_pricing": {"enabled": False},
        "expires_at": int(time.time()) + 1_800, "metadata": {"topup": "top_1"},
        "payment_intent_data": {"metadata": {"topup": "top_1"}}, **more,
    }  # fmt: skip


async def saved(shop: StripeShop, number: str = "4242424242424242") -> tuple[str, str]:
    """Returns a customer and a card of theirs that was set up."""
    client = shop.client()
    customer = await client.v1.customers.create_async({"email": "payer@example.com"})
    session = await client.v1.checkout.sessions.create_async(
        {"mode": "setup", "currency": "usd", "customer": customer.id, "success_url": "http://shop.test/saved"}
    )
    done = shop.pay(session.id, number)
    if "/3ds/" in done["url"]:
        done = shop.authenticate(done["url"].rpartition("/")[2])
    assert done["url"] == "http://shop.test/saved"
    (card,) = (await client.v1.customers.payment_methods.list_async(customer.id)).data
    return customer.id, card.id


def charge(customer: str, card: str, **more: Any) -> Any:
    """A payment without its payer, as the product makes them."""
    return {
        "amount": 2_000, "currency": "usd", "customer": customer, "payment_method": card, "off_session": True,
        "confirm": True, "allowed_payment_method_types": ["card"], "metadata": {"topup": "top_2"},
        "payment_method_options": {"card": {"stored_credential_usage": "unscheduled"}}, **more,
    }  # fmt: skip


async def test_a_checkout_takes_another_card_after_a_decline_and_authentication(shop: StripeShop) -> None:
    client = shop.client("rk_test")
    session = await client.v1.checkout.sessions.create_async(order())
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert shop.pay(session.id, DECLINED)["error"] == "Your card was declined."
    asked = shop.pay(session.id, ASKS_ONCE)
    assert "/3ds/pi_" in asked["url"]
    gave_up = shop.authenticate(asked["url"].rpartition("/")[2], right=False)
    assert gave_up["url"] == session.url and "unable to authenticate" in look_at(gave_up["url"]).text
    asked = shop.pay(session.id, ASKS_ONCE)
    back = shop.authenticate(asked["url"].rpartition("/")[2])
    assert back["url"] == f"http://shop.test/back?of={session.id}"
    paid = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["payment_intent.latest_charge"]})
    intent: Any = paid.payment_intent
    assert (paid.status, paid.payment_status, paid.amount_subtotal) == ("complete", "paid", 2_000)
    assert (intent.status, intent.amount_received, intent.metadata.to_dict()) == (
        "succeeded",
        2_000,
        {"topup": "top_1"},
    )
    assert intent.latest_charge.payment_method_details.card.three_d_secure.result == "authenticated"


async def test_the_page_is_paid_by_its_own_form(shop: StripeShop) -> None:
    session = await shop.client().v1.checkout.sessions.create_async(order())
    assert session.url is not None
    page = look_at(session.url)
    assert "Pay $20.00" in page.text and 'href="http://shop.test/left"' in page.text
    form = {"number": "4000 0000 0000 0002", "email": "a@b.test", "expiry": "12 / 34", "cvc": "123"}
    declined = send(session.url, form, follow=True)
    assert 'role="alert">Your card was declined.' in declined.text
    paid = send(session.url, {**form, "number": "4242 4242 4242 4242"})
    assert (paid.status_code, paid.headers["location"]) == (303, f"http://shop.test/back?of={session.id}")
    assert "all done here" in look_at(session.url).text


async def test_an_expired_checkout_cannot_be_paid(shop: StripeShop) -> None:
    client = shop.client()
    session = await client.v1.checkout.sessions.create_async(order())
    shop.pay(session.id, DECLINED)
    shop.bank.advance(1_801)
    expired = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["payment_intent"]})
    intent: Any = expired.payment_intent
    assert (expired.status, expired.url, intent.status) == ("expired", None, "canceled")
    assert shop.pay(session.id)["status"] == "expired"
    assert "This link has expired" in look_at(str(session.url)).text


async def test_a_delayed_payment_is_complete_and_unpaid_until_it_comes(shop: StripeShop) -> None:
    client = shop.client()
    for is_paid, status in ((True, "paid"), (False, "unpaid")):
        session = await client.v1.checkout.sessions.create_async(order())
        shop.pay(session.id, delayed=True)
        open_ = await client.v1.checkout.sessions.retrieve_async(session.id)
        assert (open_.status, open_.payment_status) == ("complete", "unpaid")
        shop.bank.do("delayed", session=session.id, paid=is_paid)
        assert (await client.v1.checkout.sessions.retrieve_async(session.id)).payment_status == status


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        ("4242424242424242", None),
        (ASKS_ONCE, None),
        (ASKS_ALWAYS, ("authentication_required", "authentication_required", None)),
        (SAVED_THEN_DECLINED, ("card_declined", "generic_decline", "try_again_later")),
        (ASKS_THEN_EMPTY, ("authentication_required", "authentication_required", None)),
    ],
)
async def test_a_saved_card_pays_or_not(shop: StripeShop, number: str, outcome: tuple[str, ...] | None) -> None:
    client = shop.client()
    customer, card = await saved(shop, number)
    if outcome is None:
        intent = await client.v1.payment_intents.create_async(charge(customer, card))
        assert (intent.status, intent.payment_method) == ("succeeded", card)
        return
    with pytest.raises(stripe.CardError) as refused:
        await client.v1.payment_intents.create_async(charge(customer, card))
    error: Any = refused.value.error
    assert (error.code, error.decline_code, getattr(error, "advice_code", None)) == outcome
    assert error.payment_intent.status == "requires_payment_method"
    (listed,) = (await client.v1.payment_intents.list_async({"customer": customer})).data
    assert listed.id == error.payment_intent.id and listed.metadata.to_dict() == {"topup": "top_2"}


@pytest.mark.unhurried
async def test_saving_anew_without_the_payer_asks_again(shop: StripeShop) -> None:
    customer, card = await saved(shop, ASKS_ONCE)
    with pytest.raises(stripe.CardError, match="requires authentication"):
        await shop.client().v1.payment_intents.create_async(charge(customer, card, setup_future_usage="off_session"))


@pytest.mark.unhurried
async def test_a_payment_that_was_refused_is_confirmed_with_the_payer(shop: StripeShop) -> None:
    client = shop.client()
    customer, card = await saved(shop, ASKS_ALWAYS)
    with pytest.raises(stripe.CardError) as refused:
        await client.v1.payment_intents.create_async(charge(customer, card))
    error: Any = refused.value.error
    intent = await client.v1.payment_intents.confirm_async(
        error.payment_intent.id, {"payment_method": card, "return_url": "http://shop.test/confirmed"}
    )
    waiting: Any = intent.next_action
    assert (intent.status, waiting.type) == ("requires_action", "redirect_to_url")
    url = waiting.redirect_to_url.url
    for _ in range(3):  # looking changes nothing
        assert "Complete authentication" in look_at(url).text
    back = send(url, {"answer": "complete"})
    assert back.headers["location"].startswith("http://shop.test/confirmed?payment_intent=pi_")
    assert "redirect_status=succeeded" in back.headers["location"]
    assert (await client.v1.payment_intents.retrieve_async(intent.id)).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as again:
        await client.v1.payment_intents.cancel_async(intent.id)
    assert again.value.code == "payment_intent_unexpected_state"


async def test_a_waiting_payment_can_be_cancelled(shop: StripeShop) -> None:
    client = shop.client()
    customer, card = await saved(shop)
    intent = await client.v1.payment_intents.create_async(
        {"amount": 500, "currency": "usd", "customer": customer, "allowed_payment_method_types": ["card"]}
    )
    assert (await client.v1.payment_intents.cancel_async(intent.id)).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        await client.v1.payment_intents.confirm_async(intent.id, {"payment_method": card})


@pytest.mark.unhurried
async def test_a_removed_card_can_never_be_used_again(shop: StripeShop) -> None:
    client = shop.client()
    customer, card = await saved(shop)
    await client.v1.payment_methods.detach_async(card)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        await client.v1.payment_intents.create_async(charge(customer, card))
    other, _ = await saved(shop)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        await client.v1.payment_methods.attach_async(card, {"customer": other})


@pytest.mark.unhurried
async def test_a_card_of_another_customer_pays_nothing(shop: StripeShop) -> None:
    customer, _ = await saved(shop)
    _, others = await saved(shop)
    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
        await shop.client().v1.payment_intents.create_async(charge(customer, others))


async def test_a_saved_card_is_offered_at_the_next_checkout(shop: StripeShop) -> None:
    client = shop.client()
    customer = await client.v1.customers.create_async({})
    options: Any = {"payment_method_save": "enabled"}
    session = await client.v1.checkout.sessions.create_async(
        order(customer=customer.id, saved_payment_method_options=options)
    )
    assert "Save my card" in look_at(str(session.url)).text
    shop.pay(session.id, save=True)
    (card,) = (await client.v1.customers.payment_methods.list_async(customer.id)).data
    assert card.allow_redisplay == "always"
    session = await client.v1.checkout.sessions.create_async(order(customer=customer.id))
    assert f'value="{card.id}" checked' in look_at(str(session.url)).text
    assert shop.pay(session.id, saved=card.id)["status"] == "complete"


async def test_refunds_are_bounded_by_what_is_left(shop: StripeShop) -> None:
    client = shop.client()
    customer, card = await saved(shop)
    intent = await client.v1.payment_intents.create_async(charge(customer, card))
    first = await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 500, "metadata": {"r": "1"}})
    assert (first.status, first.amount) == ("succeeded", 500)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        await client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 1_501})
    await client.v1.refunds.create_async({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as over:
        await client.v1.refunds.create_async({"payment_intent": intent.id})
    assert over.value.code == "charge_already_refunded"
    listed = await client.v1.refunds.list_async({"payment_intent": intent.id})
    assert [one.amount for one in listed.data] == [1_500, 500]


@pytest.mark.parametrize(
    ("number", "first", "then"),
    [("4000000000007726", "pending", "succeeded"), ("4000000000005126", "succeeded", "failed")],
)
async def test_refunds_of_some_cards_end_later(shop: StripeShop, number: str, first: str, then: str) -> None:
    client = shop.client()
    session = await client.v1.checkout.sessions.create_async(order())
    shop.pay(session.id, number)
    paid = await client.v1.checkout.sessions.retrieve_async(session.id)
    refund = await client.v1.refunds.create_async({"payment_intent": str(paid.payment_intent)})
    assert refund.status == first
    shop.bank.advance(6)
    assert (await client.v1.refunds.retrieve_async(refund.id)).status == then
    money = {"succeeded": 0, "failed": 2_000}[then]
    balance = await client.v1.balance.retrieve_async()
    assert balance.available[0].amount + balance.pending[0].amount == money - 88


async def test_tax_discounts_and_another_currency_change_what_is_paid_and_not_what_was_asked(shop: StripeShop) -> None:
    client = shop.client()
    shop.switch(tax_basis_points=1_900, adaptive_pricing=True, payer_currency="eur")
    asked = order()
    del asked["adaptive_pricing"]  # the account's own choice counts then
    session = await client.v1.checkout.sessions.create_async(asked)
    assert (session.amount_subtotal, session.amount_total) == (2_000, 2_380)
    assert "Pay $23.80" in look_at(str(session.url)).text
    shop.bank.do("discount", session=session.id, cents=500)
    shop.pay(session.id)
    paid: Any = await client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["payment_intent"]})
    assert (paid.amount_subtotal, paid.total_details.amount_discount, paid.total_details.amount_tax) == (
        2_000,
        500,
        285,
    )
    assert (paid.payment_intent.amount_received, paid.currency) == (1_785, "usd")
    assert (paid.presentment_details.presentment_amount, paid.presentment_details.presentment_currency) == (
        1_642,
        "eur",
    )
    off = await client.v1.checkout.sessions.create_async(order())
    shop.pay(off.id)
    assert not hasattr(await client.v1.checkout.sessions.retrieve_async(off.id), "presentment_details")

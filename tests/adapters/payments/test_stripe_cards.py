"""Saved cards at Stripe, by its own SDK against the emulator: what is sent, what an answer means, what is found."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.adapters.payments.stripe_cards import StripeCardRail
from app.domain import clock
from app.domain.errors import Unavailable
from app.ports.cards import CardOrder, CardRail, Charge, ChargeOrder, ChargeState, NewCustomer
from app.ports.payments import Marks, TopupKind
from app.ports.rail_errors import CallRefused, ObjectMissing
from tests.support.stripe_bank import StripeBank
from tests.support.stripe_shop import SITE, Reached, reaching

PAYS, ASKS, DECLINES, EMPTY = "4242424242424242", "4000002760003184", "4000000000000341", "4000008260003178"
MARKS = Marks("1" * 32, "top_1", "sandbox:USDC:wallet:wal_1", 2_000, 20 * 10**9, TopupKind.AUTO, "2026-11", 3)


@pytest.fixture
async def reached(stripe_bank: StripeBank) -> AsyncIterator[Reached]:
    async with reaching(stripe_bank.account()) as made:
        yield made


def cards(reached: Reached) -> CardRail:
    return StripeCardRail("con_1", reached.rail._account, SITE)


async def saved(reached: Reached, number: str = PAYS) -> tuple[str, str]:
    """Saves a card on Stripe's own page, and returns the customer and the card."""
    rail = cards(reached)
    customer = await rail.create_customer(NewCustomer("1" * 32, "cus_ada", "ada@example.org"))
    page = await rail.begin_saving(CardOrder("1" * 32, "sav_1", customer, "/settings/?saved={saved}"))
    done = reached.shop.pay(page.id, number)
    if "/3ds/" in done["url"]:
        done = reached.shop.authenticate(done["url"].rpartition("/")[2])
    assert done["url"] == f"{SITE}/settings/?saved={page.id}"
    found = await rail.read_saved(page.id)
    assert found.customer_ref == customer and found == await rail.read_saved(found.facts.ref)
    return customer, found.facts.ref


def order(customer: str, card: str, topup_id: str = "top_1") -> ChargeOrder:
    marks = Marks(MARKS.instance, topup_id, MARKS.account_id, 2_000, MARKS.credited_nanos, TopupKind.AUTO, "2026-11", 3)
    return ChargeOrder(marks, customer, card, "USD", "Top-up")


def state(answer: Any) -> ChargeState | None:
    return None if answer.charge is None else answer.charge.state


@pytest.mark.unhurried
async def test_a_customer_is_made_once_and_a_card_is_read_as_it_is(reached: Reached) -> None:
    rail = cards(reached)
    new = NewCustomer("1" * 32, "cus_ada", "ada@example.org")
    assert await rail.create_customer(new) == await rail.create_customer(new)
    _, card = await saved(reached)
    facts = (await rail.read_saved(card)).facts
    assert (facts.brand, facts.last_four, facts.country) == ("visa", "4242", "US") and facts.fingerprint


@pytest.mark.unhurried
async def test_a_charge_sends_exactly_this_and_the_same_key_charges_once(reached: Reached) -> None:
    rail, (customer, card) = cards(reached), await saved(reached)
    first, again = await rail.charge(order(customer, card)), await rail.charge(order(customer, card))
    assert state(first) is ChargeState.PAID and first.charge == again.charge
    assert first.at is not None and abs(first.at - clock.now()) < 3_600 * clock.SECOND
    (intent,) = reached.shop.look("payment_intent")
    assert (intent["amount"], intent["currency"], intent["customer"]) == (2_000, "usd", customer)
    assert (intent["payment_method"], intent["setup_future_usage"]) == (card, None)
    assert intent["payment_method_options"]["card"]["stored_credential_usage"] == "unscheduled"
    assert intent["allowed_payment_method_types"] == ["card"] or intent["payment_method_types"] == ["card"]
    calls = len(reached.shop.calls("/checkout/sessions"))
    paid = await reached.rail.read_payment(intent["id"])
    assert (paid.marks, paid.paid_cents) == (order(customer, card).marks, 2_000)
    assert len(reached.shop.calls("/checkout/sessions")) == calls, "a charge has no checkout to be asked for"


@pytest.mark.unhurried
@pytest.mark.parametrize(("number", "expected"), [(ASKS, ChargeState.NEEDS_OWNER), (DECLINES, ChargeState.DECLINED)])
async def test_a_no_and_a_wish_are_told_by_their_codes(reached: Reached, number: str, expected: ChargeState) -> None:
    rail, (customer, card) = cards(reached), await saved(reached, number)
    answered = await rail.charge(order(customer, card))
    assert answered.charge is not None and answered.charge.state is expected
    assert (await rail.read_charge(answered.charge.payment_ref)).charge == (
        await rail.find_charge(customer, "top_1")
    ).charge
    assert state(await rail.read_charge(answered.charge.payment_ref)) is expected


@pytest.mark.unhurried
async def test_a_charge_is_found_by_our_id_among_many_and_others_are_not(
    reached: Reached, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.adapters.payments.stripe_cards.LIST_PAGE", 2)
    rail, (customer, card) = cards(reached), await saved(reached)
    made = [await rail.charge(order(customer, card, f"top_{number}")) for number in range(5)]
    assert (await rail.find_charge(customer, "top_0")).charge == made[0].charge
    missing = await rail.find_charge(customer, "top_9")
    assert missing.charge is None and missing.at is not None
    monkeypatch.setattr("app.adapters.payments.stripe_cards.PAGES_MAX", 1)
    with pytest.raises(Unavailable):
        await rail.find_charge(customer, "top_0")


@pytest.mark.unhurried
async def test_a_bank_confirms_with_its_owner_and_looking_changes_nothing(reached: Reached) -> None:
    rail, (customer, card) = cards(reached), await saved(reached, ASKS)
    charge = (await rail.charge(order(customer, card))).charge
    assert charge is not None
    for answer in ("fail", "fail", "complete"):
        url = await rail.confirm(charge.payment_ref, card, "/confirm/top_1/")
        assert isinstance(url, str) and "/3ds/" in url
        assert state(await rail.read_charge(charge.payment_ref)) is ChargeState.NEEDS_OWNER
        reached.shop.authenticate(url.rpartition("/")[2], right=answer == "complete")
    assert state(await rail.read_charge(charge.payment_ref)) is ChargeState.PAID
    assert state(await rail.cancel(charge.payment_ref)) is ChargeState.PAID
    assert await rail.confirm(charge.payment_ref, card, "/") == Charge(charge.payment_ref, ChargeState.PAID)


@pytest.mark.unhurried
async def test_a_bank_that_says_no_after_all_declines(reached: Reached) -> None:
    rail, (customer, card) = cards(reached), await saved(reached, EMPTY)
    charge = (await rail.charge(order(customer, card))).charge
    assert charge is not None and charge.state is ChargeState.NEEDS_OWNER
    url = await rail.confirm(charge.payment_ref, card, "/back")
    assert isinstance(url, str)
    reached.shop.authenticate(url.rpartition("/")[2])
    after = (await rail.read_charge(charge.payment_ref)).charge
    assert after is not None and after.state is ChargeState.DECLINED and after.decline is not None
    assert after.decline.decline_code == "insufficient_funds"


@pytest.mark.unhurried
async def test_what_waits_is_cancelled_once(reached: Reached) -> None:
    rail, (customer, card) = cards(reached), await saved(reached, ASKS)
    charge = (await rail.charge(order(customer, card))).charge
    assert charge is not None
    for _ in range(2):
        assert state(await rail.cancel(charge.payment_ref)) is ChargeState.CANCELLED


@pytest.mark.unhurried
async def test_a_card_that_is_gone_is_missing_and_stays_gone(reached: Reached) -> None:
    rail, (customer, card) = cards(reached), await saved(reached)
    for _ in range(2):
        await rail.remove(card)
    assert (await rail.read_saved(card)).customer_ref is None
    with pytest.raises(ObjectMissing) as missing:
        await rail.charge(order(customer, card))
    assert missing.value.param == "payment_method"
    await rail.remove("pm_never")
    with pytest.raises(ObjectMissing):
        await rail.read_saved("pm_never")


async def test_a_call_that_can_never_work_is_refused_and_a_lost_answer_is_unknown(reached: Reached) -> None:
    rail, (customer, card) = cards(reached), await saved(reached)
    await rail.charge(order(customer, card))
    with pytest.raises(CallRefused):  # the same key with another amount
        await rail.charge(ChargeOrder(Marks("1", "top_1", "a", 2_100, 1), customer, card, "USD", "Top-up"))

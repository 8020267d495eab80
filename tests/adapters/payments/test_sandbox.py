"""The sandbox's payments."""

import asyncio
import base64
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.adapters.payments.sandbox import SandboxRail
from app.domain.errors import LinkInvalid, NotFound
from app.ports.payments import Checkout, Payment, PaymentStatus, SandboxCheckouts, SandboxSession

RAIL: SandboxCheckouts = SandboxRail(b"a secret")
ORDER: dict[str, Any] = {
    "topup_id": "top_01",
    "amount_nanos": 5_000_000_000,
    "currency": "USD",
    "description": "Top-up of Café Bot",
    "return_url": "https://app.example/back?x=1",
}
ORDERS = st.fixed_dictionaries(
    {
        "topup_id": st.text(),
        "amount_nanos": st.integers(1, 10**15),
        "currency": st.sampled_from(["USD", "EUR"]),
        "description": st.text(),
        "return_url": st.text(),
    }
)


def _checkout(**changes: Any) -> Checkout:
    return asyncio.run(RAIL.create_checkout(**{**ORDER, **changes}))


def _payment(payment_id: str) -> Payment:
    return asyncio.run(RAIL.read_payment(payment_id))


@given(ORDERS, st.sampled_from([PaymentStatus.PAID, PaymentStatus.FAILED]))
def test_everything_comes_back_from_the_ids(order: dict[str, Any], outcome: PaymentStatus) -> None:
    checkout = _checkout(**order)
    assert checkout.url == f"/sandbox/checkout/{checkout.id}/"
    assert checkout.id.replace("-", "").replace("_", "").isalnum()
    assert RAIL.open(checkout.id) == SandboxSession(**order)
    payment_id = RAIL.payment_id(checkout.id, outcome)
    assert _payment(payment_id) == Payment(
        payment_id, order["topup_id"], outcome, order["amount_nanos"], order["currency"], is_live=False
    )


def test_asking_again_gives_the_same_page_and_the_same_payment() -> None:
    assert _checkout() == _checkout()
    token = _checkout().id
    assert RAIL.payment_id(token, PaymentStatus.PAID) == RAIL.payment_id(token, PaymentStatus.PAID)
    assert RAIL.payment_id(token, PaymentStatus.PAID) != RAIL.payment_id(token, PaymentStatus.FAILED)
    assert _checkout(topup_id="top_02").id != token


@given(st.integers(0, 500), st.characters())
def test_a_changed_id_is_not_ours(position: int, character: str) -> None:
    token = _checkout().id
    payment_id = RAIL.payment_id(token, PaymentStatus.PAID)
    for known, opened, error in ((token, RAIL.open, LinkInvalid), (payment_id, _payment, NotFound)):
        at = position % len(known)
        assume(known[at] != character)
        for forged in (known[:at] + character + known[at + 1 :], known[:at] + character + known[at:], known[:at]):
            with pytest.raises(error):
                opened(forged)


def test_an_id_has_no_second_spelling() -> None:
    payment_id = RAIL.payment_id(_checkout().id, PaymentStatus.PAID)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings = [payment_id + "=", payment_id + "\n", payment_id + "!", payment_id.replace("_", "/", 1)]
    spellings += [payment_id[:-1] + letter for letter in alphabet if letter != payment_id[-1]]
    for spelling in spellings:
        with pytest.raises(NotFound):
            _payment(spelling)


def test_ids_of_one_kind_or_another_secret_do_not_pass_for_another() -> None:
    token = _checkout().id
    payment_id = RAIL.payment_id(token, PaymentStatus.PAID)
    for other in (SandboxRail(b"another"), RAIL):
        wrong = token if other is not RAIL else payment_id
        with pytest.raises(LinkInvalid):
            other.open(wrong)
    with pytest.raises(NotFound):
        _payment("sbp_" + token.removeprefix("sbc_"))


@given(st.text() | st.binary().map(lambda raw: "sbp_" + base64.urlsafe_b64encode(raw).decode()))
def test_nonsense_is_not_ours(text: str) -> None:
    with pytest.raises(NotFound):
        _payment(text)
    with pytest.raises(LinkInvalid):
        RAIL.payment_id(text, PaymentStatus.PAID)

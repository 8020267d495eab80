"""The sandbox's payments."""

import asyncio
import base64
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.adapters.payments.sandbox import SandboxRail
from app.domain.errors import LinkInvalid, NotFound
from app.domain.money import CENT_NANOS
from app.ports.payments import (
    Checkout,
    Marks,
    Order,
    Payment,
    PaymentStatus,
    RefundState,
    SandboxCheckouts,
    SandboxSession,
)

NOW = 1_000


def rail(secret: bytes = b"a secret", now: int = NOW) -> SandboxRail:
    return SandboxRail(secret, lambda: now)


RAIL: SandboxCheckouts = rail()
MARKS = Marks("i" * 32, "top_01", "sandbox:USD:wallet:wal_1", 500, 5_000_000_000)
ORDER = Order(MARKS, "USD", "Top-up of Café Bot", "https://app.example/back?x=1", 2_000)
AMOUNTS = st.integers(1, 10**15)
ORDERS = st.builds(
    Order,
    st.builds(Marks, st.text(), st.text(), st.text(), AMOUNTS, AMOUNTS),
    st.sampled_from(["USD", "EUR"]),
    st.text(),
    st.text(),
    st.integers(NOW + 1, 10**16),
)


def _checkout(order: Order = ORDER) -> Checkout:
    return asyncio.run(RAIL.create_checkout(order))


def _payment(payment_id: str) -> Payment:
    return asyncio.run(RAIL.read_payment(payment_id))


@given(ORDERS, st.sampled_from([PaymentStatus.PAID, PaymentStatus.DECLINED]))
def test_everything_comes_back_from_the_ids(order: Order, outcome: PaymentStatus) -> None:
    checkout, marks = _checkout(order), order.marks
    assert checkout.url == f"/sandbox/checkout/{checkout.id}/"
    assert checkout.id.replace("-", "").replace("_", "").isalnum()
    assert RAIL.open(checkout.id) == SandboxSession(
        marks.topup_id, marks.paid_cents, order.currency, order.description, order.return_url, order.expires_at
    )
    payment_id = RAIL.payment_id(checkout.id, outcome)
    assert _payment(payment_id) == Payment(payment_id, marks, outcome, marks.paid_cents, order.currency, is_live=False)


def test_asking_again_gives_the_same_page_and_the_same_payment() -> None:
    assert _checkout() == _checkout()
    token = _checkout().id
    assert RAIL.payment_id(token, PaymentStatus.PAID) == RAIL.payment_id(token, PaymentStatus.PAID)
    assert RAIL.payment_id(token, PaymentStatus.PAID) != RAIL.payment_id(token, PaymentStatus.DECLINED)
    other = Order(Marks("i" * 32, "top_02", MARKS.account_id, 500, 5_000_000_000), "USD", "", "", 2_000)
    assert _checkout(other).id != token


def test_a_checkout_can_be_read_back_and_ends_when_its_time_is_over() -> None:
    token = _checkout().id
    for now, status in ((1_999, PaymentStatus.UNPAID), (2_000, PaymentStatus.EXPIRED)):
        found = asyncio.run(rail(now=now).read_payment(token))
        assert (found.status, found.marks, found.paid_cents) == (status, MARKS, 0)
    assert rail(now=1_999).payment_id(token, PaymentStatus.PAID)
    with pytest.raises(LinkInvalid, match="expired") as refused:
        rail(now=2_000).payment_id(token, PaymentStatus.PAID)
    assert refused.value.code == "link_expired"


def test_a_payment_made_in_time_stays_paid_when_the_checkout_is_over() -> None:
    payment_id = RAIL.payment_id(_checkout().id, PaymentStatus.PAID)
    assert asyncio.run(rail(now=10**9).read_payment(payment_id)).status is PaymentStatus.PAID


def signed(prefix: str, values: list[Any]) -> str:
    """Returns an id of any content, as this rail signs it."""
    return rail()._tokens._id_of(prefix, json.dumps(values, separators=(",", ":")).encode())


@pytest.mark.unhurried
@given(st.text().filter(lambda text: text != "2"), st.integers(1, 10**9))
def test_ids_in_the_form_from_before_mean_what_they_meant(topup_id: str, cents: int) -> None:
    token = signed("sbc_", [topup_id, cents * CENT_NANOS, "USD", "Lexica", "/back"])
    assert RAIL.open(token) == SandboxSession(topup_id, cents, "USD", "Lexica", "/back", None)
    payment_id = RAIL.payment_id(token, PaymentStatus.PAID)
    assert payment_id == signed("sbp_", [topup_id, cents * CENT_NANOS, "USD", "paid"])
    marks = Marks("", topup_id, "", cents, 0)
    assert _payment(payment_id) == Payment(payment_id, marks, PaymentStatus.PAID, cents, "USD", is_live=False)
    declined = _payment(signed("sbp_", [topup_id, cents * CENT_NANOS, "USD", "failed"]))
    assert declined.status is PaymentStatus.DECLINED
    assert asyncio.run(rail(now=10**17).read_payment(token)).status is PaymentStatus.UNPAID


async def test_a_payment_goes_back_at_once_however_often_it_is_asked() -> None:
    token = (await RAIL.create_checkout(ORDER)).id
    asked: dict[str, Any] = {"refund_id": "rfd_1", "paid_cents": 500, "currency": "USD"}
    payment_id = RAIL.payment_id(token, PaymentStatus.PAID)
    for _ in range(3):
        assert await RAIL.refund(payment_id=payment_id, **asked) is RefundState.SUCCEEDED
    for unknown in ("sbp_forged", token):
        with pytest.raises(NotFound):
            await RAIL.refund(payment_id=unknown, **asked)


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
    for other in (rail(b"another"), RAIL):
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

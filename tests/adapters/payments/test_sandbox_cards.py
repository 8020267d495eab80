"""The sandbox's cards: how one behaves stands in its name, and nobody else can write one."""

import asyncio

import pytest

from app.adapters.payments.sandbox import SandboxRail
from app.adapters.payments.sandbox_cards import SandboxCardRail
from app.domain.errors import LinkInvalid
from app.ports.cards import CardOrder, ChargeOrder, ChargeState, NewCustomer, SandboxCard, SandboxCards
from app.ports.payments import Marks, PaymentStatus, TopupKind
from app.ports.rail_errors import ObjectMissing

RAIL: SandboxCards = SandboxCardRail(b"a secret", lambda: 7)
PAYMENTS = SandboxRail(b"a secret", lambda: 7)
MARKS = Marks("i" * 32, "top_1", "sandbox:USDC:wallet:wal_1", 2_000, 20 * 10**9, TopupKind.AUTO, "2026-11", 3)


def token() -> str:
    customer = asyncio.run(RAIL.create_customer(NewCustomer("i", "cus_1", "ada@example.org")))
    page = asyncio.run(RAIL.begin_saving(CardOrder("i", "sav_1", customer, "/settings/?saved={saved}")))
    assert page.url == f"/sandbox/card/{page.id}/"
    return page.id


def order(card: SandboxCard) -> ChargeOrder:
    return ChargeOrder(MARKS, "sbu_1", RAIL.saved(token(), card), "USD", "Top-up")


@pytest.mark.parametrize(("card", "state", "codes"), [
    (SandboxCard.PAYS, ChargeState.PAID, None), (SandboxCard.ASKS, ChargeState.NEEDS_OWNER, None),
    (SandboxCard.DECLINES, ChargeState.DECLINED, ("generic_decline", None)),
    (SandboxCard.STOLEN, ChargeState.DECLINED, ("stolen_card", "do_not_try_again")),
])  # fmt: skip
def test_a_card_does_what_its_name_says_the_same_each_time(
    card: SandboxCard, state: ChargeState, codes: tuple[str, str | None] | None
) -> None:
    first, again = asyncio.run(RAIL.charge(order(card))), asyncio.run(RAIL.charge(order(card)))
    assert first == again and first.charge is not None and first.charge.state is state and first.at == 7
    said = first.charge.decline
    assert (None if said is None else (said.decline_code, said.advice_code)) == codes
    if state is ChargeState.PAID:
        read = asyncio.run(PAYMENTS.read_payment(first.charge.payment_ref))
        assert (read.marks, read.status, read.paid_cents) == (MARKS, PaymentStatus.PAID, 2_000)
        assert asyncio.run(RAIL.cancel(first.charge.payment_ref)).charge == first.charge


def test_a_confirmed_charge_is_a_payment_with_the_same_marks() -> None:
    charge = asyncio.run(RAIL.charge(order(SandboxCard.ASKS))).charge
    assert charge is not None
    url = asyncio.run(RAIL.confirm(charge.payment_ref, "", "/back"))
    assert isinstance(url, str)
    page = url.removeprefix("/sandbox/bank/").removesuffix("/")
    opened = RAIL.open_bank(page)
    assert (opened.paid_cents, opened.currency, opened.return_url) == (2_000, "USD", "/back")
    assert asyncio.run(PAYMENTS.read_payment(RAIL.confirmed(page))).marks == MARKS
    assert asyncio.run(RAIL.read_charge(charge.payment_ref)).charge == charge
    cancelled = asyncio.run(RAIL.cancel(charge.payment_ref)).charge
    assert cancelled is not None and cancelled.state is ChargeState.CANCELLED


def test_a_saved_card_is_read_back_with_whose_it_is() -> None:
    ref = RAIL.saved(token(), SandboxCard.PAYS)
    read = asyncio.run(RAIL.read_saved(ref))
    assert read.facts.ref == ref and read.facts.last_four == "4242"
    assert read.customer_ref == RAIL.open_saving(token()).customer_ref
    asyncio.run(RAIL.remove(ref))
    assert asyncio.run(RAIL.find_charge("sbu_1", "top_1")).charge is None


def test_nobody_elses_names_mean_anything() -> None:
    forged: SandboxCards = SandboxCardRail(b"another", lambda: 7)
    page = token()
    for look in (forged.open_saving, forged.open_bank, forged.confirmed):
        with pytest.raises(LinkInvalid):
            look(page)
    for ask in (forged.read_saved(page), forged.read_charge(page), forged.confirm(page, "", ""),
                forged.charge(order(SandboxCard.PAYS))):  # fmt: skip
        with pytest.raises(ObjectMissing):
            asyncio.run(ask)

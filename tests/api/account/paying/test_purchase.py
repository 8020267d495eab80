"""A purchase leads to a checkout, and is confirmed once that was paid: credited once, for its own account alone."""

from typing import Any

import pytest

from app import settings, wiring
from app.flows.payments.received import pay_in_sandbox
from app.ports.payments import PaymentStatus
from tests.support.books import assert_books_balance
from tests.support.credits import credits_of, open_credits
from tests.support.crowd import sign_in
from tests.support.own_api import own_program


async def pay(checkout_url: str) -> None:
    """Pays a checkout as its page does."""
    token = checkout_url.split("/sandbox/checkout/")[1].strip("/")
    wired = wiring.get()
    await pay_in_sandbox(wired.payment_door, wired.sandbox, token, PaymentStatus.PAID)


async def test_a_pack_is_bought_and_confirmed_once(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    bob, _ = await sign_in("bob@example.org")
    async with own_program(ada) as program:
        begun = (await program.post("/credits/purchase", json={"pack_id": "usd_3", "utm_source": "x"})).json()
        assert (begun["amount_usd"], begun["credits"]) == (3.0, 300)
        assert "/sandbox/checkout/" in begun["checkout_url"]
        asked = {"session_id": begun["session_id"]}
        waiting = (await program.post("/credits/confirm-checkout", json=asked)).json()
        assert (waiting["status"], waiting["balance"]) == ("pending", 20)
        async with own_program(bob) as other:
            assert (await other.post("/credits/confirm-checkout", json=asked)).status_code == 404
        await pay(begun["checkout_url"])
        for _ in range(2):
            paid = (await program.post("/credits/confirm-checkout", json=asked)).json()
            assert paid == {**asked, "status": "paid", "credits": 300, "balance": 320}
    assert credits_of(ada).posted_nanos == 320 * 10**9 and credits_of(bob).posted_nanos == 20 * 10**9
    assert_books_balance()


@pytest.mark.plain_sql
async def test_amounts_are_numbers_within_the_operators_bounds(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    settings.choose({"credit_packs": "5, 20", "topup_cents_least": 500})
    try:
        async with own_program(ada) as program:
            packs = (await program.get("/credits/packs")).json()
            assert [(pack["id"], pack["credits"]) for pack in packs] == [("usd_5", 500), ("usd_20", 2_000)]
            wrongs: tuple[Any, ...] = ({}, {"amount_usd": 4.99}, {"amount_usd": 5.001}, {"amount_usd": True},
                {"pack_id": "usd_3"},
                         {"amount_usd": 5, "pack_id": "usd_5"}, {"amount_usd": "five"}, [])  # fmt: skip
            for body in wrongs:
                refused = await program.post("/credits/purchase", json=body)
                assert refused.status_code == 400 and {"error", "code"} <= set(refused.json()), refused.text
                assert refused.json().get("param") in ({"amount_usd", "pack_id"} if body != [] else {None}), body
            begun = (await program.post("/credits/purchase", json={"amount_usd": 12.5})).json()
            assert (begun["amount_usd"], begun["credits"]) == (12.5, 1_250)
    finally:
        settings.choose({})

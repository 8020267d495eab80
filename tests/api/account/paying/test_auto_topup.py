"""A key lowers auto top-up and switches it off; whatever allows more wants its owner, who reads what they agree to."""

import httpx
import pytest

from app import db
from app.domain.cards.auto_topup import Consent
from app.domain.cards.rules import Terms
from app.domain.inbox.connections import SANDBOX as SANDBOX_CONNECTION
from app.domain.money import NANOS, Unit
from app.flows.cards import settings
from app.flows.cards.settings import consent_of
from tests.support.credits import credits_account, open_credits
from tests.support.crowd import SANDBOX, sign_in
from tests.support.own_api import own_program
from tests.support.saved_cards import row, save_card

pytestmark = pytest.mark.plain_sql

TERMS = Terms(300 * NANOS, 2_000, 10_000)
"""Below 300 credits 20 dollars, at most 100 in a month."""


async def ask(program: httpx.AsyncClient, **body: object) -> httpx.Response:
    return await program.put("/credits/auto-topup", json=body)


async def test_a_key_never_switches_it_on(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    save_card(SANDBOX_CONNECTION, ada)
    async with own_program(ada) as program:
        refused = await ask(program, enabled=True, threshold_credits=300, amount_usd=10, monthly_cap_usd=200)
        assert (refused.status_code, refused.json()["code"]) == (403, "consent_required")
        assert "/settings/" in refused.json()["error"]
        assert (await program.get("/credits/auto-topup")).json() == {
            "enabled": False, "state": "off_by_owner", "threshold_credits": None, "amount_usd": None,
            "monthly_cap_usd": None, "month_charged_usd": 0, "card": None,
        }  # fmt: skip
        assert (await ask(program, enabled=True)).json()["code"] == "consent_required"
        off = await ask(program, enabled=False)
        assert (off.status_code, off.json()["enabled"]) == (200, False)


async def test_a_key_lowers_it_and_switches_it_off(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    card = save_card(SANDBOX_CONNECTION, ada)
    text = consent_of("Shop", TERMS, Unit.CREDIT)
    await settings.switch_on(ada, SANDBOX, card.id, TERMS, Consent(text, "10.0.0.1"), "Shop", unit=Unit.CREDIT)
    async with own_program(ada) as program:
        shown = (await program.get("/credits/auto-topup")).json()
        assert (shown["enabled"], shown["threshold_credits"], shown["amount_usd"]) == (True, 300, 20.0)
        assert (shown["monthly_cap_usd"], shown["card"]["last_four"]) == (100.0, "4242")
        lower = await ask(program, enabled=True, threshold_credits=200, amount_usd=10, monthly_cap_usd=50)
        assert (lower.status_code, lower.json()["monthly_cap_usd"]) == (200, 50.0)
        higher = await ask(program, enabled=True, threshold_credits=200, amount_usd=10, monthly_cap_usd=60)
        assert higher.json()["code"] == "consent_required"
        same = await ask(program, enabled=True)
        assert (same.status_code, same.json()) == (200, lower.json()), "what is left away stays"
        above = {"enabled": True, "threshold_credits": 5_000, "amount_usd": 10, "monthly_cap_usd": 50}
        for bad in ({"enabled": "yes"}, {"enabled": True, "amount_usd": 0}, above):
            assert (await ask(program, **bad)).status_code == 400
        assert (await ask(program, enabled=False)).json()["enabled"] is False
    kept = row(credits_account(ada))
    assert (kept.cap_cents, kept.off_reason) == (5_000, "by_owner")
    with db.transaction(writes=False) as session:
        assert settings.read_settings(session, ada, SANDBOX, SANDBOX_CONNECTION).auto.terms is None

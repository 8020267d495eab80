"""A process follows what operators choose: each flow that asks the next time is told the newest."""

import pytest

from app import db, settings, wiring
from app.domain.instance import choices as chosen
from app.domain.instance.choices import CHOICES
from app.domain.money import NANOS
from app.wiring import choices
from app.wiring.rules import bounds_of, surcharge_of
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("database")


def keep(name: str, value: int | str | None) -> None:
    with db.transaction() as session:
        chosen.keep(session, name, value, "acc_1")


async def test_a_process_follows_until_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "SECONDS", 0.01)
    assert set(choices.said()) == set(CHOICES)
    keep("fee_basis_points", 250)
    async with choices.following():
        assert settings.get().fee_basis_points == 250 and choices.said()["fee_basis_points"] == 100
        keep("fee_basis_points", 300)
        await until(lambda: settings.get().fee_basis_points == 300)
        keep("fee_basis_points", None)
        await until(lambda: settings.get().fee_basis_points == 100)
        keep("fee_basis_points", 300)
    assert settings.get().fee_basis_points == 100


async def test_whoever_asks_next_is_told_the_newest() -> None:
    wiring.replace(None)
    wired = wiring.get()
    wired.cards.charging, wired.sign_in_rules, wired.follow_rules  # noqa: B018 - made before anything is chosen
    for name, value in (("fee_basis_points", 250), ("trial_credits", 7), ("topup_fee_cents", 30),
                        ("topup_cents_least", 500), ("legal_name", "Coin GmbH")):  # fmt: skip
        keep(name, value)
    await choices.follow_once()
    try:
        assert wired.charges.fee_basis_points == wired.follow_rules.fee_basis_points == 250
        assert wired.sign_in_rules.trial.amount_nanos == 7 * NANOS // 100
        assert wired.cards.charging.costs() == surcharge_of(settings.get()) and surcharge_of(settings.get()).cents == 30
        assert (
            wired.cards.charging.bounds() == bounds_of(settings.get()) and bounds_of(settings.get()).least_cents == 500
        )
        assert wired.settings.merchant == "Coin GmbH"
    finally:
        settings.choose({})
        wiring.replace(None)

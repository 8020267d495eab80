"""The table of modes, row by row, and that nothing is left out of it."""

import pytest

from app.domain.money import Unit
from app.domain.paywalls.messages import DEFAULT_MESSAGES
from app.domain.paywalls.modes import RULES, TRIAL_MODES, Mode


def test_every_mode_has_rules_and_a_unit_of_its_own() -> None:
    assert set(RULES) == set(Mode)
    assert {rules.unit for rules in RULES.values()} == set(Unit)


@pytest.mark.parametrize(
    ("mode", "app_wallets", "consent", "deposits", "split", "built_in"),
    [
        (Mode.DEFAULT, True, False, True, False, False),
        (Mode.SHARED, False, True, False, True, True),
        (Mode.CREDITS, False, False, False, False, True),
    ],
)
def test_what_differs(
    mode: Mode, app_wallets: bool, consent: bool, deposits: bool, split: bool, built_in: bool
) -> None:
    rules = RULES[mode]
    assert (rules.has_app_wallets, rules.needs_consent, rules.takes_deposits, rules.is_split) == (
        app_wallets, consent, deposits, split,
    )  # fmt: skip
    assert rules.may_use_built_in is built_in and rules.is_operators is (mode is Mode.CREDITS)


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_has_words_for_every_event(mode: Mode) -> None:
    assert set(RULES[mode].words) == set(DEFAULT_MESSAGES)
    assert ("{{ name }} wallet" in RULES[mode].words["topup"]) is RULES[mode].has_app_wallets


def test_trial_money_is_for_peoples_own_wallets_and_credits_come_last() -> None:
    assert TRIAL_MODES == (Mode.SHARED, Mode.CREDITS)

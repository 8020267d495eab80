"""When a card is charged by itself: what comes first counts, and every no has its pause."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain import clock
from app.domain.cards import rules
from app.domain.cards.charges import is_forgotten
from app.domain.cards.rules import Answer, Facts, State, Terms, decide, state_of
from app.domain.cards.tables import OffReason, Switch
from app.domain.errors import BadField
from app.domain.money import NANOS, Unit

TERMS = Terms(5 * NANOS, 2_000, 5_000)
FACTS = Facts(now=1_000, balance_nanos=5 * NANOS - 1, month_cents=0, day_charges=0, attempts=0)


def test_below_the_threshold_it_charges() -> None:
    assert decide(Switch.ON, None, TERMS, FACTS) is Answer.CHARGE
    assert decide(Switch.ON, None, TERMS, replace(FACTS, balance_nanos=5 * NANOS)) is Answer.ENOUGH


@pytest.mark.parametrize(("changed", "answer"), [
    ({"is_frozen": True}, Answer.OFF),
    ({"is_in_flight": True, "is_waiting": True}, Answer.NEEDS_BANK),
    ({"is_in_flight": True}, Answer.IN_FLIGHT),
    ({"month_cents": 3_000}, Answer.CHARGE),
    ({"month_cents": 3_001}, Answer.USED_UP),
    ({"attempts": 3}, Answer.CHARGE),
    ({"attempts": 4}, Answer.TIRED),
    ({"day_charges": 2}, Answer.CHARGE),
    ({"day_charges": 3}, Answer.NEEDS_CLICK),
    ({"day_charges": 3, "is_clicked": True}, Answer.CHARGE),
    ({"month_cents": 3_001, "is_clicked": True}, Answer.USED_UP),
    ({"attempts": 4, "is_clicked": True}, Answer.TIRED),
    ({"is_up_to_date": False}, Answer.BEHIND),
])  # fmt: skip
def test_what_keeps_it_from_charging(changed: dict[str, Any], answer: Answer) -> None:
    assert decide(Switch.ON, None, TERMS, replace(FACTS, **changed)) is answer


def test_a_bank_that_said_no_is_left_alone_until_its_time_or_a_click() -> None:
    assert decide(Switch.PAUSED, 1_001, TERMS, FACTS) is Answer.PAUSED
    assert decide(Switch.PAUSED, 1_000, TERMS, FACTS) is Answer.CHARGE
    assert decide(Switch.PAUSED, 1_001, TERMS, replace(FACTS, is_clicked=True)) is Answer.CHARGE
    assert decide(Switch.CLICK, None, TERMS, FACTS) is Answer.NEEDS_CLICK
    assert decide(Switch.OFF, None, TERMS, replace(FACTS, is_clicked=True)) is Answer.OFF


def test_the_pauses_are_an_hour_six_and_a_day_and_then_none() -> None:
    assert [rules.pause_seconds(attempt) for attempt in (0, 1, 2, 3, 4, 5)] == [
        3_600,
        3_600,
        21_600,
        86_400,
        None,
        None,
    ]


@pytest.mark.parametrize(("decline_code", "advice", "is_hard"), [
    ("generic_decline", "try_again_later", False), ("insufficient_funds", None, False), (None, None, False),
    ("lost_card", None, True), ("stolen_card", None, True), ("fraudulent", None, True),
    ("generic_decline", "do_not_try_again", True),
])  # fmt: skip
def test_a_hard_no_is_told_by_its_codes(decline_code: str | None, advice: str | None, is_hard: bool) -> None:
    assert rules.is_hard(decline_code, advice) is is_hard


def test_attempts_of_a_month_ago_count_no_more() -> None:
    assert rules.attempts_now(3, 0, 30 * clock.DAY - 1) == 3
    assert rules.attempts_now(3, 0, 30 * clock.DAY) == 0 and rules.attempts_now(3, None, 1) == 0


@pytest.mark.parametrize(("terms", "field"), [
    (Terms(5 * NANOS, 299, 5_000), "amount"), (Terms(5 * NANOS, 1_000_001, 2_000_000), "amount"),
    (Terms(0, 2_000, 5_000), "threshold"), (Terms(20 * NANOS + 1, 2_000, 5_000), "threshold"),
    (Terms(5 * NANOS, 2_000, 1_999), "cap"), (Terms(5 * NANOS, 2_000, 10_000_001), "cap"),
])  # fmt: skip
def test_terms_that_one_charge_could_not_clear_are_refused(terms: Terms, field: str) -> None:
    with pytest.raises(BadField) as refused:
        rules.check_terms(terms, Unit.USDC)
    assert refused.value.field == field


def test_a_threshold_is_in_the_unit_of_its_wallet() -> None:
    rules.check_terms(Terms(20 * NANOS, 2_000, 2_000), Unit.USDC)
    rules.check_terms(Terms(2_000 * NANOS, 2_000, 2_000), Unit.CREDIT)


def test_the_consent_says_who_how_much_when_and_how_to_end_it() -> None:
    words = rules.consent_text("Café Bot Ltd", TERMS, Unit.USDC)
    for part in (
        "Café Bot Ltd",
        "unscheduled payments of $20.00",
        "below 5.00 USDC",
        "at most $50.00",
        "switch this off",
    ):
        assert part in words


def test_more_of_anything_asks_again() -> None:
    assert not replace(TERMS, threshold_nanos=1, amount_cents=300, cap_cents=300).raises(TERMS)
    for more in ({"threshold_nanos": 6 * NANOS}, {"amount_cents": 2_001}, {"cap_cents": 5_001}):
        assert replace(TERMS, **more).raises(TERMS)


@pytest.mark.parametrize(("switch", "reason", "waits", "month", "state"), [
    (None, None, False, 0, State.OFF_BY_OWNER),
    (Switch.OFF, OffReason.BY_OWNER, False, 0, State.OFF_BY_OWNER),
    (Switch.OFF, OffReason.FROZEN, True, 0, State.OFF),
    (Switch.ON, None, True, 5_000, State.WAITING),
    (Switch.CLICK, None, False, 0, State.WAITING),
    (Switch.PAUSED, None, False, 5_000, State.PAUSED),
    (Switch.ON, None, False, 3_000, State.NEXT),
    (Switch.ON, None, False, 3_001, State.USED_UP),
])  # fmt: skip
def test_it_is_in_one_of_six_states(
    switch: Switch | None, reason: OffReason | None, waits: bool, month: int, state: State
) -> None:
    assert state_of(switch, reason, is_waiting=waits, month_cents=month, terms=TERMS) is state


def test_a_card_of_india_is_never_charged_by_itself() -> None:
    assert [rules.may_charge_unattended(country) for country in ("IN", "in", "US", "")] == [False, False, True, True]


def test_a_card_expires_soon_in_its_last_two_months() -> None:
    november = 1_795_000_000 * clock.SECOND  # of 2026
    assert [rules.expires_soon(2026, month, november) for month in (9, 11, 12)] == [True] * 3
    assert not rules.expires_soon(2027, 1, november)


def test_what_no_rail_knew_for_25_hours_is_forgotten() -> None:
    assert [is_forgotten(seconds) for seconds in (None, 0, 89_999, 90_000)] == [False, False, False, True]


def test_a_fee_is_paid_beside_counts_for_the_cap_and_is_agreed_to() -> None:
    terms = replace(TERMS, fee_cents=60)
    assert terms.paid_cents == 2_060
    words = rules.consent_text("Café Bot Ltd", terms, Unit.USDC)
    assert "payments of $20.60 ($20.00 for my wallet and a fee of $0.60), whenever" in words
    assert terms.raises(TERMS) and not TERMS.raises(terms)
    facts = replace(FACTS, month_cents=TERMS.cap_cents - 2_059)
    assert decide(Switch.ON, None, terms, facts) is Answer.USED_UP
    assert decide(Switch.ON, None, terms, replace(facts, month_cents=TERMS.cap_cents - 2_060)) is Answer.CHARGE
    shown = state_of(Switch.ON, None, is_waiting=False, month_cents=facts.month_cents, terms=terms)
    assert shown is State.USED_UP
    with pytest.raises(BadField, match=r"at least one charge, \$20\.60"):
        rules.check_terms(replace(terms, cap_cents=2_059), Unit.USDC)


def test_keeping_a_card_lets_nothing_be_charged() -> None:
    words = rules.keeping_text("Café Bot Ltd")
    for part in (
        "Café Bot Ltd",
        "when I press a button to pay",
        "when I switch on auto top-up",
        "remove it at any time",
    ):
        assert part in words

"""Whatever may be chosen is written as it is typed, within bounds that are those of the environment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import db
from app.domain.errors import BadField, NotFound
from app.domain.instance import choices
from app.domain.instance.choices import CHOICES, Form
from app.settings import Settings

NUMBERS = [choice for choice in CHOICES.values() if choice.form not in (Form.WORDS, Form.PACKS)]


@given(st.data())
def test_a_number_is_typed_as_it_is_written(data: st.DataObject) -> None:
    choice = data.draw(st.sampled_from(NUMBERS))
    value = data.draw(st.integers(choice.least, choice.most))
    assert choices.parse(choice, choices.write(choice, value)) == value


@pytest.mark.parametrize("name", CHOICES)
def test_the_environment_has_the_same_setting_within_the_same_bounds(name: str) -> None:
    choice, field = CHOICES[name], Settings.model_fields[name]
    if choice.form in (Form.WORDS, Form.PACKS):
        assert field.annotation is str
        return
    (least,), (most,) = (
        [getattr(part, side) for part in field.metadata if hasattr(part, side)] for side in ("ge", "le")
    )
    assert (choice.least, choice.most) == (least, most) and choice.least <= field.default <= choice.most


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("fee_basis_points", "50.01"), ("fee_basis_points", "-1"), ("fee_basis_points", "1.005"),
        ("fee_basis_points", ""), ("fee_basis_points", "one"), ("fee_basis_points", "NaN"),
        ("fee_basis_points", "Infinity"), ("fee_basis_points", "1e999999999"), ("trial_credits", "1.5"),
        ("topup_cents_least", "0.99"), ("payout_units_least", "1.999999"), ("legal_name", "x" * 81),
        ("legal_name", "two\nlines"), ("credit_packs", "10, 3"), ("credit_packs", ""), ("credit_packs", "3, 3"),
        ("credit_packs", "0, 3"), ("credit_packs", "3, 10001"), ("credit_packs", "1,2,3,4,5,6,7"),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused_with_them(name: str, typed: str) -> None:
    choice = CHOICES[name]
    with pytest.raises(BadField, match=f"^{choice.title} is ") as raised:
        choices.parse(choice, typed)
    assert raised.value.message == choices.bounds(choice)


def test_amounts_are_said_with_their_unit() -> None:
    said = {
        name: choices.say(CHOICES[name], value)
        for name, value in (("fee_basis_points", 150), ("topup_fee_cents", 30), ("payout_units_max", 500_000_000),
                            ("topup_cents_most", 1_000_000), ("payout_day_units_max", 1_234_500_000),
                            ("trial_credits", 20), ("earnings_pending_days", 30), ("legal_name", ""),
                            ("credit_packs", "3, 10"), ("minimum_credits", 1))
    }  # fmt: skip
    assert list(said.values()) == [
        "1.5 %", "$0.30", "500.00 USDC", "$10,000.00", "1,234.50 USDC", "20 credits", "30 days", "none",
        "$3 · $10", "1 credit",
    ]  # fmt: skip
    assert choices.write(CHOICES["topup_cents_most"], 1_000_000) == "10000.00"
    assert choices.parse(CHOICES["topup_cents_least"], " $5 ") == 500
    assert choices.parse(CHOICES["fee_basis_points"], "1.5 %") == 150
    assert choices.parse(CHOICES["credit_packs"], " $5,20 , $40") == "5, 20, 40"


def test_what_bounds_another_may_not_pass_it() -> None:
    usual = {name: Settings.model_fields[name].default for name in CHOICES}
    choices.check_order(usual)
    for least, most in choices.ORDERED:
        with pytest.raises(BadField, match="would be more than"):
            choices.check_order({**usual, least: usual[most] + 1})


def test_what_is_kept_is_read_until_it_is_left_to_the_environment(database: str) -> None:
    with db.transaction() as session:
        choices.keep(session, "fee_basis_points", 150, "acc_1")
        choices.keep(session, "fee_basis_points", 200, "acc_2")
        choices.keep(session, "legal_name", "Coin GmbH", "acc_1")
    with db.transaction(writes=False) as session:
        found = [(one.name, one.value, one.changed_by) for one in choices.read_chosen(session)]
    assert found == [("fee_basis_points", 200, "acc_2"), ("legal_name", "Coin GmbH", "acc_1")]
    with db.transaction() as session:
        choices.keep(session, "fee_basis_points", None, "acc_1")
        choices.keep(session, "was_once_a_setting", 1, "acc_1")
    with db.transaction(writes=False) as session:
        assert [one.name for one in choices.read_chosen(session)] == ["legal_name"]
    with pytest.raises(NotFound):
        choices.find("secret_key")

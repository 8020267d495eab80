"""A receipt explains its charge to the last digit."""

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import NANOS, Unit, format_decimal
from app.domain.pricing.quote import Price, Tokens, charge_nanos
from app.domain.pricing.receipts import ReceiptLine, explain, markup_percent, token_lines
from tests.support.pricing import PRICES, tokens


@pytest.mark.unhurried
@given(PRICES, tokens())
def test_each_line_multiplies_exactly(price: Price, used: Tokens) -> None:
    lines = {line["kind"]: ReceiptLine(**line) for line in token_lines(price, used)}
    for kind, count in used.by_kind():
        line = lines.pop(kind.value)
        assert (line.tokens, Fraction(line.price_per_million)) == (
            count,
            Fraction(price.at(used.prompt).rates[kind], NANOS),
        )
        assert Fraction(line.amount) == count * Fraction(line.price_per_million) / 10**6
    fee = lines.pop("request", None)
    assert Fraction(fee.amount if fee else 0) * NANOS == price.request_nanos
    assert not lines


@pytest.mark.unhurried
@given(PRICES, tokens(), st.sampled_from(Unit))
def test_lines_with_markup_rounded_once_are_the_charge(price: Price, used: Tokens, unit: Unit) -> None:
    price = replace(price, unit=unit)
    total = sum((Fraction(line["amount"]) for line in token_lines(price, used)), Fraction(0)) * NANOS
    total *= 1 + Fraction(markup_percent(price)) / 100
    if unit is Unit.CREDIT:
        expected = math.ceil(max(total, Fraction(price.minimum_nanos)) / NANOS) * NANOS
    else:
        expected = max(math.floor(total + Fraction(1, 2)), price.minimum_nanos)
    assert charge_nanos(price, used) == expected


@pytest.mark.parametrize(("basis_points", "percent"), [(0, "0"), (1, "0.01"), (1_250, "12.5"), (1_000_000, "10000")])
def test_a_markup_is_written_in_per_cent(basis_points: int, percent: str) -> None:
    assert markup_percent(Price("prc_1", "m", 1, Unit.USD, 1, 1, 1, markup_basis_points=basis_points)) == percent


def row(**changed: Any) -> dict[str, Any]:
    return {
        "id": "req_1", "client_request_id": None, "kind": "chat", "status": "settled", "created_at": 0, "model": "m",
        "provider": "demo", "billing_source": "platform", "streamed": 1, "price_version": 2, "unit": "USD",
        "charge_nanos": 3, "hold_nanos": 10, "receipt": None, "late": None, "provider_cost_nanos": None,
        "user_from": "body", "paywall_version": None, "key_id": None, "session": None, "agent": None, "order_id": None,
        "mode": None,
        **changed,
    }  # fmt: skip


def test_a_settled_request_gives_back_what_it_did_not_use() -> None:
    price = Price("prc_1", "m", 2, Unit.USD, NANOS, NANOS, NANOS)
    lines = token_lines(price, Tokens(3, 0))
    receipt = explain(row(receipt={"lines": lines, "estimated": True, "split": {"developer": "1"}}), "ada")
    assert (receipt.charge, receipt.hold, receipt.released) == ("0.000000003", "0.00000001", "0.000000007")
    assert (receipt.user, receipt.streamed, receipt.estimated, receipt.lines[0].tokens) == ("ada", True, True, 3)


def test_a_running_request_has_given_nothing_back_yet() -> None:
    line = {"kind": "output", "tokens": 3, "price_per_million": "1", "amount": "0.000003"}
    receipt = explain(row(status="running", charge_nanos=0, receipt={"lines": [line], "estimated": True}), "ada")
    assert (receipt.released, receipt.charge, receipt.lines, receipt.estimated) == ("0", "0", [], False)


def test_a_request_that_was_not_charged_gives_all_back() -> None:
    receipt = explain(row(status="released", charge_nanos=0), "ada")
    assert receipt.released == format_decimal(10)
    assert (receipt.charge, receipt.status) == ("0", "released")


def test_an_interrupted_request_was_charged_by_its_last_checkpoint_without_lines() -> None:
    stored = {"estimated": True, "split": {"developer": "0.000000003"}}
    receipt = explain(row(status="interrupted", receipt=stored), "ada")
    assert (receipt.status, receipt.charge, receipt.released) == ("interrupted", "0.000000003", "0.000000007")
    assert (receipt.estimated, receipt.lines, receipt.split) == (True, [], {"developer": "0.000000003"})


@pytest.mark.parametrize("disconnect", [None, "cancel", "drain", "free"])
def test_what_is_stored_is_told_as_it_was(disconnect: str | None) -> None:
    stored = {"disconnect": disconnect, "minimum": "0.5", "markup_percent": "12.5"}
    receipt = explain(row(receipt=stored, streamed=0, unit="CREDIT", created_at=1_000), "bob")
    assert (receipt.disconnect, receipt.minimum, receipt.markup_percent) == (disconnect, "0.5", "12.5")
    assert (receipt.streamed, receipt.estimated, receipt.unit, receipt.user) == (False, False, "CREDIT", "bob")
    assert (receipt.created_at, receipt.price_version) == ("1970-01-01T00:00:00.001Z", 2)


def test_what_nobody_paid_what_the_provider_said_and_what_came_late_are_told_too() -> None:
    stored, late = {"shortfall": "0.5", "tier_from_tokens": 9}, {"estimated": False}
    told = explain(row(receipt=stored, late=late, provider_cost_nanos=5), "ada")
    assert (told.shortfall, told.provider_cost, told.late, told.tier_from_tokens) == ("0.5", "0.000000005", late, 9)
    plain = explain(row(provider_cost_nanos=0), "ada")
    assert (plain.shortfall, plain.provider_cost, plain.late, plain.tier_from_tokens) == ("0", "0", None, None)


def test_a_charge_above_its_hold_gives_nothing_back() -> None:
    assert explain(row(charge_nanos=11), "ada").released == "0"

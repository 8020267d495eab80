"""A receipt explains its charge to the last digit."""

from dataclasses import asdict
from fractions import Fraction
from typing import Any

from hypothesis import given

from app.domain.money import NANOS, Unit, format_decimal
from app.domain.pricing.quote import Price, Tokens, charge_nanos
from app.domain.pricing.receipts import explain, markup_percent, token_lines
from tests.domain.pricing.test_quote import PRICES, tokens


@given(PRICES, tokens())
def test_lines_and_markup_work_out_to_the_charge(price: Price, used: Tokens) -> None:
    lines = token_lines(price, used)
    for line in lines:
        if line.kind != "request":
            assert Fraction(line.amount) == line.tokens * Fraction(line.price_per_million) / 10**6
    total = sum((Fraction(line.amount) for line in lines), Fraction(0)) * (1 + Fraction(markup_percent(price)) / 100)
    rounded = int(total * NANOS + Fraction(1, 2))
    assert max(rounded, price.minimum_nanos) == charge_nanos(price, used)


def row(**changed: Any) -> dict[str, Any]:
    return {
        "id": "req_1", "client_request_id": None, "kind": "chat", "status": "settled", "created_at": 0, "model": "m",
        "provider": "demo", "billing_source": "platform", "streamed": 1, "price_version": 2, "unit": "USD",
        "charge_nanos": 3, "hold_nanos": 10, "receipt": None, **changed,
    }  # fmt: skip


def test_a_settled_request_gives_back_what_it_did_not_use() -> None:
    price = Price("prc_1", "m", 2, Unit.USD, NANOS, NANOS, NANOS)
    lines = [asdict(line) for line in token_lines(price, Tokens(3, 0))]
    receipt = explain(row(receipt={"lines": lines, "estimated": True, "split": {"developer": "1"}}), "ada")
    assert (receipt.charge, receipt.hold, receipt.released) == ("0.000000003", "0.00000001", "0.000000007")
    assert (receipt.user, receipt.streamed, receipt.estimated, receipt.lines[0].tokens) == ("ada", True, True, 3)


def test_a_running_request_has_given_nothing_back_yet() -> None:
    receipt = explain(row(status="running", charge_nanos=0), "ada")
    assert (receipt.released, receipt.charge, receipt.lines) == ("0", "0", [])


def test_a_request_that_was_not_charged_gives_all_back() -> None:
    receipt = explain(row(status="released", charge_nanos=0), "ada")
    assert receipt.released == format_decimal(10)

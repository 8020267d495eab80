"""What the statement says of a charge adds up to it."""

from dataclasses import replace

import pytest

from app.domain.money import NANOS, Unit
from app.domain.paywalls.configuration import Disconnect
from app.domain.pricing.receipts import Receipt, ReceiptLeg, ReceiptLine
from app.domain.usage.activity import Movement
from app.web.components.activity_rows import to_row

RECEIPT = Receipt(
    "req_1", None, "chat", "settled", "2026-11-21T00:00:00.000Z", "ada", "m", "demo", "platform", True, False, None, 1,
    "USD", [ReceiptLine("input", 10, "1", "0.00001"), ReceiptLine("reasoning", 5, "2", "0.00001")], "0", "0", "0.00002",
    "0.001", "0.00098", None,
)  # fmt: skip


def row(receipt: Receipt):  # type: ignore[no-untyped-def]
    return to_row(Movement("req_1", "1", "charge", -NANOS, 0, "m", 15, receipt), Unit.USD)


def test_every_kind_has_a_word_of_its_own() -> None:
    assert [line.kind for line in row(RECEIPT).lines] == ["Input", "Reasoning"]
    assert (row(RECEIPT).charge, row(RECEIPT).note) == ("$0.00002", "")


def test_each_line_or_the_head_above_it_names_the_unit() -> None:
    assert (row(RECEIPT).price_head, row(RECEIPT).amount_head) == ("Per million", "Amount")
    found = row(replace(RECEIPT, unit="USDC"))
    assert (found.price_head, found.amount_head) == ("USDC per million", "USDC")
    assert (found.lines[0].price, found.lines[0].amount, found.charge) == ("1.00", "0.00001", "0.00002 USDC")


def test_what_came_late_is_a_line_that_says_what_it_added() -> None:
    late = {"lines": [{"kind": "output", "tokens": 1_500}, {"kind": "request", "tokens": 1}],
            "split": {"provider": "0", "platform": "0", "developer": "0.5"}}  # fmt: skip
    found = row(replace(RECEIPT, late=late, charge="0.50002"))
    assert (found.lines[-1].kind, found.lines[-1].tokens, found.lines[-1].amount) == ("In the end", "1,500", "+$0.50")
    assert "ended later" in found.note


@pytest.mark.parametrize(
    ("disconnect", "word"),
    [(Disconnect.CANCEL, "delivered"), (Disconnect.DRAIN, "finished"), (Disconnect.FREE, "not charged")],
)
def test_who_left_early_reads_what_that_cost(disconnect: Disconnect, word: str) -> None:
    note = row(replace(RECEIPT, disconnect=disconnect)).note
    assert word in note and "app" not in note, "somebody's own chat and programs stop answers too"


def test_each_of_several_models_is_a_line_and_says_when_it_did_not_answer() -> None:
    line = ReceiptLine("output", 200, "6", "0.0012")
    told = [(0, "a", "answered", None, 200, "0.0012", [line]), (1, "b", "failed", "provider_error", None, "0", [])]
    legs = [ReceiptLeg(n, model, "demo", "platform", status, why, False, 1, tokens, "0", amount, amount, lines)
            for n, model, status, why, tokens, amount, lines in told]  # fmt: skip
    found = row(replace(RECEIPT, lines=[], legs=legs, mode="compare"))
    assert found.price_head == "", "each model has prices of its own, so that the column says nothing"
    assert [(one.kind, one.tokens, one.amount) for one in found.lines] == [
        ("a", "200", "$0.0012"),
        ("b, failed", "", "$0.00"),
    ]

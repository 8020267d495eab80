"""What one request adds: by the ledger's lines and its receipt, and when."""

import json
from dataclasses import replace

import pytest

from app.domain.money import Unit
from app.domain.paywalls.modes import Mode
from app.domain.rollups.parts import Line, Part, Row, parts_of
from app.domain.rollups.sums import NOTHING, Sums
from app.domain.usage.tables import RequestKind

LINES = [
    {"kind": "input", "tokens": 70, "price_per_million": "1", "amount": "0.00007"},
    {"kind": "cache_write", "tokens": 5, "price_per_million": "1", "amount": "0.000005"},
    {"kind": "cached_input", "tokens": 30, "price_per_million": "0.1", "amount": "0.000003"},
    {"kind": "output", "tokens": 9, "price_per_million": "2", "amount": "0.000018"},
    {"kind": "reasoning", "tokens": 2, "price_per_million": "2", "amount": "0.000004"},
    {"kind": "image", "tokens": 1, "price_per_million": "0", "amount": "0"},
    {"kind": "request", "tokens": 1, "price_per_million": "0", "amount": "0.0000000005"},
]
RECEIPT = json.dumps({"lines": LINES, "markup_percent": "10"})
ROW = Row(
    id="req_1", paywall_id="pw", mode=Mode.DEFAULT, unit=Unit.USD, kind=RequestKind.CHAT, external_id="ada", model="m",
    key_id="", source="platform", provider="mine", source_of_price="developer", charge_nanos=100, reported_nanos=None,
    receipt=RECEIPT, late=None, given_back=None, finished_at=7, counted_nanos=None, is_late_counted=False,
)  # fmt: skip
TOKENS = (75, 30, 9, 2)


def line(credit: str, nanos: int, debit: str = "wallet", at: int = 5) -> Line:
    return Line(debit, credit, nanos, at)


def only(row: Row, *lines: Line) -> Sums:
    (part,) = parts_of(row, lines, ())
    return part.sums


def test_tokens_stand_in_one_column_each_and_images_in_none() -> None:
    assert only(ROW, line("revenue", 100))[8:12] == TOKENS


@pytest.mark.parametrize(
    ("row", "cost"),
    [
        (replace(ROW, reported_nanos=33), 33),
        (replace(ROW, reported_nanos=33, unit=Unit.CREDIT), 3_300),
        (replace(ROW, source_of_price="catalogue"), 100_001),
        (replace(ROW, source_of_price="catalogue", reported_nanos=0), 0),
        (replace(ROW, receipt=json.dumps({"lines": LINES, "cost": "0.000001"})), 1_000),
        (replace(ROW, receipt=json.dumps({"failure": "empty_answer"})), 0),
        (replace(ROW, receipt=None), 0),
        (ROW, None),
    ],
)
def test_a_developers_own_key_costs_what_the_provider_says_else_its_list_price_else_nobody_knows(
    row: Row, cost: int | None
) -> None:
    sums = only(row, line("revenue", 100))
    assert (sums.gross_nanos, sums.cost_nanos, sums.unknown_net_nanos) == (100, cost or 0, 100 if cost is None else 0)


def test_with_the_operators_key_the_ledger_has_the_cost() -> None:
    row = replace(ROW, mode=Mode.SHARED, unit=Unit.USDC, provider="built-in", reported_nanos=1)
    lines = (line("provider_payable", 60), line("platform_fees", 1), line("earnings_pending", 39),
             line("provider_payable", 7, debit="shortfall"))  # fmt: skip
    assert only(row, *lines)[:8] == (1, 100, 0, 0, 67, 1, 0, 0)


def test_trial_money_that_goes_back_is_apart() -> None:
    row = replace(ROW, mode=Mode.SHARED, unit=Unit.USDC, provider="built-in")
    sums = only(row, line("provider_payable", 60, "promo"), line("grants", 40, "promo"))
    assert (sums.gross_nanos, sums.trial_nanos, sums.cost_nanos, sums.margin_nanos) == (60, 40, 60, 0)


def test_a_manual_charge_costs_nothing_and_its_details_are_not_read() -> None:
    row = replace(ROW, kind=RequestKind.MANUAL, receipt="no JSON", provider=None)
    assert only(row, line("revenue", 100)) == Sums(1, 100)


def test_a_refund_is_no_request_and_gives_back_the_fee() -> None:
    row = replace(ROW, kind=RequestKind.REFUND, provider="built-in", mode=Mode.SHARED, unit=Unit.USDC)
    sums = only(row, line("wallet", 2, "platform_fees"), line("wallet", 98, "earnings_pending"))
    assert sums == Sums(refunds_nanos=100, fee_nanos=-2)


def test_a_refund_of_what_has_an_unknown_cost_is_part_of_that() -> None:
    row = replace(ROW, kind=RequestKind.REFUND)
    sums = only(row, line("wallet", 40, "revenue"))
    assert (sums.refunds_nanos, sums.unknown_net_nanos, sums.margin_nanos) == (40, -40, None)


def test_what_was_posted_is_dated_by_the_posting_and_what_was_not_by_its_end() -> None:
    assert [part.at for part in parts_of(ROW, (line("revenue", 100, at=5),), ())] == [5]
    assert [part.at for part in parts_of(replace(ROW, receipt=None), (), ())] == [7]


def test_a_late_settlement_adds_the_difference() -> None:
    late = json.dumps({"lines": [{**LINES[0], "tokens": 100}, {**LINES[3], "tokens": 29}]})
    row = replace(ROW, late=late, counted_nanos=40, reported_nanos=90)
    first, second = parts_of(row, (line("revenue", 40),), (line("revenue", 60, at=900),))
    assert first == Part(5, {("m", "platform"): Sums(1, 40, 0, 0, 0, 0, 40, 0, *TOKENS)}, is_counted=True)
    # Only now the provider says what all of it cost, so that the first part's is known too.
    assert second == Part(900, {("m", "platform"): Sums(0, 60, 0, 0, 90, 0, -40, 0, 25, -30, 20, -2)}, is_counted=False)


def test_a_late_settlement_without_a_posting_is_dated_by_the_end() -> None:
    row = replace(ROW, late=json.dumps({"lines": []}), is_late_counted=True)
    assert [(part.at, part.is_counted) for part in parts_of(row, (line("revenue", 40),), ())] == [(5, False), (7, True)]


def leg(model: str, charge: str, cost: str = "0", tokens: int = 10, **more: object) -> dict[str, object]:
    lines = [{"kind": "output", "tokens": tokens, "price_per_million": "1", "amount": "0"}] if tokens else []
    return {"leg": 0, "model": model, "billing_source": "platform", "status": "answered" if tokens else "skipped",
            "charge": charge, "cost": cost, "tokens": tokens or None, "lines": lines, **more}  # fmt: skip


LEGS = [leg("a", "0.000000050", "0.000000030"), leg("b", "0.000000030", "0.000000010"),
        leg("a", "0.000000020", "0.000000005"), leg("own", "0", tokens=7, billing_source="byok"),
        leg("c", "0", tokens=0)]  # fmt: skip
COMPARED = replace(ROW, model="compare", receipt=json.dumps({"legs": LEGS}), mode=Mode.SHARED, unit=Unit.USDC,
                   provider="built-in")  # fmt: skip


def test_what_asked_several_models_is_shared_among_them_as_it_was_charged() -> None:
    (part,) = parts_of(
        COMPARED, (line("provider_payable", 45), line("platform_fees", 1), line("earnings_pending", 54)), ()
    )
    assert part.told == {
        ("a", "platform"): Sums(1, 70, cost_nanos=35, fee_nanos=1, output_tokens=20),
        ("b", "platform"): Sums(0, 30, cost_nanos=10, output_tokens=10, also_asked=1),
        ("own", "byok"): Sums(output_tokens=7, also_asked=1),
        ("c", "platform"): NOTHING,
    }
    assert part.sums == Sums(1, 100, cost_nanos=45, fee_nanos=1, output_tokens=37, also_asked=2)


def test_a_late_settlement_adds_to_each_leg_what_it_changed_there() -> None:
    first = [leg("a", "0.000000010"), leg("b", "0", tokens=0)]
    late = [leg("a", "0.000000006"), leg("b", "0.000000014")]
    row = replace(COMPARED, receipt=json.dumps({"legs": first}), late=json.dumps({"legs": late}), provider="mine")
    _, second = parts_of(row, (line("earnings_pending", 10),), (line("earnings_pending", 10, at=900),))
    assert {place: sums.gross_nanos for place, sums in second.told.items()} == {
        ("a", "platform"): -4, ("b", "platform"): 14,
    }  # fmt: skip
    assert second.sums == Sums(0, 10, 0, 0, 0, 0, 10, 0, output_tokens=10, also_asked=1)


def test_a_refund_takes_from_each_leg_what_its_own_receipt_says() -> None:
    given_back = json.dumps({"given_back": [{**leg("b", "0.000000007")}, leg("a", "0.000000003")]})
    row = replace(COMPARED, kind=RequestKind.REFUND, given_back=given_back)
    (part,) = parts_of(row, (line("wallet", 1, "platform_fees"), line("wallet", 9, "earnings_pending")), ())
    assert part.told == {
        ("b", "platform"): Sums(refunds_nanos=7, fee_nanos=-1), ("a", "platform"): Sums(refunds_nanos=3),
    }  # fmt: skip


def test_what_a_users_own_key_paid_is_no_cost_of_the_developers() -> None:
    assert only(replace(ROW, source="byok", reported_nanos=33)).cost_nanos == 0
    answered = [
        leg("a", "0", tokens=5, billing_source="byok", provider_cost="0.5"),
        leg("b", "0.0000001", "0.00000004"),
    ]
    row = replace(ROW, receipt=json.dumps({"legs": answered}), source_of_price="catalogue", reported_nanos=500)
    (part,) = parts_of(row, (line("revenue", 100),), ())
    assert {place: sums.cost_nanos for place, sums in part.told.items()} == {("a", "byok"): 0, ("b", "platform"): 40}
    said = [
        leg("a", "0.0000001", "0.00000004", provider_cost="0.000000010"),
        leg("b", "0", provider_cost="0.000000020"),
    ]
    (part,) = parts_of(replace(row, receipt=json.dumps({"legs": said})), (line("revenue", 100),), ())
    assert [sums.cost_nanos for sums in part.told.values()] == [10, 20]

"""Every charge has one request and one receipt whose arithmetic gives the charge; each way to break it is found."""

from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.domain import rows
from app.domain.errors import LedgerRefused
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Applied, Charge, Hold, Operation, Release, Settle
from app.domain.money import NANOS, Environment, Unit
from app.domain.pricing.quote import Price, Tokens, charge_nanos
from app.domain.usage import audit, requests
from app.domain.usage.requests import Asked, Metered
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet
from app.sql.columns import Json
from tests.domain.ledger.money import deposit, do, execute, to_revenue

PRICE = Price("prc_1", "m", 3, Unit.USD, 2_500_000_001, 1_250_000_003, 10_000_000_007, 1_111, 5, 1_250)
TOKENS = Tokens(prompt=1_234, output=567, cached=89)
WALLET = app_wallet("pw", "ada", Environment.SANDBOX, Unit.USD)


def asked(request_id: str, price: Price | None = PRICE, kind: RequestKind = RequestKind.CHAT) -> Asked:
    return Asked(request_id, None, WALLET, kind, "m", "demo", True, Unit.USD, price)


def run(operation: Operation, beside: Any) -> Applied:
    with db.transaction() as session:
        applied = apply_one(session, operation)
        rows.write(session, [beside(applied)])
        return applied


def begin(request_id: str, most: int = NANOS) -> Applied:
    hold = Hold(requests.hold_id(request_id), WALLET.account, most, 1, most, "process", request_id)
    return run(hold, lambda held: requests.begin(asked(request_id), held))


def finish(request_id: str, tokens: Tokens = TOKENS) -> None:
    settle = Settle(requests.hold_id(request_id), charge_nanos(PRICE, tokens), to_revenue(WALLET.account))
    run(settle, lambda settled: requests.finish(asked(request_id), Metered(tokens), settled))


@pytest.fixture
def books(database: str) -> None:
    """One request of each end: charged, charged above its hold, released, interrupted, manual, and one that runs."""
    do(deposit("d:1", 100 * NANOS, WALLET.account))
    begin("req_paid")
    finish("req_paid")
    begin("req_short", most=10_000)
    finish("req_short")
    begin("req_free")
    run(Release("hold:req_free"), lambda _released: requests.let_go("req_free"))
    begin("req_lost")
    expire = Settle("hold:req_lost", 777, to_revenue(WALLET.account), expires=True)
    run(expire, lambda charged: requests.interrupt("req_lost", None, charged))
    manual = Charge("chg:1", WALLET.account, 5_000, to_revenue(WALLET.account), "req_manual")
    row = asked("req_manual", None, RequestKind.MANUAL)
    run(manual, lambda charged: requests.record_manual(row, charged, {"n": 1}))
    begin("req_runs")
    assert found() == []


def found() -> list[tuple[str, str]]:
    with db.transaction(writes=False) as session:
        findings = audit.check_all(session, lambda _name, _share: None)
        return sorted((finding.check, finding.row) for finding in findings)


def change_receipt(request_id: str, **changes: Any) -> None:
    receipt = text("SELECT receipt FROM request WHERE id = :id").columns(receipt=Json)
    with db.transaction() as session:
        value = {**session.execute(receipt, {"id": request_id}).scalar_one(), **changes}
        written = Json().process_bind_param(value, db.engine().dialect)
        session.execute(text("UPDATE request SET receipt = :r WHERE id = :id"), {"r": written, "id": request_id})


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE request SET charge_nanos = charge_nanos + 1 WHERE id = 'req_paid'", ["request", "receipt"]),
        ("UPDATE request SET receipt = NULL WHERE id = 'req_paid'", ["receipt"]),
        ("UPDATE request SET charge_nanos = 1 WHERE id = 'req_free'", ["request", "receipt"]),
        ("UPDATE request SET status = 'running' WHERE id = 'req_free'", ["request"]),
        ("UPDATE request SET status = 'released' WHERE id = 'req_runs'", ["request"]),
        ("UPDATE request SET charge_nanos = 0 WHERE id = 'req_lost'", ["request", "receipt"]),
    ],
)
def test_a_changed_request_is_found(books: None, statement: str, expected: list[str]) -> None:
    execute(statement)
    row = statement.split("'")[-2]
    assert sorted({check for check, _ in found()}) == sorted(expected)
    assert {name for _, name in found()} == {row}


@pytest.mark.parametrize(
    ("request_id", "changes"),
    [
        ("req_paid", {"markup_percent": "12.4"}),
        ("req_paid", {"minimum": "1000"}),
        ("req_paid", {"lines": []}),
        ("req_paid", {"split": {"developer": "0.000000001"}}),
        ("req_short", {"shortfall": "0"}),
        ("req_manual", {"split": {}}),
    ],
)
def test_a_receipt_that_does_not_add_up_is_found(books: None, request_id: str, changes: dict[str, Any]) -> None:
    change_receipt(request_id, **changes)
    assert set(found()) == {("receipt", request_id)}


def test_a_line_that_does_not_multiply_is_found(books: None) -> None:
    """Two lines that err by the same amount in opposite directions still give the charge."""
    change_receipt("req_paid", lines=[
        {"kind": "input", "tokens": 1_000_000, "price_per_million": "1", "amount": "0.000000001"},
    ], markup_percent="0", minimum="0", split={"developer": "0.000000001"})  # fmt: skip
    assert ("receipt", "req_paid") in found()


def test_a_charge_without_its_request_is_found(books: None) -> None:
    execute("DELETE FROM request WHERE id = 'req_paid'")
    assert found() == [("request", "hold:req_paid")]


def test_a_charge_for_nobody_is_found(books: None) -> None:
    do(Charge("chg:2", WALLET.account, 5, to_revenue(WALLET.account)))
    assert found() == [("request", "chg:2")]


def test_one_request_is_not_charged_twice_unseen(books: None) -> None:
    do(Charge("chg:2", WALLET.account, 5, to_revenue(WALLET.account), "req_paid"))
    assert found() == [("request", "req_paid")]


@pytest.mark.parametrize("tokens", [Tokens(0, 1), Tokens(1, 1, 1), Tokens(3, 7, 2), Tokens(10**6, 10**6, 10**5)])
def test_whatever_the_quote_rounds_the_audit_rounds_the_same(books: None, tokens: Tokens) -> None:
    begin("req_x", most=50 * NANOS)
    try:
        finish("req_x", tokens)
    except LedgerRefused as refusal:
        raise AssertionError(refusal.message) from refusal
    assert found() == []


@pytest.mark.parametrize(
    ("wanted", "minimum", "charged"),
    [("0.4", "0", 1), ("1", "0", 1), ("1.000000001", "0", 2), ("0.4", "0.5", 1), ("0.4", "1.5", 2)],
)
def test_whole_credits_are_rounded_up(wanted: str, minimum: str, charged: int) -> None:
    line = {"kind": "input", "tokens": 0, "price_per_million": "0", "amount": wanted}
    receipt = {"lines": [line], "markup_percent": "0", "minimum": minimum, "split": {"developer": str(charged)}}
    assert list(audit._mistakes(receipt, charged * NANOS, Unit.CREDIT)) == []
    assert len(list(audit._mistakes(receipt, (charged + 1) * NANOS, Unit.CREDIT))) == 2

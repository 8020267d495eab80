"""The audit: the ledger's promises and the receipts' in one, with its progress."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

from collections.abc import Iterator
from typing import Any

import pytest

from app import db
from app.domain.ledger.invariants import Finding
from app.domain.ledger.operations import Charge
from app.domain.money import NANOS
from app.flows.upkeep.audit import FIRST_MAX, NOTHING, audit, audit_since, read_newest, run_audit
from tests.domain.ledger.money import REVENUE, WALLET, deposit, do, execute, to_revenue
from tests.support.books import give, make_snapshot

pytestmark = pytest.mark.usefixtures("database")


def test_empty_books_balance() -> None:
    with db.transaction(writes=False) as session:
        assert list(audit(session)) == []


def test_both_kinds_of_promise_are_checked_and_reported_as_they_go() -> None:
    do(deposit("d:1", 100))
    do(Charge("chg:1", WALLET, 5, to_revenue()))
    execute(f"UPDATE ledger_account SET posted = 1 WHERE id = '{REVENUE.id}'")
    said: dict[str, list[float]] = {}
    with db.transaction(writes=False) as session:
        findings = list(audit(session, lambda check, share: said.setdefault(check, []).append(share)))
    assert [(finding.check, finding.row) for finding in findings] == [
        ("zero_sum", "sandbox:USD"), ("balance", REVENUE.id), ("request", "chg:1"),
    ]  # fmt: skip
    assert findings[1].message == f"{REVENUE.id} has 6 nanos and its transfers come to 5."
    assert {"sums", "balances", "transfers", "requests", "receipts"} <= set(said)
    assert all(shares[0] == 0 and shares[-1] == 1 for shares in said.values())


@pytest.mark.unhurried
async def test_a_run_of_the_job_is_kept_with_what_it_found() -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    with db.transaction(writes=False) as session:
        assert read_newest(session) is None
    assert await run_audit() == 0
    execute("UPDATE ledger_account SET posted = posted + 7 WHERE kind = 'wallet'")
    assert await run_audit() > 0
    with db.transaction(writes=False) as session:
        newest = read_newest(session)
    assert newest is not None and newest.findings == len(newest.first) > 0
    assert any(snapshot.wallet("ada").account.id in sentence for sentence in newest.first)


@pytest.mark.unhurried
async def test_a_run_counts_all_findings_and_keeps_the_first() -> None:
    for number in range(FIRST_MAX + 5):
        do(deposit(f"d:{number}", 100))
        do(Charge(f"chg:{number}", WALLET, 5, to_revenue()))
    assert await run_audit() == FIRST_MAX + 5  # charges without their requests
    with db.transaction(writes=False) as session:
        newest = read_newest(session)
    assert newest is not None and (newest.findings, len(newest.first)) == (FIRST_MAX + 5, FIRST_MAX)


@pytest.mark.unhurried
async def test_a_run_looks_at_what_is_new_and_at_everything_once_something_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = 0

    def count(*asked: Any) -> Iterator[Finding]:
        nonlocal whole
        whole += 1
        return audit(*asked)

    monkeypatch.setattr("app.flows.upkeep.audit.audit", count)
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    assert await run_audit() == 0 and whole == 1
    for _ in range(2):
        await give(snapshot, "bob", NANOS)
        assert await run_audit() == 0 and whole == 1
    # A posting of the newest run's time is looked at again, and all is named once anything is found.
    execute("UPDATE ledger_posting SET inputs_hash = 'other'")
    found = await run_audit()
    assert found == 3 and whole == 2
    assert await run_audit() == 3 and whole == 3


@pytest.mark.unhurried
async def test_a_charge_without_its_request_is_found_as_it_comes() -> None:
    do(deposit("d:1", 100))
    assert await run_audit() == 0
    do(Charge("chg:1", WALLET, 5, to_revenue(), request_id="req_none"))
    assert await run_audit() == 1
    with db.transaction(writes=False) as session:
        newest = read_newest(session)
        assert newest is not None and "chg:1" in newest.first[0]
        assert [finding.row for finding in audit_since(session, NOTHING)] == ["req_none"]

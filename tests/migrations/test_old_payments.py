"""Top-ups and inbox events from before connections: they go on where they stood, and nothing is credited twice."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

import json
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text
from structlog.testing import capture_logs

from app import db, settings
from app.adapters.payments.sandbox import SandboxRail
from app.domain import clock
from app.domain.instance import instance
from app.domain.ledger.accounts import Kind
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import CENT_NANOS, NANOS
from app.flows.payments.received import pay_in_sandbox
from app.ports.payments import PaymentStatus
from tests.domain.ledger.money import WALLET, do, execute, posted
from tests.support.books import assert_books_balance
from tests.support.paying import door_of, event, refunds, topup, world_cents

RAIL = SandboxRail(b"secret", clock.now)
BEFORE = "2026_11_28_0950_request_origin"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old(request: pytest.FixtureRequest, data_dir: Path) -> Any:
    """A database as it was before connections, as this process's own."""
    settings.configure(data=data_dir, database_url=request.getfixturevalue(f"{request.param}_url"))
    with db._migrating() as connection:
        command.upgrade(db._alembic(connection), BEFORE)
    yield
    db.dispose()


def old_id(prefix: str, *values: object) -> str:
    """Returns an id of the sandbox as it was written then."""
    return RAIL._tokens._id_of(prefix, json.dumps(values, separators=(",", ":")).encode())


def payment(name: str, outcome: str = "paid") -> str:
    return old_id("sbp_", f"top_{name}", 5 * NANOS, "USD", outcome)


def checkout(name: str) -> str:
    return old_id("sbc_", f"top_{name}", 5 * NANOS, "USD", "Lexica", "/back")


def quoted(value: str | None) -> str:
    return "NULL" if value is None else f"'{value}'"


def add_topup(name: str, status: str, paid_by: str | None = None) -> None:
    execute(
        "INSERT INTO topup (id, wallet_id, account_id, rail, currency, amount_nanos, status, payment_id, created_at,"
        f" finished_at) VALUES ('top_{name}', '{WALLET.owner}', '{WALLET.id}', 'sandbox', 'USD', {5 * NANOS},"
        f" '{status}', {quoted(paid_by)}, 7, {9 if paid_by else 'NULL'})"
    )


def add_event(name: str, payment_id: str, handled_at: int | None, attempts: int = 0, error: str | None = None) -> None:
    execute(
        "INSERT INTO inbox_event (id, rail, payment_id, received_at, handled_at, attempts, last_error)"
        f" VALUES ('{name}', 'sandbox', '{payment_id}', 5, {handled_at or 'NULL'}, {attempts},"
        f" {quoted(error)})"
    )


def old_story() -> None:
    """Open, declined and paid top-ups; events that are handled, refused, waiting, and failed before."""
    for name in ("open", "waiting", "failing"):
        add_topup(name, "created")
    add_topup("declined", "failed", payment("declined", "failed"))
    add_topup("paid", "paid", payment("paid"))
    transfer = Transfer(WALLET.beside(Kind.WORLD, "sandbox"), WALLET, 5 * NANOS, "topup")
    do(Post("topup:top_paid", (transfer,)))
    add_event(f"sandbox:{payment('paid')}", payment("paid"), 9)
    add_event(f"sandbox:{payment('declined', 'failed')}", payment("declined", "failed"), 9)
    add_event("forged", "sbp_forged", 9, error="The sandbox knows no such payment.")
    add_event(f"sandbox:{payment('waiting')}", payment("waiting"), None)
    add_event(f"sandbox:{payment('failing')}", payment("failing"), None, 40, "away")


def cents() -> int:
    return posted(WALLET) // CENT_NANOS


async def pay(name: str) -> None:
    with capture_logs():
        await pay_in_sandbox(door_of(RAIL), RAIL, checkout(name), PaymentStatus.PAID)


@pytest.mark.unhurried
@pytest.mark.usefixtures("old")
async def test_what_was_open_is_finished_and_what_was_paid_stays_so() -> None:
    old_story()
    db.migrate()
    assert_books_balance()
    assert [topup(f"top_{name}").status for name in ("open", "declined", "paid")] == ["created", "created", "paid"]
    row = topup("top_declined")
    assert (row.payment_id, row.finished_at, row.paid_cents, row.credited_nanos) == (None, None, 500, 5 * NANOS)
    assert (topup("top_paid").payment_id, topup("top_paid").finished_at) == (payment("paid"), 9)
    assert (event("sandbox", "forged").last_error, event("sandbox", "forged").object_id) == (
        "The sandbox knows no such payment.",
        "sbp_forged",
    )
    door = door_of(RAIL)
    with capture_logs():
        assert [await door.finish_inbox() for _ in range(2)] == [2, 0]
    assert (cents(), topup("top_waiting").status, topup("top_failing").status) == (1_500, "paid", "paid")
    for name in ("paid", "waiting", "open", "declined", "open"):
        await pay(name)
    with capture_logs():
        await door.receive("sandbox", "told again", payment("paid"))
    assert (cents(), world_cents("sandbox"), refunds()) == (2_500, 2_500, [])
    assert_books_balance()


@pytest.mark.usefixtures("old")
def test_each_instance_gets_an_id_and_the_sandboxs_connection_even_without_rows() -> None:
    db.migrate()
    db.migrate()
    with db.transaction(writes=False) as session:
        assert len(instance.read_id(session)) == 32
        found = session.execute(text("SELECT id, rail, environment, paywall_id FROM connection")).all()
    assert [tuple(row) for row in found] == [("sandbox", "sandbox", "sandbox", None)]
    assert_books_balance()

"""An app's ledger: all that it moved, page by page, and nothing of anybody else's."""

import pytest

from app import db
from app.adapters.payments.sandbox import SandboxRail
from app.commit_queue import CommitQueue
from app.domain import clock
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import NANOS, Environment
from app.domain.paywalls.modes import Mode
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.limits.spending import SpendLimits
from app.flows.payments.checkout import Wanted, begin_own_topup
from app.flows.payments.received import pay_in_sandbox
from app.flows.wallets.deposit import deposit
from app.flows.wallets.statement import TYPES, Entry, LedgerFilter, Position, read_ledger
from app.ports.payments import PaymentStatus
from tests.support.books import assert_books_balance, make_snapshot, running_queue
from tests.support.crowd import connect, sign_in
from tests.support.handed import begin_topup, charge, mint_topup
from tests.support.paying import door_of

RAIL = SandboxRail(b"secret", clock.now)


def read(app: Snapshot, limit: int = 100, **wanted: object) -> list[Entry]:
    """Reads a ledger page by page."""
    found: list[Entry] = []
    position: Position | None = Position()
    while position is not None:
        with db.transaction(writes=False) as session:
            page = read_ledger(session, app.paywall, LedgerFilter(**wanted), position, limit)  # type: ignore[arg-type]
        assert len(page.entries) <= limit and (len(page.entries) == limit or page.following is None)
        found += page.entries
        position = page.following
    return found


def moved(entries: list[Entry]) -> list[tuple[str, str | None, int]]:
    return [(entry.type, entry.user, entry.amount_nanos) for entry in entries]


async def take(queue: CommitQueue, app: Snapshot, user: str, nanos: int) -> None:
    answer = await charge(queue, Standings(), SpendLimits(), app, user, nanos, {"n": nanos}, None, new_id("req"), None)
    assert answer.success, answer.message


async def pay(url: str) -> None:
    await pay_in_sandbox(door_of(RAIL), RAIL, url.split("/")[3], PaymentStatus.PAID)


@pytest.mark.unhurried
async def test_everything_that_an_app_moved_stands_in_its_ledger_newest_first(database: str) -> None:
    app, other = make_snapshot(), make_snapshot()
    await deposit(app, "ada", 5 * NANOS, {"order": "7"}, None)
    await deposit(other, "ada", 9 * NANOS, None, None)
    await pay(await begin_topup(RAIL, mint_topup(app.paywall_id, "bob"), "3"))
    async with running_queue() as queue:
        await take(queue, app, "ada", 1)
        await take(queue, app, "bob", 2)
        await take(queue, other, "ada", 3)
    gift = app.wallet("ada").account
    with db.transaction() as session:
        transfers = (Transfer(gift.beside(Kind.GRANTS, app.paywall_id), gift.promo, 4, "grant"),)
        apply_one(session, Post("gift:1", transfers))
        back = (Transfer(gift.beside(Kind.REVENUE, app.paywall_id), gift, 1, "refund"),)
        apply_one(session, Post("refund:1", back))
    whole = read(app)
    assert moved(whole) == [
        ("refund", "ada", 1), ("grant", "ada", 4), ("manual_charge", "bob", -2), ("manual_charge", "ada", -1),
        ("topup", "bob", 3 * NANOS), ("deposit", "ada", 5 * NANOS),
    ]  # fmt: skip
    assert whole[-1].details == {"order": "7"} and whole[3].details == {"n": 1}
    assert whole[3].request_id == whole[3].id and whole[-1].request_id is None
    for limit in range(1, 7):
        assert read(app, limit) == whole
    assert moved(read(other)) == [("manual_charge", "ada", -3), ("deposit", "ada", 9 * NANOS)]
    assert_books_balance()


@pytest.mark.unhurried
async def test_filters_leave_out_everything_else(database: str) -> None:
    app = make_snapshot()
    for user in ("ada", "bob"):
        await deposit(app, user, NANOS, None, None)
    await pay(await begin_topup(RAIL, mint_topup(app.paywall_id, "bob"), "3"))
    async with running_queue() as queue:
        await take(queue, app, "ada", 1)
    assert moved(read(app, user="bob")) == [("topup", "bob", 3 * NANOS), ("deposit", "bob", NANOS)]
    assert moved(read(app, user="eve")) == []
    by_type = {kind: len(read(app, type=kind)) for kind in TYPES}
    assert by_type == dict.fromkeys(TYPES, 0) | {"deposit": 2, "topup": 1, "manual_charge": 1}
    at = read(app, type="topup")[0].at
    assert moved(read(app, since=at, until=at + 1)) == [("topup", "bob", 3 * NANOS)]
    assert len(read(app, until=at)) == 2 and len(read(app, since=at + 1)) == 1


async def test_money_that_was_never_paid_stands_in_no_ledger(database: str) -> None:
    app = make_snapshot()
    await begin_topup(RAIL, mint_topup(app.paywall_id, "bob"), "3")
    declined = await begin_topup(RAIL, mint_topup(app.paywall_id, "bob"), "4")
    await pay_in_sandbox(door_of(RAIL), RAIL, declined.split("/")[3], PaymentStatus.DECLINED)
    assert read(app) == []


@pytest.mark.unhurried
async def test_what_is_written_between_two_pages_is_not_shown_twice(database: str) -> None:
    app = make_snapshot()
    for number in range(4):
        await deposit(app, f"u{number}", NANOS, None, None)
    with db.transaction(writes=False) as session:
        first = read_ledger(session, app.paywall, LedgerFilter(), Position(), 2)
    async with running_queue() as queue:
        await take(queue, app, "u0", 1)
    await deposit(app, "u9", NANOS, None, None)
    assert first.following is not None
    with db.transaction(writes=False) as session:
        second = read_ledger(session, app.paywall, LedgerFilter(type="deposit"), first.following, 9)
    assert [entry.user for entry in (*first.entries, *second.entries)] == ["u3", "u2", "u1", "u0"]


@pytest.mark.unhurried
async def test_in_shared_mode_an_app_sees_its_own_charges_and_the_top_ups_that_it_began(database: str) -> None:
    app, other = make_snapshot(mode=Mode.SHARED), make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(app, ada, "u1")
    await connect(other, ada, "someone")
    await pay(await begin_own_topup(RAIL, ada, Environment.SANDBOX, Wanted("7")))
    await pay(await begin_topup(RAIL, mint_topup(app.paywall_id, "u1"), "3", ada))
    await pay(await begin_topup(RAIL, mint_topup(other.paywall_id, "someone"), "4", ada))
    async with running_queue() as queue:
        await take(queue, app, "u1", 1_000)
        await take(queue, other, "someone", 2_000)
    assert moved(read(app)) == [("manual_charge", "u1", -1_000), ("topup", "u1", 3 * NANOS)]
    assert moved(read(other)) == [("manual_charge", "someone", -2_000), ("topup", "someone", 4 * NANOS)]
    assert read(app, user="someone") == []
    assert_books_balance()

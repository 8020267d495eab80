"""A developer reads each of their books: what they earned, gave and took back, and of shared wallets no more."""

import pytest

from app import db
from app.domain import clock
from app.domain.money import CENT_NANOS
from app.domain.paywalls.modes import Mode
from app.flows.callers.snapshot import Snapshot
from app.flows.wallets.books import Book, BookFilter, books_of, read_book
from app.flows.wallets.grant import Gift, grant
from app.flows.wallets.refund import refund_charge
from app.flows.wallets.statement import Entry, Position
from tests.support.books import assert_books_balance, give, make_snapshot
from tests.support.crowd import connect, sign_in, top_up
from tests.support.managing import owner_of
from tests.support.plans import watched
from tests.support.rolled import hands
from tests.support.taking_back import charge, spends


def read(
    app: Snapshot, book: Book, user: str | None = None, *, limit: int = 50, most: int | None = None
) -> list[Entry]:
    """Reads a whole book, page by page."""
    position = Position()
    found: list[Entry] = []
    while True:
        with db.transaction(writes=False) as session:
            page = read_book(session, app.paywall, BookFilter(book, user), position, limit, most)
        found += page.entries
        if page.following is None:
            return found
        position = page.following


def shown(entries: list[Entry]) -> list[tuple[str, str | None, int]]:
    return [(entry.type, entry.user, entry.amount_nanos // CENT_NANOS) for entry in entries]


@pytest.mark.unhurried
async def test_revenue_and_grants_are_books_of_default_mode(database: str) -> None:
    app = make_snapshot()
    owner = owner_of(app.paywall_id)
    await give(app, "ada", 1_000 * CENT_NANOS)
    await grant(owner, Gift("bob", 300 * CENT_NANOS, "Bonus"), "c")
    first = charge(app, app.wallet("ada"), 600, is_split=False)
    charge(app, app.wallet("bob"), 100, is_split=False)
    await refund_charge(owner, first, "c", 200 * CENT_NANOS)
    revenue = [("refund", "ada", -200), ("charge", "bob", 100), ("charge", "ada", 600)]
    assert shown(read(app, Book.REVENUE)) == revenue
    assert shown(read(app, Book.REVENUE, limit=1)) == shown(read(app, Book.REVENUE, limit=1, most=1)) == revenue
    assert shown(read(app, Book.REVENUE, "ada")) == [revenue[0], revenue[2]]
    assert shown(read(app, Book.GRANTS)) == shown(read(app, Book.GRANTS, "bob")) == [("grant", "bob", -300)]
    assert read(app, Book.GRANTS, "ada") == []
    assert {entry.details and entry.details["account"] for entry in read(app, Book.REVENUE)} == {"wallet", "promo"}
    assert ("grant", "bob", 300) in shown(read(app, Book.WALLETS))
    assert Book.EARNINGS not in books_of(app.paywall)
    assert_books_balance()


@pytest.mark.parametrize("limit", [1, 50])
async def test_earnings_name_the_apps_user_and_never_a_wallet(database: str, limit: int) -> None:
    app = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(app, ada, "ada")
    top_up(ada, 50 * 100 * CENT_NANOS)
    charge(app, spends(app, ada), 1_000)
    pending = read(app, Book.PENDING, limit=limit)
    assert {(entry.type, entry.user) for entry in pending} == {("charge", "ada")}
    assert sum(entry.amount_nanos for entry in pending) > 0
    assert ada.account_id not in repr(pending) and spends(app, ada).account.owner not in repr(pending)
    assert Book.REVENUE not in books_of(app.paywall)


@pytest.mark.unhurried
async def test_a_search_for_one_user_ends_where_it_has_looked_at_enough(database: str) -> None:
    app = make_snapshot()
    for user in ("ada", "bob"):
        await give(app, user, 1_000 * CENT_NANOS)
    charge(app, app.wallet("ada"), 1, is_split=False)
    for _ in range(5):
        charge(app, app.wallet("bob"), 1, is_split=False)
    with db.transaction(writes=False) as session:
        page = read_book(session, app.paywall, BookFilter(Book.REVENUE, "ada"), Position(), 2, 3)
        assert page.entries == [] and page.following is not None and page.looked_until is not None
        wallets = read_book(session, app.paywall, BookFilter(Book.WALLETS, "ada"), Position(), 2, 3)
        assert wallets.looked_until is not None and wallets.following is not None
    assert shown(read(app, Book.REVENUE, "ada", limit=2, most=3)) == [("charge", "ada", 1)]
    assert shown(read(app, Book.WALLETS, "ada", limit=2, most=3)) == [
        ("manual_charge", "ada", -1),
        ("deposit", "ada", 1_000),
    ]


async def test_a_day_long_ago_is_found_whatever_came_after_it(migrated_sqlite_url: str) -> None:
    """Before, a page walked there from the newest entry, and said that it had looked far enough on its way."""
    with hands() as at:
        app, begins = make_snapshot(), at.at
        for user in ("ada", "bob"):
            await give(app, user, 1_000 * CENT_NANOS)
        for _ in range(3):
            at.go_on(86_400)
            for user in ("ada", "bob", "ada", "ada"):
                charge(app, app.wallet(user), 1, is_split=False)
                at.go_on(600)
        day = clock.DAY
        wanted = BookFilter(Book.REVENUE, None, begins + day, begins + 2 * day)
        with db.transaction(writes=False) as session:
            page = read_book(session, app.paywall, wanted, Position(), 50, 2)
            assert shown(list(page.entries)) == [("charge", user, 1) for user in ("ada", "ada", "bob", "ada")]
            assert page.following is None and page.looked_until is None
            wanted = BookFilter(Book.REVENUE, "bob", begins + day, begins + 2 * day)
            page = read_book(session, app.paywall, wanted, Position(), 50, 2)
            assert page.entries == [] and page.following is not None and page.looked_until is not None
            page = read_book(session, app.paywall, wanted, page.following, 50, 2)
            assert shown(list(page.entries)) == [("charge", "bob", 1)]


async def test_a_user_whose_entries_are_rare_costs_a_few_statements(database: str) -> None:
    app = make_snapshot()
    for user in ("ada", "bob"):
        await give(app, user, 1_000 * CENT_NANOS)
    charge(app, app.wallet("ada"), 1, is_split=False)
    for _ in range(30):
        charge(app, app.wallet("bob"), 1, is_split=False)
    with db.transaction(writes=False) as session, watched(session) as said:
        page = read_book(session, app.paywall, BookFilter(Book.REVENUE, "ada"), Position(), 2, 100)
        assert shown(list(page.entries)) == [("charge", "ada", 1)] and page.following is None
    assert len(said) <= 4

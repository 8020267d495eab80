"""A paywall's requests, page by page, through the one index that is there for it."""

from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from app import db
from app.domain import clock, rows
from app.domain.ids import new_id
from app.domain.ledger.operations import Applied
from app.domain.money import Environment, Unit
from app.domain.rows import RowUpdate
from app.domain.usage import requests
from app.domain.usage.request_list import RequestFilter, list_receipts, list_rows, look, page_statement
from app.domain.usage.requests import TABLE, UNLABELLED, Asked, Labels
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet
from tests.support.books import make_paywall


def begin(
    session: db.Session,
    paywall_id: str,
    user: str,
    model: str = "m",
    count: int = 1,
    *,
    key_id: str | None = None,
    labels: Labels = UNLABELLED,
) -> list[str]:
    """Begins requests that hold nothing, and returns their ids, the oldest first."""
    wallet = app_wallet(paywall_id, user, Environment.SANDBOX, Unit.USD)
    ids = [new_id("req") for _ in range(count)]
    ids.sort()
    asked = [Asked(made, None, wallet, RequestKind.CHAT, model, "demo", False, Unit.USD, None, key_id=key_id,
                   labels=labels) for made in ids]  # fmt: skip
    rows.write(session, [requests.begin(one, Applied()) for one in asked])
    return ids


def ids_of(found: Sequence[object]) -> list[str]:
    return [row["id"] for row in found]  # type: ignore[index]


def pages(session: db.Session, paywall_id: str, wanted: RequestFilter, limit: int) -> list[str]:
    found: list[str] = []
    while page := ids_of(list_rows(session, paywall_id, wanted, found[-1] if found else None, limit)):
        found += page
    return found


def test_requests_come_newest_first_in_pages_without_gaps_while_more_are_made(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        made = begin(session, paywall_id, "ada", count=7)
        begin(session, other, "ada", count=3)
        assert pages(session, paywall_id, RequestFilter(), 3) == made[::-1]
        first = ids_of(list_rows(session, paywall_id, RequestFilter(), None, 3))
        begin(session, paywall_id, "ada", count=5)
        second = ids_of(list_rows(session, paywall_id, RequestFilter(), first[-1], 100))
        assert first + second == made[::-1]
        receipts = list_receipts(session, other, RequestFilter(), None, 100)
        assert [(receipt.user, receipt.status) for receipt in receipts] == [("ada", "running")] * 3


def test_filters_leave_out_everything_else(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        [ada], [bob], [slow] = (begin(session, paywall_id, *who) for who in (("ada", "m"), ("bob", "m"), ("ada", "n")))
        rows.write(session, [RowUpdate(TABLE, bob, {"status": "settled", "charge_nanos": 7})])

        def found(wanted: RequestFilter) -> set[str]:
            return set(ids_of(list_rows(session, paywall_id, wanted, None, 100)))

        assert found(RequestFilter("ada")) == {ada, slow}
        assert found(RequestFilter("ada", "n")) == {slow}
        assert found(RequestFilter(status="running")) == {ada, slow}
        assert found(RequestFilter(is_charged=True)) == {bob}
        assert found(RequestFilter(kind="manual")) == found(RequestFilter("eve")) == set()


def test_key_session_and_agent_are_filters_of_their_own(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        for paywall in (paywall_id, other):
            begin(session, paywall, "ada")
        [one] = begin(session, paywall_id, "ada", key_id="key_1", labels=Labels("s", "a"))
        [two] = begin(session, paywall_id, "bob", key_id="key_1", labels=Labels("s", "b"))
        [three] = begin(session, paywall_id, "ada", key_id="key_2", labels=Labels(None, "s"))
        begin(session, other, "ada", key_id="key_1", labels=Labels("s", "a"))

        def found(**wanted: str) -> list[str]:
            return ids_of(list_rows(session, paywall_id, RequestFilter(**wanted), None, 100))  # type: ignore[arg-type]

        one_and_two = sorted((one, two), reverse=True)
        assert found(key_id="key_1") == found(session="s") == one_and_two
        assert (found(agent="s"), found(agent="a"), found(key_id="key_2")) == ([three], [one], [three])
        assert found(user="ada", session="s") == found(key_id="key_1", session="s", agent="a") == [one]
        assert found(session="S") == found(agent="nobody") == found(key_id="key_2", session="s") == []
        assert pages(session, paywall_id, RequestFilter(session="s"), 1) == one_and_two


def test_a_request_is_found_by_its_own_id_and_by_its_apps(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        (one, two), [foreign] = begin(session, paywall_id, "ada", count=2), begin(session, other, "ada")
        rows.write(session, [RowUpdate(TABLE, made, {"client_request_id": "mine"}) for made in (one, foreign)])

        def found(named: str) -> list[str]:
            return ids_of(list_rows(session, paywall_id, RequestFilter(named=named), None, 100))

        assert (found("mine"), found(one), found(two), found(foreign), found("other")) == ([one], [one], [two], [], [])


def test_times_are_those_of_the_row_to_the_microsecond(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        [made] = begin(session, paywall_id, "ada")
        [row] = list_rows(session, paywall_id, RequestFilter(), None, 10)
        at = row["created_at"]
        for since, until, is_there in ((at, at + 1, True), (at + 1, None, False), (None, at, False), (0, None, True),
                                       (-(10**16), 10**19 - 1, True)):  # fmt: skip
            wanted = RequestFilter(since=since, until=until if until is None else min(until, 2**63 - 1))
            assert ids_of(list_rows(session, paywall_id, wanted, None, 10)) == ([made] if is_there else [])


def test_a_row_that_was_written_long_after_its_id_was_made_is_found_by_its_time(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        [made] = begin(session, paywall_id, "ada")
        late = clock.now() + 600 * clock.SECOND
        rows.write(session, [RowUpdate(TABLE, made, {"created_at": late})])
        assert ids_of(list_rows(session, paywall_id, RequestFilter(since=late), None, 10)) == [made]


PAGES = (
    (RequestFilter(), "paywall"), (RequestFilter("ada"), "paywall"),
    (RequestFilter("ada", "m", "settled", since=1, until=clock.now()), "paywall"),
    (RequestFilter(key_id="key_1"), "key"), (RequestFilter(session="s"), "session"),
    (RequestFilter(agent="a", since=1, until=clock.now()), "agent"),
    (RequestFilter("ada", "m", "settled", session="s"), "session"), (RequestFilter(key_id="key_1", since=1), "key"),
    (RequestFilter(user="ada", key_id="key_1", since=1, until=clock.now()), "key"),
)  # fmt: skip


@pytest.mark.parametrize(("wanted", "index"), PAGES)
def test_no_page_scans_the_table_or_sorts_it(database: str, wanted: RequestFilter, index: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        statement = page_statement(paywall_id, wanted, "req_z", 20)
        is_sqlite = db.is_sqlite()
        if not is_sqlite:  # else indexes are as high as what tests before have left in them, and cost more for it
            session.execute(text("TRUNCATE request CASCADE"))
        dialect = sqlite.dialect() if is_sqlite else postgresql.dialect()  # type: ignore[no-untyped-call]
        written = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        plan = "\n".join(str(row[-1]) for row in session.execute(text(explain + written.replace(":", r"\:"))))
    assert f"ix_request_{index}" in plan, plan
    assert "SCAN request" not in plan and "Seq Scan" not in plan and "SORT" not in plan.upper(), plan
    if index != "paywall" and not is_sqlite:
        assert f"{index.replace('key', 'key_id')} = " in plan.split("Index Cond")[1].split("\n")[0], plan
    elif wanted.user is not None and not is_sqlite:
        assert "external_id = " in plan.split("Index Cond")[1].split("\n")[0], plan


def test_a_page_looks_at_so_many_requests_whatever_fits_and_says_how_far(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        [old] = begin(session, paywall_id, "ada")
        others = begin(session, paywall_id, "bob", count=5)
        [new] = begin(session, paywall_id, "ada")
        # Made within one millisecond, ids of two calls are in any order.
        newest_first = sorted([old, *others, new], reverse=True)
        wanted, looks = RequestFilter("ada"), 0
        found: list[str] = []
        before: str | None = None
        while looks == 0 or before is not None:
            page = look(session, paywall_id, wanted, before, 10, most=3)
            found, before, looks = found + ids_of(page.rows), page.following, looks + 1
            assert (page.looked_until is None) == (before is None)
            assert before is None or before == newest_first[3 * looks - 1]
        assert set(found) == {old, new} and looks == 3
        full = look(session, paywall_id, RequestFilter(), None, 2, most=3)
        assert (ids_of(full.rows), full.following, full.looked_until) == (newest_first[:2], newest_first[1], None)
        assert look(session, paywall_id, RequestFilter(since=clock.now()), None, 2, most=3).following is None
        assert look(session, paywall_id, RequestFilter(until=1), None, 2, most=3).rows == []

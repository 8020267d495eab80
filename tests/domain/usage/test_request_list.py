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
from app.domain.usage.request_list import RequestFilter, list_receipts, list_rows, page_statement
from app.domain.usage.requests import TABLE, Asked
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet
from tests.support.books import make_paywall


def begin(session: db.Session, paywall_id: str, user: str, model: str = "m", count: int = 1) -> list[str]:
    """Begins requests that hold nothing, and returns their ids, the oldest first."""
    wallet = app_wallet(paywall_id, user, Environment.SANDBOX, Unit.USD)
    ids = [new_id("req") for _ in range(count)]
    ids.sort()
    asked = [Asked(made, None, wallet, RequestKind.CHAT, model, "demo", False, Unit.USD, None) for made in ids]
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


@pytest.mark.parametrize(
    "wanted",
    [RequestFilter(), RequestFilter("ada"), RequestFilter("ada", "m", "settled", since=1, until=clock.now())],
)
def test_no_page_scans_the_table_or_sorts_it(database: str, wanted: RequestFilter) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        statement = page_statement(paywall_id, wanted, "req_z", 20)
        is_sqlite = db.is_sqlite()
        dialect = sqlite.dialect() if is_sqlite else postgresql.dialect()  # type: ignore[no-untyped-call]
        written = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        plan = "\n".join(str(row[-1]) for row in session.execute(text(explain + written.replace(":", r"\:"))))
    assert "ix_request_paywall" in plan, plan
    assert "SCAN request" not in plan and "Seq Scan" not in plan and "SORT" not in plan.upper(), plan
    if wanted.user is not None and not is_sqlite:
        assert "external_id = " in plan.split("Index Cond")[1].split("\n")[0], plan

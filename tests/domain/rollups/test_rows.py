"""Ended requests are found in the order of their end or of their ids, with what the ledger posted."""

import pytest

from app import db
from app.domain.rollups.rows import lock_due, read_parts, read_rows
from tests.support.rolled import App, Chat, count_all, hands


def test_what_ended_first_is_due_first_and_what_runs_is_not(database: str) -> None:
    with hands() as at:
        app = App()
        app.fund()
        running = app.begin(Chat())
        ended = []
        for _ in range(3):
            at.go_on(1)
            ended.append(app.chat().asked.id)
        with db.transaction() as session:
            assert [row.id for row in lock_due(session, 2)] == ended[:2]
        at.go_on(1)
        app.settle(running)
        with db.transaction() as session:
            assert [row.id for row in lock_due(session, 9)] == [*ended, running.asked.id]


@pytest.mark.unhurried
def test_a_paywalls_requests_are_read_on_by_their_ids(database: str) -> None:
    with hands() as at:
        app, other = App(), App()
        ids = []
        for one in (app, other, app, app):
            one.fund()
            at.go_on(1)
            ids.append(one.chat().asked.id)
        app.begin(Chat())
        with db.transaction(writes=False) as session:
            first, last = read_rows(session, app.id, "", 2)
            assert ([row.id for row in first], last) == ([ids[0], ids[2]], ids[2])
            rest, last = read_rows(session, app.id, ids[2], 9)
            assert ([row.id for row in rest], last) == ([ids[3]], None)


def test_a_refund_has_the_key_and_the_receipt_of_what_it_gives_back(database: str) -> None:
    with hands():
        app = App()
        app.fund()
        told = app.chat(key_id="key_9")
        app.give_back(told, told.charge // 2)
        with db.transaction() as session:
            charge, refund = sorted(lock_due(session, 9), key=lambda row: row.is_refund)
            assert (refund.key_id, refund.receipt, refund.provider) == ("key_9", charge.receipt, charge.provider)
            (_, [of_charge]), (_, [of_refund]) = read_parts(session, [charge, refund])
            assert of_charge.sums.gross_nanos == told.charge
            assert of_refund.sums.refunds_nanos == told.charge // 2


def test_what_was_counted_is_due_no_more(database: str) -> None:
    with hands():
        app = App()
        app.fund()
        app.chat()
        app.charge("ada", 5)
        app.let_go(Chat())
        count_all()
        with db.transaction() as session:
            assert lock_due(session, 9) == []

"""What is counted is added to rows, and a paywall's row is opened once."""

import pytest

from app import db
from app.domain.rollups.books import Additions, lock_books
from app.domain.rollups.sums import Sums, plus
from app.domain.rollups.tables import RollupDay, RollupTotal, RollupUserDay
from app.domain.rollups.zones import day_of
from app.sql.columns import table_of
from tests.support.rolled import START, App, hands, read


def test_a_paywalls_row_is_opened_once_and_begins_in_utc(database: str) -> None:
    app = App()
    for _ in range(2):
        with db.transaction() as session:
            book = lock_books(session, {app.id})[app.id]
            assert (book.zone, book.build, book.next_build) == ("UTC", 1, None)


@pytest.mark.unhurried
def test_additions_are_added_to_what_is_there(database: str) -> None:
    app, by = App(), ("m", "k", "platform")
    with hands():
        for sums, user in ((Sums(1, 5), "ada"), (Sums(2, 7), "bob"), (Sums(3, 9), "ada"), (Sums(0, 1), None)):
            with db.transaction() as session:
                additions = Additions(app.id, 1, "Asia/Kathmandu")
                additions.add_sums(START, by, user, sums)
                additions.add_sums(START, by, user, sums)
                additions.write(session)
        day = day_of("Asia/Kathmandu", START)
        with db.transaction(writes=False) as session:
            assert read(session, RollupDay, (app.id, 1), ("day", "model", "key_id", "source")) == {
                (day, *by): Sums(12, 44)
            }
            assert read(session, RollupUserDay, (app.id, 1), ("day", "external_id")) == {
                (day, "ada"): plus(Sums(2, 10), Sums(6, 18)), (day, "bob"): Sums(4, 14),
            }  # fmt: skip
            assert [row.users for row in session.execute(table_of(RollupTotal).select())] == [2]

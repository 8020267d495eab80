"""Names are those that apps have now."""

from dataclasses import replace

from app import db
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.names import read_names
from tests.support import books
from tests.support.books import make_paywall


def test_names_follow_the_published_version(database: str) -> None:
    with db.transaction() as session:
        first, second = make_paywall(session, {}), make_paywall(session, {})
        books.publish(session, second, replace(read_current(session, second)[1], app_name="Renamed"))
        assert read_names(session, [first, second, None, "pw_none"]) == {first: "Lexica", second: "Renamed"}
        assert read_names(session, []) == {}

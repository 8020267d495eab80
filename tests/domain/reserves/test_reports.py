"""The newest report of each environment, and whether it is news that something lacks."""

from app import db
from app.domain.money import Environment
from app.domain.reserves import reports


def keep(environment: Environment, name: str, lacking_nanos: int) -> bool:
    with db.transaction() as session:
        return reports.keep(session, environment, {"name": name}, lacking_nanos)


def test_the_newest_report_counts_and_a_lack_is_news_once(database: str) -> None:
    assert not keep(Environment.SANDBOX, "first", 0)
    assert keep(Environment.LIVE, "real", 1)
    assert keep(Environment.SANDBOX, "second", 5) and not keep(Environment.SANDBOX, "third", 4)
    with db.transaction(writes=False) as session:
        found = [(one.environment, one.document["name"], one.lacking_nanos) for one in reports.read_all(session)]
    assert found == [(Environment.LIVE, "real", 1), (Environment.SANDBOX, "third", 4)]
    keep(Environment.SANDBOX, "fourth", 0)
    assert keep(Environment.SANDBOX, "fifth", 4)

"""What waits is counted, and an endpoint that takes nothing is named with what it says and since when."""

from app import db
from app.domain import clock
from app.domain.events.tables import EndedBy, WebhookSubscription
from app.flows.upkeep.backlog import Backlog, list_failing, read_backlog
from tests.support.books import make_snapshot
from tests.support.webhooks import listening


async def test_an_endpoint_that_fails_or_was_switched_off_for_that_is_named(database: str) -> None:
    snapshot = make_snapshot()
    await listening(snapshot)
    now = clock.now()
    with db.transaction() as session:
        assert read_backlog(session) == Backlog(0, 0, 0, 0, 0) and list(list_failing(session, 9)) == []
        (endpoint,) = session.query(WebhookSubscription).all()
        endpoint.consecutive_failures, endpoint.failing_since = 2, now
        session.flush()
        assert list(list_failing(session, 9)) == []
        endpoint.consecutive_failures = 3
        session.flush()
        (found,) = list_failing(session, 9)
        assert (found.paywall_id, found.failures, found.since, found.ended_by) == (snapshot.paywall_id, 3, now, None)
        endpoint.is_active, endpoint.ended_by = 0, EndedBy.FAILURES
        session.flush()
        assert [one.ended_by for one in list_failing(session, 9)] == ["failures"]
        endpoint.ended_by = EndedBy.DEVELOPER
        session.flush()
        assert list(list_failing(session, 9)) == []

"""A failing webhook and a refusing provider say what it is, since when, and what to do; health says so too."""

import pytest

from app import db
from app.domain import clock
from app.domain.events.tables import EndedBy, WebhookSubscription
from app.domain.providers import refusals
from app.domain.providers.refusals import Refusal
from app.web.operator.connections.rows import ConnectionsPage, read_connections_page
from app.web.operator.health.rows import read_health_page
from tests.support.books import make_snapshot
from tests.support.webhooks import listening

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")


def read() -> ConnectionsPage:
    with db.transaction(writes=False) as session:
        return read_connections_page(session)


async def test_what_is_wrong_says_since_when_and_what_to_do() -> None:
    snapshot = make_snapshot()
    await listening(snapshot)
    page = read()
    assert (page.rails, page.webhooks, page.providers) == ([], [], [])
    assert [row.title for row in page.waiting] == ["Payment events: 0", "Refunds: 0", "Events: 0", "Deliveries: 0"]
    ago = clock.now() - 7_200 * clock.SECOND
    with db.transaction() as session:
        (endpoint,) = session.query(WebhookSubscription).all()
        endpoint.consecutive_failures, endpoint.failing_since = 4, ago
        refusals.note(session, Refusal(snapshot.paywall_id, "mine", 401, "", ago, ago))
    page = read()
    (webhook,), (provider,) = page.webhooks, page.providers
    assert webhook.title.startswith("Lexica: http") and webhook.detail.startswith("It takes nothing: 4 deliveries")
    assert "2 h ago" in webhook.detail and "nothing to do for you" in webhook.mend
    assert provider.detail == "It refuses its key with 401 since 2 h ago; users get 502." and provider.mend
    with db.transaction() as session:
        (endpoint,) = session.query(WebhookSubscription).all()
        endpoint.is_active, endpoint.ended_by = 0, EndedBy.FAILURES
    assert "switched off after failures" in read().webhooks[0].detail
    with db.transaction(writes=False) as session:
        assert any(row.title.startswith("A webhook fails. Lexica") for row in read_health_page(session).wrong)

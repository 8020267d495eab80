"""A failing webhook and a refusing provider say what it is, since when, and what to do; health says so too."""

import pytest

from app import db
from app.domain import clock
from app.domain.events.tables import EndedBy, WebhookSubscription
from app.domain.leases import leases
from app.domain.providers import refusals
from app.domain.providers.refusals import Refusal
from app.domain.routing import kept
from app.domain.routing.breaker import OPERATORS, Breaker, BreakerName
from app.web.frame.format import utc_seconds
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
    assert page.waiting[0].detail == "None of them failed before."
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


async def test_a_model_that_is_left_alone_says_since_when_until_when_and_why() -> None:
    now = clock.now()
    ours, own = BreakerName("built-in", "big/one", OPERATORS), BreakerName("mine", "small", "pw_1/mine")
    with db.transaction() as session:
        for process in ("proc_a", "proc_b"):
            leases.take(session, f"{leases.PROCESS}{process}", process, 600)
        kept.note(session, "proc_a", ours, Breaker(0, now + 30 * clock.SECOND, 0, None, now, "status_503"))
    (row,) = read().breakers
    since, until = utc_seconds(now), utc_seconds(now + 30 * clock.SECOND)
    assert (row.title, row.detail) == ("big/one at built-in, the operator's key",
                                       f"Left alone since {since}, until {until}: it answered 503.")  # fmt: skip
    assert "One request then tries it." in row.mend
    with db.transaction() as session:
        old = now - 3 * clock.DAY
        kept.note(session, "proc_b", own, Breaker(0, now - 9, 0, None, old, "timeout"))
        kept.note(session, "proc_a", ours, Breaker(0, now - 9, 1, now + 60 * clock.SECOND, now, "no_result"))
    row, own_row = read().breakers
    assert own_row.title == "small at mine, a key of its own, process 2"
    assert own_row.detail.endswith("to be tried by the next request: it did not begin to answer in time.")
    assert "it is being tried now: nothing was heard of the request that tried it." in row.detail

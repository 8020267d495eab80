"""Subscriptions: whose they are, when they end, and that every process knows of them before its next request."""

import pytest
from sqlalchemy import select

from app import db
from app.domain.errors import BadField, NotFound
from app.domain.events import subscriptions
from app.domain.events.catalogue import EVENTS
from app.domain.events.subscriptions import ACTIVE_MAX, FAILURES_MAX
from app.domain.ledger.tables import LedgerEpoch
from app.domain.tables import table_of
from app.flows.snapshot import find_outdated
from tests.domain.events.test_outbox import subscribe
from tests.flows.books import make_snapshot


def test_a_paywalls_first_subscription_outdates_what_was_decided_without_it(database: str) -> None:
    snapshot = make_snapshot()
    assert not snapshot.told
    id_ = subscribe(snapshot.paywall_id)
    with db.transaction() as session:
        assert subscriptions.read_told(session, snapshot.paywall_id) == frozenset(EVENTS)
        assert find_outdated(session, [snapshot]) == [snapshot]
        ended = subscriptions.deactivate(session, snapshot.paywall_id, id_)
        assert (ended.is_active, ended.ended_by) == (False, "developer")
        assert not subscriptions.read_told(session, snapshot.paywall_id)


def test_a_subscription_to_other_events_outdates_what_was_decided_before(database: str) -> None:
    snapshot = make_snapshot()
    id_ = subscribe(snapshot.paywall_id, "paywall.updated")
    epochs = select(table_of(LedgerEpoch).c.epoch)
    with db.transaction() as session:
        before = session.scalars(epochs).all()
        subscriptions.change(session, snapshot.paywall_id, id_, {"description": "mine"})
        assert session.scalars(epochs).all() == before
        subscriptions.change(session, snapshot.paywall_id, id_, {"events": ["user.*"]})
        assert session.scalars(epochs).all() != before
        assert subscriptions.read_told(session, snapshot.paywall_id) == {"paywall.user.created"}


def test_somebody_elses_subscription_is_not_found(database: str) -> None:
    one, other = make_snapshot(), make_snapshot()
    id_ = subscribe(one.paywall_id)
    with db.transaction() as session:
        for ask in (subscriptions.read, subscriptions.deactivate, subscriptions.activate):
            for paywall_id, asked in ((other.paywall_id, id_), (one.paywall_id, "whs_x"), (one.paywall_id, "\x00")):
                with pytest.raises(NotFound):
                    ask(session, paywall_id, asked)
        assert subscriptions.list_of(session, other.paywall_id) == []


def test_a_paywall_has_so_many_and_no_more(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    ids = [subscribe(paywall_id) for _ in range(ACTIVE_MAX)]
    with pytest.raises(BadField, match="at most"):
        subscribe(paywall_id)
    with db.transaction() as session:
        subscriptions.deactivate(session, paywall_id, ids[0])
    subscribe(paywall_id)
    with db.transaction() as session:
        assert len(subscriptions.list_of(session, paywall_id, is_active=True)) == ACTIVE_MAX
        assert [view.id for view in subscriptions.list_of(session, paywall_id, is_active=False)] == ids[:1]
        with pytest.raises(BadField, match="at most"):
            subscriptions.activate(session, paywall_id, ids[0])


def test_one_success_ends_a_run_of_failures(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    id_ = subscribe(paywall_id)
    with db.transaction() as session:
        assert subscriptions.note_outcomes(session, id_, [False] * FAILURES_MAX, is_gone=False) is None
        view = subscriptions.read(session, paywall_id, id_)
        assert (view.consecutive_failures, view.last_delivered_at) == (FAILURES_MAX, None)
        subscriptions.note_outcomes(session, id_, [True, False], is_gone=False)
        view = subscriptions.read(session, paywall_id, id_)
        assert view.consecutive_failures == 1 and view.last_delivered_at is not None and view.is_active

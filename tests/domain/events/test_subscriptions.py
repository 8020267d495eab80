"""Subscriptions: whose they are, when they end, and that every process knows of them before its next request."""

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock
from app.domain.errors import BadField, NotFound
from app.domain.events import deliveries, subscriptions
from app.domain.events.catalogue import EVENTS
from app.domain.events.subscriptions import ACTIVE_MAX, FAILING_SECONDS_MAX, FAILURES_MAX
from app.domain.ledger.tables import LedgerEpoch
from app.flows.callers.snapshot import find_outdated
from app.sql.columns import table_of
from tests.support.books import make_snapshot
from tests.support.outbox import happen, subscribe


@pytest.mark.unhurried
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


@pytest.mark.unhurried
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


@pytest.mark.unhurried
def test_somebody_elses_subscription_is_not_found(database: str) -> None:
    one, other = make_snapshot(), make_snapshot()
    id_ = subscribe(one.paywall_id)
    with db.transaction() as session:
        for ask in (subscriptions.read, subscriptions.deactivate, subscriptions.activate):
            for paywall_id, asked in ((other.paywall_id, id_), (one.paywall_id, "whs_x"), (one.paywall_id, "\x00")):
                with pytest.raises(NotFound):
                    ask(session, paywall_id, asked)
        assert subscriptions.list_of(session, other.paywall_id) == []


@pytest.mark.unhurried
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


@pytest.mark.unhurried
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


@pytest.mark.unhurried
def test_every_beginning_and_end_outdates_what_was_decided_before(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    id_ = subscribe(paywall_id)
    epochs = select(table_of(LedgerEpoch).c.epoch)
    with db.transaction() as session:
        for change in (subscriptions.deactivate, subscriptions.activate):
            before = session.scalars(epochs).all()
            change(session, paywall_id, id_)
            assert session.scalars(epochs).all() != before
            change(session, paywall_id, id_)  # which changes nothing


@pytest.mark.unhurried
def test_one_that_ends_ends_nobody_elses_deliveries(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    one, other = subscribe(paywall_id), subscribe(paywall_id)
    happen(paywall_id, 2)
    with db.transaction() as session:
        subscriptions.deactivate(session, paywall_id, one)
        found = deliveries.list_log(session, paywall_id)
        assert {(entry.subscription_id, entry.status) for entry in found} == {(one, "error"), (other, "pending")}
        assert deliveries.due_subscriptions(session) == [other]


def test_what_waits_for_an_inactive_one_goes_nowhere(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    id_ = subscribe(paywall_id)
    happen(paywall_id, 1)
    with db.transaction() as session:
        assert set(subscriptions.read_endpoints(session, [id_])) == {id_}
        subscriptions.change(session, paywall_id, id_, {"is_active": 0})  # as if it ended during a fan-out
        assert (deliveries.due_subscriptions(session), subscriptions.read_endpoints(session, [id_])) == ([], {})


@pytest.mark.unhurried
def test_a_secret_that_was_replaced_signs_for_a_day_and_no_longer(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paywall_id, now = make_snapshot().paywall_id, clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    id_, day = subscribe(paywall_id), subscriptions.OVERLAP_SECONDS
    with db.transaction() as session:
        rotated = subscriptions.rotate(session, paywall_id, id_, "new", "new", day)
        assert rotated.previous_until == now + clock.DAY
        for at, secrets in ((now + clock.DAY - 1, ("new", "x")), (now + clock.DAY, ("new",))):
            monkeypatch.setattr(clock, "now", lambda at=at: at)
            assert subscriptions.read_endpoints(session, [id_])[id_].secrets_sealed == secrets


@pytest.mark.unhurried
def test_only_many_failures_over_a_long_time_end_it_and_they_do_so_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paywall_id, begin = make_snapshot().paywall_id, clock.now()
    id_, long = subscribe(paywall_id), FAILING_SECONDS_MAX * clock.SECOND

    def ends(at: int, *outcomes: bool) -> bool:
        monkeypatch.setattr(clock, "now", lambda: begin + at)
        with db.transaction() as session:
            return subscriptions.note_outcomes(session, id_, outcomes, is_gone=False) is not None

    many = [False] * FAILURES_MAX
    assert not ends(0, False)
    assert not ends(2 * long, False), "long, but few"
    assert not ends(2 * long, True)
    assert not ends(2 * long, *many), "many, but since the last success not for long"
    assert not ends(3 * long - 1, False) and ends(3 * long, False)
    assert not ends(4 * long, False), "it has ended already"
    with db.transaction() as session:
        assert subscriptions.activate(session, paywall_id, id_).consecutive_failures == 0
    assert not ends(5 * long, *many), "it begins anew"

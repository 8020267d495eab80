"""Deliveries: claims, the log, replays."""

import pytest

from app import db
from app.domain import clock
from app.domain.errors import BadField, NotFound
from app.domain.events import deliveries, outbox, subscriptions
from app.domain.events.deliveries import Outcome
from app.domain.events.made import make
from tests.support.books import make_snapshot
from tests.support.outbox import happen, subscribe


def test_what_is_claimed_is_nobody_elses_until_the_claim_runs_out(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    id_ = subscribe(paywall_id)
    happen(paywall_id, 3)
    with db.transaction() as session:
        assert deliveries.due_subscriptions(session) == [id_]
        first = deliveries.claim(session, id_, 2, 60)
        second = deliveries.claim(session, id_, 2, 60)
        assert (len(first), len(second)) == (2, 1) and deliveries.due_subscriptions(session) == []
        assert len({one.id for one in (*first, *second)}) == 3
        assert deliveries.note(session, first[0], Outcome(200, 5), 30)
        assert not deliveries.note(session, first[0], Outcome(500, 5), 30)
        assert {entry.status for entry in deliveries.list_log(session, paywall_id)} == {"success", "pending"}


@pytest.mark.unhurried
def test_the_longest_waiting_is_sent_first(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    id_ = subscribe(paywall_id)
    for number in range(3):
        with db.transaction() as session:
            outbox.record(session, [make(paywall_id, "paywall.updated", str(number), {"number": number})])
            outbox.fan_out(session, 100)
    with db.transaction() as session:
        claimed = deliveries.claim(session, id_, 2, 60) + deliveries.claim(session, id_, 2, 60)
    assert [one.event.data["number"] for one in claimed] == [0, 1, 2]


def test_what_may_succeed_later_is_tried_again(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    id_, codes = subscribe(paywall_id), (None, 302, 408, 409, 429, 500, 503)
    happen(paywall_id, len(codes))
    with db.transaction() as session:
        for claimed, code in zip(deliveries.claim(session, id_, len(codes), 60), codes, strict=True):
            assert deliveries.note(session, claimed, Outcome(code, 5, said=f"said {code}"), 30)
        found = deliveries.list_log(session, paywall_id)
    assert {entry.response_code for entry in found} == set(codes)
    assert all(entry.answer == f"said {entry.response_code}" for entry in found)
    assert {(entry.status, entry.next_attempt_at is not None) for entry in found} == {("pending", True)}


def test_pauses_differ_so_that_what_failed_together_does_not_come_back_together(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    id_ = subscribe(paywall_id)
    happen(paywall_id, 20)
    with db.transaction() as session:
        for claimed in deliveries.claim(session, id_, 20, 60):
            deliveries.note(session, claimed, Outcome(500, 5), 100)
        times = [entry.next_attempt_at or 0 for entry in deliveries.list_log(session, paywall_id)]
    assert max(times) - min(times) > 5 * clock.SECOND, "of 40 s of jitter"


def test_what_was_never_fanned_out_is_not_forgotten(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    id_ = subscribe(paywall_id)
    with db.transaction() as session:
        outbox.record(session, [make(paywall_id, "paywall.updated", "1", {})])
        assert deliveries.forget(session, clock.now() + clock.DAY, 100) == 0
        outbox.fan_out(session, 100)
        assert deliveries.due_subscriptions(session) == [id_]


@pytest.mark.unhurried
def test_the_log_is_filtered_and_read_page_by_page(database: str) -> None:
    snapshot, other = make_snapshot(), make_snapshot()
    one, two = subscribe(snapshot.paywall_id), subscribe(snapshot.paywall_id, "balance.*")
    happen(snapshot.paywall_id, 5)
    with db.transaction() as session:
        whole = deliveries.list_log(session, snapshot.paywall_id)
        pages = deliveries.list_log(session, snapshot.paywall_id, limit=3)
        pages += deliveries.list_log(session, snapshot.paywall_id, limit=3, before=pages[-1].id)
        assert pages == whole and len(whole) == 5
        for options, count in (({"subscription_id": one}, 5), ({"subscription_id": two}, 0), ({"status": "error"}, 0),
                               ({"event_type": "paywall.updated"}, 5), ({"event_type": "x"}, 0)):  # fmt: skip
            assert len(deliveries.list_log(session, snapshot.paywall_id, **options)) == count  # type: ignore[arg-type]
        assert deliveries.list_log(session, other.paywall_id) == []
        with pytest.raises(BadField, match="`before`"):
            deliveries.list_log(session, other.paywall_id, before=whole[0].id)


@pytest.mark.unhurried
def test_a_replay_is_a_delivery_of_its_own_and_only_of_ones_own(database: str) -> None:
    snapshot, other = make_snapshot(), make_snapshot()
    id_ = subscribe(snapshot.paywall_id)
    happen(snapshot.paywall_id, 1)
    with db.transaction() as session:
        (first,) = deliveries.list_log(session, snapshot.paywall_id)
        again = deliveries.replay(session, snapshot.paywall_id, first.id)
        assert (again.replay_of, again.event, again.attempts) == (first.id, first.event, 0) and again.id != first.id
        for paywall_id, asked in ((other.paywall_id, first.id), (snapshot.paywall_id, "whd_x")):
            with pytest.raises(NotFound):
                deliveries.replay(session, paywall_id, asked)
        subscriptions.deactivate(session, snapshot.paywall_id, id_)
        with pytest.raises(BadField, match="not active"):
            deliveries.replay(session, snapshot.paywall_id, first.id)

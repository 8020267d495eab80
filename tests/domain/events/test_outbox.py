"""The outbox: what is due, and that it costs nothing where nobody listens."""

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, text

from app import db
from app.domain import rows
from app.domain.events import deliveries, outbox, subscriptions
from app.domain.events.made import Made, make
from app.domain.events.outbox import DueKind
from app.domain.events.tables import PaywallEvent, WebhookDelivery
from app.domain.ledger.operations import Applied
from app.domain.money import Environment, Unit
from app.domain.paywalls.members import set_owner
from app.domain.people.accounts import email_identity, enter
from app.domain.usage import requests
from app.domain.usage.requests import END_DUE, START_DUE, START_TOLD, Asked, Metered
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet
from app.sql.columns import table_of
from tests.support.books import make_snapshot
from tests.support.outbox import subscribe
from tests.support.posted import charged


def asked(paywall_id: str, request_id: str, *, is_told: bool, is_told_at_once: bool | None = None) -> Asked:
    wallet = app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD)
    return Asked(request_id, None, wallet, RequestKind.CHAT, "m", "demo", False, Unit.USD, None, is_told=is_told,
                 is_told_at_once=is_told if is_told_at_once is None else is_told_at_once)  # fmt: skip


def write(*written: rows.Row) -> None:
    with db.transaction() as session:
        rows.write(session, written)


def fan_out() -> int:
    with db.transaction() as session:
        return outbox.fan_out(session, 100)


def due() -> Sequence[int | None]:
    with db.transaction(writes=False) as session:
        return session.scalars(select(requests.TABLE.c.events_due).order_by(requests.TABLE.c.id)).all()


def delivered() -> list[str]:
    with db.transaction(writes=False) as session:
        return sorted(session.scalars(select(table_of(WebhookDelivery).c.event_type)))


@pytest.mark.unhurried
def test_a_request_is_told_of_at_its_beginning_and_at_its_end(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    subscribe(paywall_id)
    one = asked(paywall_id, "req_1", is_told=True)
    write(requests.begin(one, Applied(amount=5)))
    assert due() == [START_DUE] and fan_out() == 1
    assert (due(), delivered()) == ([START_TOLD], ["paywall.proxy.request.started"])
    assert fan_out() == 0
    write(requests.finish(one, Metered(None), Applied(amount=5)))
    assert due() == [END_DUE] and fan_out() == 1
    assert due() == [None] and fan_out() == 0
    assert delivered() == [
        "paywall.proxy.request.completed", "paywall.proxy.request.started", "paywall.usage.charge.created",
    ]  # fmt: skip


@pytest.mark.unhurried
def test_a_request_that_ends_before_anybody_looked_is_told_of_whole(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    subscribe(paywall_id, "proxy.*")
    one = asked(paywall_id, "req_1", is_told=True)
    write(requests.begin(one, Applied(amount=5)))
    write(requests.let_go("req_1", "provider_error", is_told=True))
    assert fan_out() == 1
    assert delivered() == ["paywall.proxy.request.failed", "paywall.proxy.request.started"]


def test_a_request_whose_beginning_nobody_waits_for_is_told_of_at_its_end_alone(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    subscribe(paywall_id, "paywall.usage.charge.created")
    one = asked(paywall_id, "req_1", is_told=True, is_told_at_once=False)
    write(requests.begin(one, Applied(amount=5)))
    assert due() == [START_TOLD] and fan_out() == 0
    write(requests.finish(one, Metered(None), Applied(amount=5)))
    assert fan_out() == 1 and delivered() == ["paywall.usage.charge.created"]


@pytest.mark.unhurried
def test_where_nobody_listens_nothing_is_written(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    one = asked(paywall_id, "req_1", is_told=False)
    write(requests.begin(one, Applied(amount=5)))
    write(requests.finish(one, Metered(None), Applied(amount=5)))
    with db.transaction() as session:
        outbox.record(session, [make(paywall_id, "paywall.updated", "1", {})])
        assert not outbox.has_due(session)
        assert session.scalar(select(func.count()).select_from(PaywallEvent)) == 0
    assert due() == [None] and fan_out() == 0


def test_what_nobody_asked_for_leaves_no_event(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    subscribe(paywall_id, "paywall.updated")
    write(requests.begin(asked(paywall_id, "req_1", is_told=True), Applied(amount=5)))
    assert fan_out() == 1 and delivered() == []
    with db.transaction() as session:
        outbox.record(session, [make(paywall_id, "paywall.user.created", "1", {})])
        assert session.scalar(select(func.count()).select_from(PaywallEvent)) == 0


def test_what_is_due_is_found_by_an_index_of_its_own(database: str) -> None:
    if not db.is_sqlite():
        return
    with db.transaction(writes=False) as session:
        plan = session.execute(text("EXPLAIN QUERY PLAN SELECT id FROM request WHERE events_due > 0"
                                    " ORDER BY created_at LIMIT 5")).all()  # fmt: skip
    assert "ix_request_events_due" in str(plan)


@pytest.mark.unhurried
def test_a_request_that_ends_while_it_is_fanned_out_stays_due(database: str) -> None:
    """The end that was seen is told; one that came later, of a process that was only slow, is told next time."""
    paywall_id = make_snapshot().paywall_id
    subscribe(paywall_id)
    one = asked(paywall_id, "req_1", is_told=True)
    write(requests.begin(one, Applied(amount=5)))
    write(requests.interrupt("req_1", None, charged(one.wallet, 2), is_told=True))
    assert fan_out() == 1 and len(delivered()) == 3
    write(requests.finish(one, Metered(None), charged(one.wallet, 5, late=3)))
    assert due() == [END_DUE] and fan_out() == 1
    assert delivered().count("paywall.usage.charge.created") == 2 and len(delivered()) == 4


@pytest.mark.unhurried
def test_an_end_that_lands_while_its_beginning_is_fanned_out_is_told_next_time(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paywall_id = make_snapshot().paywall_id
    subscribe(paywall_id)
    one = asked(paywall_id, "req_1", is_told=True)
    write(requests.begin(one, Applied(amount=5)))
    meanwhile(monkeypatch, requests.finish(one, Metered(None), Applied(amount=5)))
    assert fan_out() == 1 and due() == [END_DUE]
    assert fan_out() == 1 and due() == [None]
    assert len(delivered()) == 3


def test_what_is_finished_late_while_its_loss_is_fanned_out_is_told_next_time(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paywall_id = make_snapshot().paywall_id
    subscribe(paywall_id)
    one = asked(paywall_id, "req_1", is_told=True)
    write(
        requests.begin(one, Applied(amount=5)), requests.interrupt("req_1", None, charged(one.wallet, 2), is_told=True)
    )
    meanwhile(monkeypatch, requests.finish(one, Metered(None), charged(one.wallet, 5, late=3)))
    assert fan_out() == 1 and due() == [END_DUE]
    assert fan_out() == 1 and delivered().count("paywall.usage.charge.created") == 2


def meanwhile(monkeypatch: pytest.MonkeyPatch, *written: rows.Row) -> None:
    """Lets rows be written in the middle of the next fan-out, as a settlement of another process does."""
    deliver = outbox._write_deliveries

    def deliver_after_all(session: db.Session, events: Sequence[Made], listeners: outbox.Listeners) -> None:
        monkeypatch.setattr(outbox, "_write_deliveries", deliver)
        rows.write(session, written)
        deliver(session, events, listeners)

    monkeypatch.setattr(outbox, "_write_deliveries", deliver_after_all)


def test_who_stopped_listening_before_the_fan_out_gets_nothing_not_even_once_it_listens_again(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    stopped, still = subscribe(paywall_id), subscribe(paywall_id)
    with db.transaction() as session:
        outbox.record(session, [make(paywall_id, "paywall.updated", "1", {})])
        subscriptions.deactivate(session, paywall_id, stopped)
        assert outbox.fan_out(session, 100) == 1
        subscriptions.activate(session, paywall_id, stopped)
        assert deliveries.due_subscriptions(session) == [still]


def test_what_has_waited_longest_is_fanned_out_first(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    subscribe(paywall_id)
    for request_id in ("req_2", "req_1"):
        write(requests.begin(asked(paywall_id, request_id, is_told=True), Applied(amount=5)))
    with db.transaction() as session:
        assert outbox.fan_out(session, 1) == 1
    assert due() == [START_DUE, START_TOLD], "by time, and not by id"


def test_what_is_given_up_waits_no_more_and_a_request_that_began_is_told_of_its_end(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    subscribe(paywall_id)
    one = asked(paywall_id, "req_1", is_told=True)
    write(requests.begin(one, Applied(amount=5)))
    with db.transaction() as session:
        outbox.record(session, [make(paywall_id, "paywall.updated", "1", {})])
        waiting = outbox.list_due(session, 10)
        assert [entry.kind for entry in waiting] == ["request", "event"]
        for entry in waiting:
            outbox.give_up(session, entry)
        assert outbox.list_due(session, 10) == [] and outbox.fan_out_these(session, waiting) == 0
    assert due() == [START_TOLD] and delivered() == []
    write(requests.finish(one, Metered(None), Applied(amount=5)))
    assert due() == [END_DUE] and fan_out() == 1 and delivered()
    write(requests.finish(one, Metered(None), charged(one.wallet, 5, late=3)))
    with db.transaction() as session:
        outbox.give_up(session, outbox.Due(DueKind.REQUEST, "req_1"))
    assert due() == [None]


@pytest.mark.unhurried
def test_an_event_names_the_account_that_owns_its_paywall_when_it_is_written(database: str) -> None:
    owned, other = make_snapshot().paywall_id, make_snapshot().paywall_id
    for paywall_id in (owned, other):
        subscribe(paywall_id)

    def names() -> set[tuple[str, str | None]]:
        with db.transaction(writes=False) as session:
            return {(row.paywall_id, row.data["ownerUserId"]) for row in session.scalars(select(PaywallEvent))}

    with db.transaction() as session:
        outbox.record(session, [make(paywall_id, "paywall.updated", "1", {}) for paywall_id in (owned, other)])
    assert names() == {(owned, None), (other, None)}
    with db.transaction() as session:
        developer, _ = enter(session, (email_identity("dev@example.org"),))
        set_owner(session, owned, developer)
        outbox.record(session, [make(paywall_id, "paywall.updated", "2", {}) for paywall_id in (owned, other)])
    assert names() == {(owned, None), (other, None), (owned, developer)}
    for paywall_id in (owned, other):
        write(requests.begin(asked(paywall_id, f"req_{paywall_id}", is_told=True), Applied(amount=5)))
    fan_out()
    with db.transaction(writes=False) as session:
        is_start = table_of(PaywallEvent).c.type == "paywall.proxy.request.started"
        started = session.scalars(select(PaywallEvent).where(is_start))
        assert {row.paywall_id: row.data["ownerUserId"] for row in started} == {owned: developer, other: None}

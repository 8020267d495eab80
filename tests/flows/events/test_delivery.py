"""Deliveries to a real endpoint, which answers late, wrongly, twice, never."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.adapters.outbound.messenger import HttpMessenger
from app.domain import clock
from app.domain.events import deliveries, subscriptions
from app.domain.events.deliveries import ATTEMPTS_MAX
from app.domain.events.subscriptions import FAILING_SECONDS_MAX, FAILURES_MAX
from app.domain.events.tables import WebhookDelivery
from app.flows.events import delivery
from app.flows.events.delivery import OF_ENDPOINT_MAX, fan_out, has_due
from app.flows.paywalls.webhooks import change_subscription, replay_delivery, rotate_secret
from tests.emulators.receiver import Receiver, receiving
from tests.support.books import make_snapshot
from tests.support.waiting import until
from tests.support.webhooks import BOX, MESSENGER, deliver, happen, log_of, make_courier, make_due, subscribe


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def received(endpoint: Receiver) -> Receiver:
    endpoint.received.clear()
    endpoint.busy_max.clear()
    return endpoint


@pytest.mark.usefixtures("database")
async def test_an_event_arrives_once_signed_and_with_its_headers(received: Receiver) -> None:
    snapshot = make_snapshot()
    made = await subscribe(snapshot, received.url(), customHeaders={"X-Tenant": "t1"})
    (event,) = happen(snapshot)
    assert await has_due()
    assert await deliver() == 1
    assert not await has_due() and await deliver() == 0
    (one,) = received.received
    body = one.verify(made.secret)
    assert (body["id"], body["type"], body["attempts"]) == (event.id, "paywall.updated", 1) and one.id == event.id
    assert body["data"] == {"paywallId": snapshot.paywall_id, "ownerUserId": None, "number": 0}
    assert one.headers["x-paywall-event"] == f"paywall.updated@{body['version']}"
    assert (one.headers["x-tenant"], one.headers["content-type"]) == ("t1", "application/json")
    (entry,) = log_of(snapshot)
    assert (entry.status, entry.attempts, entry.response_code, entry.error) == ("success", 1, 200, None)


@pytest.mark.usefixtures("database")
async def test_each_subscription_gets_what_it_asked_for_and_nobody_elses(received: Receiver) -> None:
    snapshot, other = make_snapshot(), make_snapshot()
    await subscribe(snapshot, received.url("/ok/all"))
    await subscribe(snapshot, received.url("/ok/some"), "authorization.*", "paywall.updated")
    await subscribe(other, received.url("/ok/other"))
    for type_ in ("paywall.updated", "paywall.authorization.revoked", "paywall.balance.depleted"):
        happen(snapshot, type_=type_)
    assert await deliver() == 5
    assert Counter(one.path for one in received.received) == {"/ok/all": 3, "/ok/some": 2}


@pytest.mark.usefixtures("database")
async def test_what_fails_is_tried_again_later_and_then_taken(received: Receiver) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, received.url("/once/503"))
    happen(snapshot)
    courier = make_courier(base_seconds=60)
    assert await deliver(courier) == 1
    assert log_of(snapshot)[0].error == "The endpoint answered with status 503."
    assert await deliver(courier) == 0
    make_due()
    assert await deliver(courier) == 1
    (entry,) = log_of(snapshot)
    assert (entry.status, entry.attempts, entry.response_code, entry.error) == ("success", 2, 200, None)
    assert {one.id for one in received.received} == {entry.event.id}
    await courier.messenger.close()


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_after_eight_attempts_with_doubling_pauses_it_is_given_up(received: Receiver) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, received.url("/status/500"))
    happen(snapshot)
    await fan_out("here")
    courier = make_courier(base_seconds=30)
    pauses = []
    for _ in range(ATTEMPTS_MAX):
        assert await courier.deliver() == 1
        entry = log_of(snapshot)[0]
        if entry.next_attempt_at is not None:
            pauses.append((entry.next_attempt_at - clock.now()) / clock.SECOND)
            make_due()
    (entry,) = log_of(snapshot)
    assert (entry.status, entry.attempts, await courier.deliver()) == ("error", ATTEMPTS_MAX, 0)
    assert all(0.75 < pause / (30 * 2**number) < 1.25 for number, pause in enumerate(pauses)) and len(pauses) == 7
    await courier.messenger.close()


@pytest.mark.usefixtures("database")
async def test_what_cannot_succeed_is_not_tried_again(received: Receiver) -> None:
    snapshot, codes = make_snapshot(), (400, 401, 403, 404, 422)
    for code in codes:
        await subscribe(snapshot, received.url(f"/status/{code}"))
    happen(snapshot)
    assert await deliver() == len(codes)
    assert {(entry.status, entry.attempts) for entry in log_of(snapshot)} == {("error", 1)}
    assert {entry.response_code for entry in log_of(snapshot)} == set(codes)


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("path", "said", "seconds_max"),
    [("/never", "within 1 seconds", 1), ("/cut", "closed the connection", 30), ("/redirect", "redirect (302)", 30)],
)
async def test_no_answer_is_a_failure_that_says_why(
    received: Receiver, path: str, said: str, seconds_max: float
) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, received.url(path))
    happen(snapshot)
    courier = make_courier(HttpMessenger(seconds_max=seconds_max, allow_private=True), base_seconds=60)
    await deliver(courier)
    (entry,) = log_of(snapshot)
    assert (entry.status, entry.attempts) == ("pending", 1) and said in (entry.error or "")
    assert [one.path for one in received.received] == [path]
    await courier.messenger.close()


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_a_slow_endpoint_delays_nobody_elses(received: Receiver) -> None:
    slow, quick = make_snapshot(), make_snapshot()
    never = f"/never/{slow.paywall_id}"
    await subscribe(slow, received.url(never))
    await subscribe(quick, received.url("/ok"))
    happen(slow, 300)
    happen(quick, 100)
    await fan_out("here")
    courier = make_courier(HttpMessenger(seconds_max=30, allow_private=True))
    delivering = asyncio.create_task(courier.deliver())
    await until(lambda: len(received.at("/ok")) == 100)
    assert 0 < len(received.at(never)) <= OF_ENDPOINT_MAX
    assert received.busy_max[never] <= OF_ENDPOINT_MAX and received.busy_max["/ok"] <= OF_ENDPOINT_MAX
    happen(quick, 1, source="later")
    await fan_out("here")
    await until(lambda: len(received.at("/ok")) == 101)
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    await courier.messenger.close()


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_two_couriers_deliver_everything_once(received: Receiver) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, received.url())
    events = happen(snapshot, 200)
    await fan_out("here")
    one, two = make_courier(), make_courier()
    attempts = await asyncio.gather(one.deliver(), two.deliver())
    assert sum(attempts) == 200 and min(attempts) > 0
    assert sorted(one.id for one in received.received) == sorted(event.id for event in events)
    for courier in (one, two):
        await courier.messenger.close()


@pytest.mark.usefixtures("database")
async def test_what_a_lost_courier_had_claimed_is_sent_by_another(received: Receiver) -> None:
    snapshot = make_snapshot()
    made = await subscribe(snapshot, received.url())
    happen(snapshot)
    await fan_out("here")
    with db.transaction() as session:
        (lost,) = deliveries.claim(session, made.subscription.id, 5, 60)
        assert deliveries.claim(session, made.subscription.id, 5, 60) == []
    assert await deliver() == 0
    with db.transaction() as session:  # a minute later, as its claim sees it
        session.execute(update(WebhookDelivery).values(claimed_until=clock.now() - 1))
    assert await deliver() == 1
    with db.transaction() as session:
        late = deliveries.note(session, lost, deliveries.Outcome(500, 1, "late"), 1)
    assert not late and log_of(snapshot)[0].status == "success"


@pytest.mark.usefixtures("database")
async def test_during_a_rotation_both_secrets_verify_and_afterwards_the_new_one(received: Receiver) -> None:
    snapshot = make_snapshot()
    first = await subscribe(snapshot, received.url())
    second = await rotate_secret(BOX, snapshot, first.subscription.id, {"overlapSeconds": 60})
    assert second.secret != first.secret and second.subscription.secret_suffix == second.secret[-6:]
    happen(snapshot)
    await deliver()
    for secret in (first.secret, second.secret):
        assert received.received[0].verify(secret)["type"] == "paywall.updated"
    third = await rotate_secret(BOX, snapshot, first.subscription.id, {"overlapSeconds": 0})
    happen(snapshot, source="again")
    await deliver()
    received.received[1].verify(third.secret)
    with pytest.raises(Exception, match="No matching signature"):
        received.received[1].verify(second.secret)


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_a_run_of_failures_makes_it_inactive_and_says_so(received: Receiver) -> None:
    settings.configure(data=settings.get().data, database_url=settings.get().database, operator_emails="op@example.org")
    snapshot, mailer = make_snapshot(), KeptMailer(clock.now)
    made = await subscribe(snapshot, received.url("/status/500"))
    happen(snapshot, FAILURES_MAX + 5)
    courier = make_courier(mailer=mailer, base_seconds=60)
    await deliver(courier)
    await _expect(snapshot.paywall_id, made.subscription.id, is_active=True)
    with db.transaction() as session:
        long_ago = clock.now() - FAILING_SECONDS_MAX * clock.SECOND
        subscriptions.change(session, snapshot.paywall_id, made.subscription.id, {"failing_since": long_ago})
    make_due()
    await deliver(courier)
    await _expect(snapshot.paywall_id, made.subscription.id, is_active=False)
    (mail,) = mailer.kept()
    assert mail.mail.to == "op@example.org" and made.subscription.id in mail.mail.text
    assert {entry.status for entry in log_of(snapshot)} == {"error"}
    happen(snapshot, source="unheard")
    assert not await has_due()
    await change_subscription(BOX, MESSENGER, snapshot, made.subscription.id,
                              {"isActive": True, "url": received.url()})  # fmt: skip
    again = await replay_delivery(snapshot, log_of(snapshot)[0].id)
    assert await deliver() == 1
    assert (received.at("/ok")[0].id, again.replay_of is not None) == (again.event.id, True)
    await courier.messenger.close()


async def _expect(paywall_id: str, subscription_id: str, *, is_active: bool) -> None:
    view = await db.in_transaction(lambda session: subscriptions.read(session, paywall_id, subscription_id))
    assert view.is_active is is_active
    assert view.consecutive_failures >= FAILURES_MAX


@pytest.mark.usefixtures("database")
async def test_an_endpoint_that_is_gone_is_believed_at_once(received: Receiver) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, received.url("/status/410"))
    happen(snapshot, 3)
    await deliver()
    with db.transaction(writes=False) as session:
        (view,) = subscriptions.list_of(session, snapshot.paywall_id)
    assert (view.is_active, view.ended_by) == (False, "gone")


@pytest.mark.usefixtures("database")
async def test_a_private_address_is_refused_also_behind_a_name(received: Receiver) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, received.url().replace("127.0.0.1", "localhost"))
    happen(snapshot)
    messenger = HttpMessenger(seconds_max=2)
    courier = make_courier(messenger, base_seconds=60)
    await deliver(courier)
    (entry,) = log_of(snapshot)
    assert (entry.status, entry.error) == ("pending", "The endpoint has a private address, which is not allowed here.")
    assert received.received == []
    await messenger.close()


@pytest.mark.usefixtures("database")
async def test_what_ended_long_ago_is_forgotten_and_nothing_else(
    received: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, received.url())
    happen(snapshot, 3)
    await deliver()
    assert await delivery.forget() == 0 and len(log_of(snapshot)) == 3
    happen(snapshot, 1, source="waits")
    await fan_out("here")
    monkeypatch.setattr(delivery, "KEPT_SECONDS", 0)
    await asyncio.sleep(0.001)
    assert await delivery.forget() == 6
    assert [entry.status for entry in log_of(snapshot)] == ["pending"]

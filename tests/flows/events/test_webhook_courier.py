"""A courier carries on whatever one subscription does, and lets none that fails take the room of the others."""

import asyncio
from collections.abc import Iterator

import pytest

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.errors import ProviderFailed
from app.domain.events import deliveries, subscriptions
from app.domain.events.deliveries import Claimed, Outcome
from app.domain.events.subscriptions import FAILURES_MAX
from app.flows.events import delivery
from app.flows.events.delivery import (
    FAILING_IN_FLIGHT_MAX,
    IN_FLIGHT_MAX,
    OF_ENDPOINT_MAX,
    OF_FAILING_MAX,
    Courier,
    _Sent,
    fan_out,
)
from app.ports.mail import Mail
from tests.emulators.receiver import Receiver, receiving
from tests.support.books import make_snapshot
from tests.support.webhooks import deliver, happen, log_of, make_courier, make_due, subscribe


@pytest.fixture(scope="module")
def started() -> Iterator[Receiver]:
    with receiving() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(started: Receiver) -> Receiver:
    started.received.clear()
    return started


async def test_one_endpoint_gets_so_many_at_once_and_one_that_fails_fewer() -> None:
    courier = make_courier()
    busy(courier, "some", 5)
    busy(courier, "full", OF_ENDPOINT_MAX)
    courier._failing |= {"failing", "trying"}
    busy(courier, "trying", OF_FAILING_MAX)
    room = courier._room(["new", "some", "full", "failing", "trying"])
    assert room == {"new": OF_ENDPOINT_MAX, "some": OF_ENDPOINT_MAX - 5, "failing": OF_FAILING_MAX}


async def test_all_of_them_together_get_so_many_and_those_that_fail_leave_room_for_the_rest() -> None:
    courier = make_courier()
    failing = [f"failing{number}" for number in range(IN_FLIGHT_MAX)]
    courier._failing.update(failing)
    assert sum(courier._room([*failing, "fine"]).values()) == FAILING_IN_FLIGHT_MAX + OF_ENDPOINT_MAX
    for id_ in failing[:FAILING_IN_FLIGHT_MAX]:
        busy(courier, id_)
    assert courier._room([*failing, "fine"]) == {"fine": OF_ENDPOINT_MAX}
    fine = [f"fine{number}" for number in range(IN_FLIGHT_MAX)]
    assert sum(courier._room(fine).values()) == IN_FLIGHT_MAX - FAILING_IN_FLIGHT_MAX


def busy(courier: Courier, subscription_id: str, count: int = 1) -> None:
    """Lets messages be under way that nobody answers; they end with the test's event loop."""
    for _ in range(count):
        courier._in_flight[asyncio.create_task(never())] = subscription_id


async def never() -> _Sent:
    await asyncio.sleep(3_600)
    raise AssertionError


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_an_endpoint_counts_as_failing_until_it_takes_something(endpoint: Receiver) -> None:
    snapshot = make_snapshot()
    id_ = (await subscribe(snapshot, endpoint.url("/once/503"))).subscription.id
    happen(snapshot)
    courier = make_courier(base_seconds=60)
    await deliver(courier)
    assert courier._failing == {id_}
    make_due()
    await deliver(courier)
    assert not courier._failing
    await courier.messenger.close()


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_a_secret_that_cannot_be_opened_fails_its_own_deliveries_and_nobody_elses(endpoint: Receiver) -> None:
    broken, fine = make_snapshot(), make_snapshot()
    id_ = (await subscribe(broken, endpoint.url("/ok/broken"))).subscription.id
    await subscribe(fine, endpoint.url("/ok/fine"))
    with db.transaction() as session:
        subscriptions.change(session, broken.paywall_id, id_, {"secret_sealed": "v1.nonsense"})
    happen(broken)
    happen(fine)
    courier = make_courier(base_seconds=60)
    assert await deliver(courier) == 2
    assert len(endpoint.at("/ok/fine")) == 1 and endpoint.at("/ok/broken") == []
    (entry,) = log_of(broken)
    assert (entry.status, entry.response_code) == ("pending", None) and entry.error
    await courier.messenger.close()


class NoMailer(KeptMailer):
    """A mail server that takes nothing."""

    async def send(self, mail: Mail) -> None:
        raise ProviderFailed("It is on fire.")


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_a_mail_that_cannot_be_sent_stops_no_delivery(endpoint: Receiver) -> None:
    settings.configure(data=settings.get().data, database_url=settings.get().database, operator_emails="op@example.org")
    gone, fine = make_snapshot(), make_snapshot()
    await subscribe(gone, endpoint.url("/status/410"))
    await subscribe(fine, endpoint.url("/late/0.3"))
    happen(gone)
    happen(fine)
    courier = make_courier(mailer=NoMailer(clock.now))
    assert await deliver(courier) == 2
    assert [entry.status for entry in log_of(fine)] == ["success"]
    (ended,) = log_of(gone)
    assert (ended.status, ended.error) == ("error", "The endpoint answered with status 410.")
    await courier.messenger.close()


@pytest.mark.usefixtures("database")
async def test_an_attempt_that_lasted_longer_than_its_claim_counts_for_nothing(endpoint: Receiver) -> None:
    snapshot = make_snapshot()
    id_ = (await subscribe(snapshot, endpoint.url())).subscription.id
    happen(snapshot)
    await fan_out("here")
    with db.transaction() as session:
        (lost,) = deliveries.claim(session, id_, 1, 0)
        make_courier()._write(session, [late(lost)] * FAILURES_MAX, {})
        assert subscriptions.read(session, snapshot.paywall_id, id_).consecutive_failures == 1
    assert [entry.attempts for entry in log_of(snapshot)] == [1]


def late(claimed: Claimed) -> _Sent:
    return _Sent(claimed, Outcome(None, 1, "Late."))


@pytest.mark.usefixtures("database")
async def test_30_days_are_kept_and_what_is_older_is_forgotten_to_its_end(
    endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot()
    await subscribe(snapshot, endpoint.url())
    happen(snapshot, 5)
    await deliver()
    monkeypatch.setattr(delivery, "FORGET_ROWS", 2)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 30 * clock.DAY - 60 * clock.SECOND)
    assert await delivery.forget() == 0
    monkeypatch.setattr(clock, "now", lambda: now + 30 * clock.DAY + 60 * clock.SECOND)
    assert await delivery.forget() == 10 and log_of(snapshot) == []

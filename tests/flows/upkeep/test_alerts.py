"""Alerts are told once for each amount, threshold and month, however many raise them: `research/dashboard_modes.md`
(d) 11 at the size of CI."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from sqlalchemy import select

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.alerts.mailing import LEASE_SECONDS
from app.domain.alerts.rules import set_monthly
from app.domain.alerts.tables import AlertKind
from app.domain.errors import ProviderFailed
from app.domain.events.tables import PaywallEvent, WebhookSubscription
from app.domain.money import NANOS
from app.domain.providers import refusals
from app.domain.providers.refusals import Refusal
from app.flows.upkeep.alerts import raise_alerts
from app.ports.mail import Mail
from app.sql.columns import table_of
from tests.flows.upkeep import alert_racer
from tests.support.handed import desk
from tests.support.rolled import App, count_all, hands

WORKERS, CHARGES = 8, 240
USERS = tuple(f"user{number}" for number in range(WORKERS))


class Box(KeptMailer):
    """The developer's mail: the operators', since nobody owns these paywalls."""

    def __init__(self) -> None:
        super().__init__(clock.now)

    def subjects(self) -> list[str]:
        return sorted(kept.mail.subject for kept in self.kept())


@pytest.fixture(autouse=True)
def _operators(database: str) -> None:
    settings.configure(data=settings.get().data, database_url=database, operator_emails="op@example.org")


def listen(app: App) -> None:
    """Somebody listens to every event of a paywall."""
    with db.transaction() as session:
        session.add(subscription(app, "wh_all"))


def subscription(app: App, id_: str, **more: Any) -> WebhookSubscription:
    values: dict[str, Any] = {
        "url": "https://app.example/hook", "events": ["*"], "header_names": [], "secret_sealed": "", "created_at": 1,
        "secret_suffix": "", "is_active": 1, "consecutive_failures": 0, "updated_at": clock.now(),
    }  # fmt: skip
    return WebhookSubscription(id=id_, paywall_id=app.id, **{**values, **more})


def events(app: App) -> list[Mapping[str, Any]]:
    table = table_of(PaywallEvent)
    with db.transaction(writes=False) as session:
        return list(session.scalars(select(table.c.data).where(table.c.paywall_id == app.id).order_by(table.c.id)))


async def raise_by_all(box: Box) -> int:
    """Several raise at once what is to be told."""
    return sum(await asyncio.gather(*(raise_alerts(desk(box)) for _ in range(WORKERS))))


@pytest.mark.unhurried
async def test_an_amount_that_many_workers_cross_is_told_at_three_thresholds_of_each_month(database: str) -> None:
    with hands() as at:
        app, box = App(), Box()
        listen(app)
        for user in USERS:
            app.fund(user)
        with db.transaction() as session:
            assert set_monthly(session, app.id, 20 * NANOS)
        for month in (1, 2):
            for _ in range(3):  # 8 × 3 × 1.25 is 30 dollars
                with ThreadPoolExecutor(WORKERS) as pool:
                    list(pool.map(lambda user: app.charge(user, NANOS * 5 // 4), USERS))
                count_all()
                await raise_by_all(box)
            assert await raise_by_all(box) == 0
            assert len(box.kept()) == len(events(app)) == 3 * month
            at.go_on(31 * 86_400)
        assert [subject.split(": ")[1] for subject in box.subjects()] == [
            "100 % of $20.00 is charged this month", "100 % of $20.00 is charged this month",
            "50 % of $20.00 is charged this month", "50 % of $20.00 is charged this month",
            "80 % of $20.00 is charged this month", "80 % of $20.00 is charged this month",
        ]  # fmt: skip
        told = {(event["threshold"], event["period"]) for event in events(app)}
        assert told == {(share, month) for share in (50, 80, 100) for month in ("2026-02", "2026-03")}


@pytest.mark.unhurried
async def test_an_amount_that_two_processes_cross_is_told_at_three_thresholds(database: str) -> None:
    """Hundreds of charges of 12.5 cents by processes that share nothing but the database, each of which counts and
    raises while it charges; a third one afterwards, as after a restart, tells nothing."""
    app, box = App(), Box()
    listen(app)
    for user in ("one", "other"):
        app.fund(user)
    with db.transaction() as session:
        assert set_monthly(session, app.id, 20 * NANOS)
    processes = get_context("forkserver")
    processes.set_forkserver_preload([alert_racer.__name__])
    start = processes.Barrier(2)
    with ProcessPoolExecutor(2, processes, alert_racer.get_ready, (start,)) as pool:
        running = [pool.submit(alert_racer.run, database, app.id, user, CHARGES // 2) for user in ("one", "other")]
        mailed = [subject for one in running for subject in one.result(alert_racer.SECONDS_MAX)]
    assert await raise_by_all(box) == 0 and box.kept() == []
    assert sorted(subject.split(": ")[1].split()[0] for subject in mailed) == ["100", "50", "80"]
    assert sorted(event["threshold"] for event in events(app)) == [50, 80, 100]


@pytest.mark.unhurried
async def test_a_key_that_is_refused_again_is_told_again_and_mailed_once_a_day(database: str) -> None:
    with hands() as at:
        app, box = App(), Box()
        listen(app)
        for times in (1, 2, 3):
            with db.transaction() as session:
                refusals.note(session, Refusal(app.id, "mine", 401, f"No such key {times}", at.at, at.at))
            assert await raise_by_all(box) == (times == 1) and await raise_by_all(box) == 0
            assert len(box.kept()) == 1 and "No such key 1" in box.kept()[0].mail.text
            assert len(events(app)) == times
            with db.transaction() as session:
                refusals.forget(session, app.id, "mine")
            at.go_on(60)
        at.go_on(86_400)
        assert await raise_by_all(box) == 1 and await raise_by_all(box) == 0
        assert len(box.kept()) == 2 and any("No such key 3" in kept.mail.text for kept in box.kept())


@pytest.mark.unhurried
async def test_an_endpoint_that_fails_and_one_that_was_switched_off_are_told(database: str) -> None:
    with hands() as at:
        app, box = App(), Box()
        with db.transaction() as session:
            session.add(subscription(app, "wh_1", consecutive_failures=2, failing_since=at.at))
            session.add(subscription(app, "wh_2", consecutive_failures=3, failing_since=at.at))
            session.add(subscription(app, "wh_3", is_active=0, ended_by="gone"))
            session.add(subscription(app, "wh_4", is_active=0, ended_by="developer", consecutive_failures=9))
        assert await raise_by_all(box) == 2
        assert [subject.split(": ")[1] for subject in box.subjects()] == [
            "A webhook fails", "A webhook was switched off",
        ]  # fmt: skip


@pytest.mark.unhurried
async def test_numbers_that_are_behind_are_the_operators_to_mend_and_told_once_a_day(database: str) -> None:
    with hands() as at:
        app, box = App(), Box()
        listen(app)
        app.fund()
        app.charge("ada", 1)
        assert await raise_by_all(box) == 0
        at.go_on(301)
        assert await raise_by_all(box) == 1 and await raise_by_all(box) == 0
        (mail,), (event,) = box.kept(), events(app)
        assert "Numbers on pages are behind" in mail.mail.subject and event["kind"] == AlertKind.ROLLUPS_BEHIND
        at.go_on(86_401)
        assert await raise_by_all(box) == 1
        count_all()
        at.go_on(86_400)
        assert await raise_by_all(box) == 0


class Away(Box):
    """A mailer that takes nothing."""

    async def send(self, mail: Mail) -> None:
        raise ProviderFailed("away")


async def test_a_mail_that_cannot_be_sent_is_sent_later(database: str) -> None:
    with hands() as at:
        for app in (App(), App()):
            with db.transaction() as session:
                refusals.note(session, Refusal(app.id, "mine", 403, "", at.at, at.at))
        assert await raise_alerts(desk(Away())) == 0
        assert await raise_alerts(desk(Box())) == 0, "whoever has it may still be sending it"
        at.go_on(LEASE_SECONDS + 1)
        assert await raise_alerts(desk(Box())) == 2


class Killed(Box):
    """A mailer whose process ends once the mail is out, before anybody could note that it is."""

    async def send(self, mail: Mail) -> None:
        await super().send(mail)
        raise RuntimeError("killed")


@pytest.mark.unhurried
async def test_a_mail_whose_sender_is_lost_is_sent_again_and_then_never(database: str) -> None:
    with hands() as at:
        app, lost, box = App(), Killed(), Box()
        with db.transaction() as session:
            refusals.note(session, Refusal(app.id, "mine", 403, "", at.at, at.at))
        assert await raise_alerts(desk(lost)) == 0 and len(lost.kept()) == 1
        at.go_on(LEASE_SECONDS + 1)
        assert await raise_by_all(box) == 1
        at.go_on(10 * 86_400)
        assert await raise_by_all(box) == 0 and lost.subjects() == box.subjects()

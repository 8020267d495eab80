"""Many who ask for the same are shown one reading; what somebody did is seen at once, and nobody sees another's."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.paywalls.members import find_manager
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject, read_marks
from app.flows.paywalls.change import change
from app.flows.paywalls.owners import archive
from app.web.developer.analytics.reading import read_analytics
from app.web.developer.analytics.wanted import Wanted
from app.web.frame.shared import SHARED_SECONDS, Look, Reading, Readings, Shareable
from tests.support.managing import manager, own, person
from tests.support.rolled import App, count_all, hands

LONG_AGO = float("-inf")


@dataclass
class Looking:
    """A paywall's analytics and those who look at it, the time, and who read."""

    paywall_id: str
    at: float = 0.0
    by: list[str] = field(default_factory=list)
    readings: Readings = field(default_factory=lambda: Readings(most=3))

    def page(self, who: Person, by: str = "model") -> Shareable:
        def read(session: db.Session) -> Mapping[str, Any]:
            self.by.append(who.name)
            page = read_analytics(session, self.paywall_id, Wanted(by=by), "")
            return {"gross": page.total.gross, "days": page.days, "paywall": self.paywall_id}

        return Shareable(who, by, lambda session: find_manager(session, who, frozenset(), self.paywall_id), read)

    def subjects(self, values: Mapping[str, Any]) -> list[Subject]:
        return [Subject(about, values["paywall"]) for about in (About.PAYWALL, About.NUMBERS)]

    def look(self, who: Person, by: str = "model", since: float = LONG_AGO) -> Reading:
        with db.transaction(writes=False) as session:
            mine = frozenset({Subject(About.SESSION, who.session_id)})
            return self.readings.read(session, self.page(who, by), self.subjects, Look(mine, since, self.at))

    async def look_too(self, who: Person) -> Reading:
        page = self.page(who)
        async with self.readings.turn(page.asked):
            return await db.in_transaction(
                lambda session: self.readings.read(session, page, self.subjects, Look(frozenset(), LONG_AGO, self.at))
            )


def opened() -> tuple[Looking, App, Person]:
    app = App()
    app.fund()
    app.charge("ada", 10**9)
    count_all()
    owner = person("ada@example.org")
    own(app.id, owner)
    return Looking(app.id), app, owner


async def test_one_reads_for_all_who_ask_for_the_same_at_once(database: str) -> None:
    with hands():
        looking, _app, owner = opened()
        found = await asyncio.gather(*(looking.look_too(owner) for _ in range(10)))
        assert looking.by == ["ada"] and {reading.values["gross"] for reading in found} == {"$1.00"}
        looking.look(owner, "user")
        assert looking.by == ["ada"] * 2, "another question"


async def test_what_somebody_changed_is_read_at_once_and_what_chat_counts_a_moment_later(database: str) -> None:
    with hands() as now:
        looking, app, owner = opened()
        first = looking.look(owner)
        now.go_on(1)
        app.charge("ada", 10**9)
        count_all()
        looking.at = SHARED_SECONDS
        shared = looking.look(owner)
        assert shared.values is first.values and shared.marks[Subject(About.NUMBERS, app.id)] != _numbers(app), (
            "a page that shows it must find that it is old"
        )
        looking.at += 0.001
        assert looking.look(owner).values["gross"] == "$2.00" and len(looking.by) == 2
        await change(manager(app.id, owner), archive(), True)
        looking.look(owner)
        assert len(looking.by) == 3, "it was archived by hand"


def test_whoever_knows_of_something_since_is_shown_nothing_older(migrated_sqlite_url: str) -> None:
    with hands():
        looking, _app, owner = opened()
        looking.look(owner)
        looking.at = 1.0
        looking.look(owner, since=1.0)
        looking.look(owner, since=1.0)
        assert len(looking.by) == 2


def test_nobody_is_shown_what_was_read_for_another(migrated_sqlite_url: str) -> None:
    with hands():
        looking, app, owner = opened()
        looking.look(owner)
        bob = person("bob@example.org")
        with pytest.raises(NotFound):
            looking.look(bob)
        own(app.id, bob)
        with pytest.raises(NotFound):
            looking.look(owner)
        assert looking.look(bob).values["gross"] == "$1.00" and looking.by == ["ada", "bob"]


def test_no_more_is_kept_than_so_many_and_nothing_that_is_too_old(migrated_sqlite_url: str) -> None:
    with hands():
        looking, _app, owner = opened()
        for by in ("model", "user", "key", "source", "model"):
            looking.look(owner, by)
        assert len(looking.by) == 5 and len(looking.readings) == 3
        looking.at = SHARED_SECONDS + 1
        looking.look(owner)
        assert len(looking.readings) == 1


def _numbers(app: App) -> Any:
    with db.transaction(writes=False) as session:
        seen = Subject(About.NUMBERS, app.id)
        return read_marks(session, [seen])[seen]

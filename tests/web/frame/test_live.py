"""One loop a page, ended with its socket or by the next; one query for all; a page is read when its mark changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from app.domain.errors import Unavailable
from app.flows.callers.marks import About, Marks, Subject
from app.web.frame import live
from app.web.frame.live import LOOK_AGAIN_SECONDS, NUMBERS_AGAIN_SECONDS, READ_ANYWAY_SECONDS, LivePage, LivePages
from tests.support.waiting import until

pytestmark = pytest.mark.plain_sql

ONE, TWO = Subject(About.EPOCH, "one"), Subject(About.EPOCH, "two")
COUNTED, ARRIVED = Subject(About.NUMBERS, "one"), Subject(About.ARRIVALS, "one")


class World:
    """The marks that are true now, and the time."""

    def __init__(self) -> None:
        self.marks: dict[Subject, tuple[int]] = {ONE: (1,), TWO: (1,)}
        self.at, self.is_away = 0.0, False
        self.asked: list[frozenset[Subject]] = []

    def read(self, _session: object, subjects: frozenset[Subject]) -> Marks:
        self.asked.append(subjects)
        if self.is_away:
            raise Unavailable("The database is away.")
        return {subject: self.marks[subject] for subject in subjects if subject in self.marks}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, database: str) -> World:
    found = World()
    monkeypatch.setattr(live, "read_marks", found.read)
    monkeypatch.setattr(live, "LOOK_AGAIN_SECONDS", 3_600)  # the tests ask themselves
    return found


@pytest.fixture
async def pages(world: World) -> AsyncIterator[LivePages]:
    found = LivePages(lambda: world.at)
    yield found
    await found.stop()


class Reader:
    """A page's loop, and how often it read."""

    def __init__(self, pages: LivePages, world: World, token: str, *subjects: Subject) -> None:
        self.pages, self.world, self.token, self.subjects = pages, world, token, subjects
        self.count = 0
        self.task = asyncio.create_task(self.run())

    async def run(self) -> None:
        async with aclosing(self.pages.times(self.token)) as times:
            async for page in times:
                self.count += 1
                marks = {subject: self.world.marks[subject] for subject in self.subjects if subject in self.world.marks}
                page.settle(self.subjects, marks)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_page_reads_at_once_and_then_only_what_changed(pages: LivePages, world: World) -> None:
    for token in "ab":
        pages.opened(token)
    one, two = Reader(pages, world, "a", ONE), Reader(pages, world, "b", TWO)
    await settle()
    for _ in range(5):
        await pages.ask_once()
        await settle()
    assert (one.count, two.count) == (1, 1) and world.asked[-1] == {ONE, TWO} and len(world.asked) == 5
    world.marks[ONE] = (2,)
    await pages.ask_once()
    await settle()
    assert (one.count, two.count) == (2, 1)
    del world.marks[TWO]
    await pages.ask_once()
    await settle()
    assert (one.count, two.count) == (2, 2)


async def test_what_every_chat_changes_is_read_again_after_a_while_and_what_somebody_did_at_once(
    pages: LivePages, world: World
) -> None:
    world.marks[COUNTED] = (1,)
    pages.opened("a")
    reader = Reader(pages, world, "a", ONE, COUNTED)
    await settle()
    for count in range(2, 5):
        world.marks[COUNTED], world.at = (count,), world.at + NUMBERS_AGAIN_SECONDS / 4
        await pages.ask_once()
        await settle()
    assert reader.count == 1
    world.at = NUMBERS_AGAIN_SECONDS
    await pages.ask_once()
    await settle()
    assert reader.count == 2, "no number stays old although nothing else happens"
    world.marks.update({ONE: (2,), COUNTED: (9,)})
    await pages.ask_once()
    await settle()
    assert reader.count == 3


async def test_what_arrives_is_shown_with_the_next_question_which_comes_within_two_seconds(
    pages: LivePages, world: World
) -> None:
    """`research/dashboard_modes.md` (d) 12: the wizard's last step shows the app's first request."""
    assert LOOK_AGAIN_SECONDS <= 1.5
    world.marks[ARRIVED] = (0,)
    pages.opened("a")
    reader = Reader(pages, world, "a", ARRIVED)
    await settle()
    for count in (1, 2, 3):
        world.marks[ARRIVED], world.at = (count,), world.at + LOOK_AGAIN_SECONDS
        await pages.ask_once()
        await settle()
        assert reader.count == 1 + count


async def test_a_page_knows_since_when_there_is_something_else(pages: LivePages, world: World) -> None:
    pages.opened("a")
    Reader(pages, world, "a", ONE)
    await settle()
    page = pages._pages["a"]
    assert page.since == float("-inf"), "what another was shown a moment ago is as good"
    world.marks[ONE], world.at = (2,), 7.0
    await pages.ask_once()
    assert page.since == 7.0
    world.at = 9.0
    pages.wake("a")
    assert page.since == 9.0


async def test_300_loops_of_a_page_are_one(pages: LivePages, world: World) -> None:
    pages.opened("a")
    readers = [Reader(pages, world, "a", ONE) for _ in range(300)]
    await settle()
    assert pages.loops == 1 and sum(not reader.task.done() for reader in readers) == 1
    pages.closed("a")
    await settle()
    assert pages.loops == 0 and all(reader.task.done() for reader in readers)


async def test_no_loop_begins_behind_its_socket(pages: LivePages, world: World) -> None:
    never = Reader(pages, world, "gone", ONE)
    await settle()
    assert never.task.done() and never.count == 0 and pages.begin("gone") is None


async def test_asking_ends_with_the_last_page(pages: LivePages, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_AGAIN_SECONDS", 0.01)
    pages.opened("a")
    Reader(pages, world, "a", ONE)
    await until(lambda: pages.queries >= 2)
    asking = pages._asking
    assert asking is not None and not asking.done()
    pages.closed("a")
    await until(asking.done)
    before = pages.queries
    await asyncio.sleep(0.05)
    assert pages.queries == before


async def test_a_loop_that_ends_by_itself_is_forgotten(pages: LivePages, world: World) -> None:
    pages.opened("a")
    reader = Reader(pages, world, "a", ONE)
    await settle()
    reader.task.cancel()
    await settle()
    assert pages.loops == 0


async def test_while_the_database_is_away_each_page_tries_again(pages: LivePages, world: World) -> None:
    pages.opened("a")
    reader = Reader(pages, world, "a", ONE)
    await settle()
    world.is_away = True
    await pages.ask_once()
    await settle()
    assert reader.count == 2
    world.is_away = False
    await pages.ask_once()
    await settle()
    assert reader.count == 2


async def test_a_page_that_failed_tries_again_and_one_that_is_restless_always(pages: LivePages, world: World) -> None:
    page = LivePage(lambda: 0.0, False)
    assert await page.due()
    page.settle((), {})
    page.fail()
    page.compare({})
    assert await asyncio.wait_for(page.due(), 1)
    restless = LivePage(lambda: 0.0, True)
    for _ in range(3):
        restless.compare({})
        assert await asyncio.wait_for(restless.due(), 1)


async def test_a_page_is_read_anyway_after_a_while(pages: LivePages, world: World) -> None:
    pages.opened("a")
    reader = Reader(pages, world, "a", ONE)
    await settle()
    world.at = READ_ANYWAY_SECONDS + 1
    await pages.ask_once()
    await settle()
    assert reader.count == 2


async def test_its_own_person_wakes_a_page(pages: LivePages, world: World) -> None:
    pages.opened("a")
    reader = Reader(pages, world, "a", ONE)
    await settle()
    pages.wake("a")
    pages.wake("another")
    await settle()
    assert reader.count == 2


async def test_the_server_ends_all_of_them(pages: LivePages, world: World) -> None:
    pages.opened("a")
    reader = Reader(pages, world, "a", ONE)
    await settle()
    await pages.stop()
    await settle()
    assert reader.task.done()

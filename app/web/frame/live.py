"""What keeps open pages alive: one loop for each page, which reads again when a mark of what it shows has changed.

One query a process each 1.5 seconds asks for the marks of everything that is open. A loop ends with its socket, and
with the next one of the same page.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from app import db
from app.domain import clock
from app.domain.errors import CoinslotError
from app.flows.callers.marks import Marks, Subject, read_marks
from app.web.frame.shared import BY_CHAT, Readings

LOOK_AGAIN_SECONDS = 1.5
READ_ANYWAY_SECONDS = 300.0
"""After which a page is read although no mark changed: times that it tells, and what only time changes."""
NUMBERS_AGAIN_SECONDS = 10.0
"""After which a page is read again for what every chat changes; what somebody did is shown at once."""
READ_AT_ONCE_MAX = 4
"""How many pages are read at once: what changes for all of them must not keep everybody else from the database."""

log = structlog.get_logger()


class LivePage:
    """The loop of one open page."""

    def __init__(self, now: Callable[[], float], is_restless: bool) -> None:
        self._now, self._due = now, asyncio.Event()
        self._due.set()
        self._is_restless, self._has_failed = is_restless, False
        self._marks: Marks = {}
        self._subjects: frozenset[Subject] = frozenset()
        self._read_at, self._again_at = 0.0, float("inf")
        self._since = float("-inf")
        self._has_begun = False
        self._is_over, self._is_overtaken = False, False

    @property
    def subjects(self) -> frozenset[Subject]:
        return self._subjects

    @property
    def since(self) -> float:
        """Since when something else than before is there to be read, as far as is known."""
        return self._since

    def begins(self) -> bool:
        """Tells the first time that it is the first time."""
        begins, self._has_begun = not self._has_begun, True
        return begins

    async def due(self) -> bool:
        """Waits until the page is to be read, at once the first time; False once it is over."""
        await self._due.wait()
        self._due.clear()
        return not self._is_over

    def is_over(self) -> bool:
        """Tells whether the loop is to end: its socket has, or another loop of the same page has begun."""
        return self._is_over

    def reads(self) -> None:
        """Says that a reading begins, with what its person has chosen and typed so far."""
        self._is_overtaken = False

    def overtake(self) -> None:
        """Says that its own person acts: what is being read just now was asked for before that."""
        self._is_overtaken = True

    def is_overtaken(self) -> bool:
        """Tells whether its person acted since the reading began, which is then to be forgotten: reading goes on."""
        if self._is_overtaken:
            self.wake()
        return self._is_overtaken

    def settle(self, subjects: Iterable[Subject], marks: Marks) -> None:
        """Says what was read, and the marks that it had in the same snapshot."""
        self._subjects, self._marks, self._read_at = frozenset(subjects), marks, self._now()
        self._has_failed, self._again_at = False, float("inf")

    def read_again_in(self, seconds: float) -> None:
        """Makes the page due after a while although nothing may change, for what time alone changes; once."""
        self._again_at = self._now() + seconds

    def fail(self) -> None:
        """Says that the page could not be read: it tries again with the next question."""
        self._has_failed = True

    def compare(self, marks: Marks) -> None:
        """Makes the page due if anything that it shows has another mark than when it was read."""
        is_old = self._now() - self._read_at > READ_ANYWAY_SECONDS or self._now() >= self._again_at
        if self._is_restless or self._has_failed or is_old:
            self.wake()
            return
        changed = {subject.about for subject in self._subjects if marks.get(subject) != self._marks.get(subject)}
        is_rested = self._now() - self._read_at >= NUMBERS_AGAIN_SECONDS
        if changed - BY_CHAT or (changed and is_rested):
            self.wake()

    def wake(self) -> None:
        """Makes the page due."""
        self._since = self._now()
        self._due.set()

    def end(self) -> None:
        """Ends the loop, wherever it waits."""
        self._is_over = True
        self._due.set()


class LivePages:
    """All open pages of this process."""

    def __init__(self, now: Callable[[], float] = clock.monotonic_seconds) -> None:
        self._now = now
        self._open: set[str] = set()
        self._pages: dict[str, LivePage] = {}
        self._asking: asyncio.Task[None] | None = None
        self.turn = asyncio.Semaphore(READ_AT_ONCE_MAX)
        """To be held by whoever reads a page."""
        self.readings = Readings()
        self.queries = 0
        """How often marks were asked for."""

    def now(self) -> float:
        """Returns the time by which pages are due, and what was read of them is old."""
        return self._now()

    @property
    def loops(self) -> int:
        """How many pages are alive."""
        return len(self._pages)

    def opened(self, token: str) -> None:
        """A page's socket has opened: its loop may begin."""
        self._open.add(token)

    def closed(self, token: str) -> None:
        """A page's socket has closed: its loop ends."""
        self._open.discard(token)
        self._end(token)

    def begin(self, token: str, *, is_restless: bool = False) -> LivePage | None:
        """Begins a page's loop and ends the one before; None for a page that is no longer open.

        One that is restless is due each 1.5 seconds: what it shows is in memory and has no marks.
        """
        self._end(token)
        if token not in self._open:
            return None
        page = self._pages[token] = LivePage(self._now, is_restless)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return page

    async def times(self, token: str, *, is_restless: bool = False) -> AsyncGenerator[LivePage, None]:
        """Gives a page's loop out each time that it is due, for as long as the page is open. Close it behind you."""
        page = self.begin(token, is_restless=is_restless)
        if page is None:
            return
        try:
            while await page.due():
                yield page
        finally:
            page.end()
            if self._pages.get(token) is page:
                del self._pages[token]

    def wake(self, token: str) -> None:
        """Lets a page be read at once, for what its own person changed."""
        if token in self._pages:
            self._pages[token].overtake()
            self._pages[token].wake()

    def overtake(self, token: str) -> None:
        """Says that a page's own person acts on it: no reading from before that is shown behind it."""
        if token in self._pages:
            self._pages[token].overtake()

    async def stop(self) -> None:
        """Ends everything."""
        for token in list(self._pages):
            self._end(token)
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking
            self._asking = None

    def _end(self, token: str) -> None:
        page = self._pages.pop(token, None)
        if page is not None:
            page.end()

    async def _ask(self) -> None:
        """Asks for all marks each 1.5 seconds, for as long as a page is open."""
        while self._pages:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await self.ask_once()

    async def ask_once(self) -> None:
        """Asks for the marks of everything that is open, and makes due what has changed."""
        pages = list(self._pages.values())
        subjects = frozenset().union(*(page.subjects for page in pages))
        self.queries += 1
        try:
            marks = await db.in_transaction(lambda session: read_marks(session, subjects)) if subjects else {}
        except CoinslotError as error:
            log.warning("live", step="marks", error=error.message)
            marks = _NOTHING_KNOWN
        for page in pages:
            page.compare(marks)


class _Unknown(dict[Subject, Any]):
    """Marks while the database is away: all others than any page has, so that each tries to read, and says so."""

    def get(self, key: Subject, default: Any = None) -> Any:
        return self


_NOTHING_KNOWN: Mapping[Subject, Any] = _Unknown()
_pages = LivePages()


def get() -> LivePages:
    """Returns the open pages of this process."""
    return _pages


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Ends all loops with the server."""
    try:
        yield
    finally:
        await _pages.stop()

"""Who looks at a page: the session row that its socket's cookie stood for, looked up in the database at every event.

A socket's cookie is as old as the socket, and only its row's id comes here, so signing in and out are full page loads;
a page whose session ended, or became another person's, leaves for the sign-in page.
"""

from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.errors import CoinslotError, LinkInvalid, NotFound, NotSignedIn
from app.domain.paywalls.members import is_owner
from app.domain.paywalls.paywall import find_credits
from app.domain.people import sessions
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject, read_marks
from app.flows.people.sign_in import find_person_of, note_visit
from app.web.frame import live
from app.web.frame.live import LivePage
from app.web.frame.routes import sign_in_path
from app.web.frame.shared import Look, Reading, Shareable
from app.wiring.rules import creators_of, credits_environment_of

AWAY = "This cannot be read right now. The page tries again by itself."

Read = Callable[[db.Session], Mapping[str, Any]]
"""Reads what a page shows: the values of its variables by name."""
Reader = Callable[[Person | None], Read]
"""Says what to read for whom. Raises NotSignedIn where nobody may see it who is not signed in."""
Subjects = Callable[[Person | None, Mapping[str, Any]], Iterable[Subject]]
"""Says what of it may change, given for whom and what was read."""


@dataclass(frozen=True)
class Prepared:
    """How a page is read for whoever it turns out to be. Of one visitor's pages with the same question one reads at a
    time; `question` is None where each reads for itself."""

    question: Hashable | None
    reader: Reader


def row_in(header: str, name: str) -> str:
    """Returns the id of a row that a cookie stood for, `session` or `code`, as the gate wrote it; empty for none.

    `network` is what the gate writes beside: from where the socket came.
    """
    told = dict(part.split("=", 1) for part in header.split("; ") if "=" in part)
    return told.get(name, "")


class VisitorState(rx.State, mixin=True):
    """What pages that know their visitor have in common."""

    phase: str = "loading"
    problem: str = ""
    person_name: str = ""
    person_email: str = ""
    has_dashboard: bool = False
    """Whether they look after paywalls, or may."""
    has_credits: bool = False
    """Whether this instance offers credits."""
    _session_id: str = ""
    _path: str = ""
    """The address, but for its query, of which something is shown."""
    _has_shown: bool = False
    """Whether something stands in it since it was forgotten: what is blank is not sent to be blanked again."""

    async def _visitor(self) -> Person | None:
        """Returns who is signed in right now, None for nobody."""
        return await find_person_of(row_in(self.router.headers.cookie, "session"))

    def _network(self) -> str:
        """Returns from which network the page is looked at, for limits."""
        return row_in(self.router.headers.cookie, "network")

    async def _signed_in(self) -> Person | None:
        """Returns who is signed in, if that is still whom the page was read for.

        A handler asks so before it acts: what the page's loop is reading just now is read anew.
        """
        person = await self._visitor()
        if person is None or person.session_id != self._session_id:
            return None
        live.get().overtake(self.router.session.client_token)
        return person

    def _leave(self) -> EventSpec | None:
        """Forgets what was shown, and goes to sign in. A page that was not read yet has nothing to forget."""
        if not self._session_id and row_in(self.router.headers.cookie, "session"):
            return None  # its state was dropped while nobody looked, and is being read again
        path = self.router.url.path
        self.reset()  # type: ignore[no-untyped-call]
        return rx.redirect(sign_in_path(path))

    def _put(self, values: Mapping[str, Any]) -> None:
        """Sets what changed, and nothing else, so that an idle page is silent."""
        for name, value in values.items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    def _look_again(self) -> None:
        """Lets the page's loop read at once."""
        live.get().wake(self.router.session.client_token)

    async def _live(self, reader: Reader, subjects: Subjects) -> AsyncIterator[EventSpec | None]:
        """Shows a page and whatever lands in it, for as long as it is open.

        `reader` says what to read for whom (None for nobody), and is asked anew each time; `subjects` says what of
        it may change.
        """
        token = self.router.session.client_token
        async with aclosing(live.get().times(token)) as times:
            async for page in times:
                try:
                    found = await self._look(page, reader, subjects)
                except NotSignedIn:
                    async with self:
                        path = self.router.url.path
                        self.reset()  # type: ignore[no-untyped-call]
                    yield rx.redirect(sign_in_path(path))
                    return
                except (LinkInvalid, NotFound) as error:
                    async with self:
                        self._put({"_has_shown": True, "phase": "invalid", "problem": error.message})
                    return
                except CoinslotError:
                    page.fail()
                    async with self:
                        self.problem = AWAY
                else:
                    await _note(found)

    def _begin_anew(self) -> None:
        """Forgets what was shown: the page is loaded anew in its tab, and reads before it shows anything."""
        self.reset()  # type: ignore[no-untyped-call]

    def _forget_others(self) -> None:
        """Forgets what the tab's other pages show: a link back to one shows nothing old, and no button of it."""
        own = self.get_full_name()
        for one in self._get_root_state().substates.values():
            # Of a tab's fifty pages most were never shown, and so have no phase of their own: that is asked at once.
            if vars(one).get("phase", "loading") == "loading" or not isinstance(one, VisitorState):
                continue
            if one.get_full_name() != own:
                one._begin_anew()

    def _goes_on(self, _session_id: str) -> bool:
        """Tells whether a page that was led to another address of its own keeps what it remembers."""
        return False

    def _is_same_page(self, session_id: str) -> bool:
        """Tells whether what is shown is of this address but for its query: of a list another filter, or its next page.

        Its rows stay until the others are read, so that nothing flashes.
        """
        is_theirs = self.phase == "ready" and self._session_id == session_id != ""
        return is_theirs and self._path == self.router.url.path

    def _prepared(self) -> Prepared | None:
        """Returns how the page is read, with all of the page that this depends on, so that who looks at it is asked in
        the same transaction; None where they are to be known before.
        """
        return None

    async def _look(self, page: LivePage, reader: Reader, subjects: Subjects) -> Person | None:
        """Reads the page once, with the marks of what it shows. Raises NotSignedIn, LinkInvalid, NotFound."""
        async with self:
            if page.is_over():
                return None
            session_id = row_in(self.router.headers.cookie, "session")
            if page.begins():
                _itself(self)._forget_others()
                if self._has_shown and not self._goes_on(session_id):
                    self.reset()  # type: ignore[no-untyped-call]
            page.reads()
            path, prepared = self.router.url.path, self._prepared()
        if prepared is None:
            known = await find_person_of(session_id)
            async with self:
                if page.is_over():
                    return None
                page.reads()
                read = reader(known)
            person, found = await _read(lambda _: (known, read), subjects, session_id, page.since)
        else:
            who = partial(_look_up, session_id, prepared.reader)
            asked = None if prepared.question is None else (session_id, prepared.question)
            async with live.get().readings.turn(asked):
                person, found = await _read(who, subjects, session_id, page.since)
        async with self:
            # A handler that acted meanwhile knows more than this reading, which would undo what it chose.
            if page.is_overtaken():
                return person
            if not page.is_over():
                _itself(self)._show(person, {**found.values, "_path": path})
        page.settle(found.subjects, found.marks)
        return person

    def _show(self, person: Person | None, values: Mapping[str, Any]) -> None:
        # Where a handler led meanwhile stays: it knows more than this reading, which may have begun before it.
        phase = "ready" if self.phase == "loading" else self.phase
        who = {} if person is None else {
            "_session_id": person.session_id, "person_name": person.name, "person_email": person.email or person.name,
        }  # fmt: skip
        self._put({**who, "_has_shown": True, "problem": "", "phase": phase, **values})


def _itself(locked: "VisitorState") -> "VisitorState":
    """Returns a state that is locked without what stands before it, which asks at each name whether it is."""
    itself: VisitorState = getattr(locked, "__wrapped__", locked)
    return itself


def for_a_person(reader: Callable[[Person], Read]) -> Reader:
    """Returns the reader of a page that only somebody who is signed in sees."""

    def read(person: Person | None) -> Read:
        if person is None:
            raise NotSignedIn("Sign in to see this.")
        return reader(person)

    return read


def _has_dashboard(session: db.Session, person: Person | None) -> bool:
    return person is not None and (
        creators_of(wiring.get().settings).have(person) or is_owner(session, person.account_id)
    )


def _has_credits(session: db.Session) -> bool:
    return find_credits(session, credits_environment_of(wiring.get().settings)) is not None


def _look_up(session_id: str, reader: Reader, session: db.Session) -> tuple[Person | None, Read]:
    """Returns who looks at a page, and how it is read for them."""
    person = sessions.find_person_of(session, session_id) if session_id else None
    return person, reader(person)


async def _read(
    who: Callable[[db.Session], tuple[Person | None, Read]], subjects: Subjects, session_id: str, since: float
) -> tuple[Person | None, Reading]:
    """Reads a page with the marks of what it shows, or takes what another like it was shown a moment ago."""
    pages = live.get()
    own = frozenset({Subject(About.SESSION, session_id)} if session_id else ())

    def read_it(look: Look, session: db.Session) -> tuple[Person | None, Reading]:
        person, read = who(session)

        def read_all(session: db.Session) -> Mapping[str, Any]:
            offered = {"has_dashboard": _has_dashboard(session, person), "has_credits": _has_credits(session)}
            return {**offered, **read(session)}

        if isinstance(read, Shareable):
            return person, pages.readings.read(session, replace(read, read=read_all), partial(subjects, person), look)
        values = read_all(session)
        seen = own | frozenset(subjects(person, values))
        return person, Reading(values, seen, read_marks(session, seen), look.begun)

    async with pages.turn:
        return await db.in_transaction(partial(read_it, Look(own, since, pages.now())))


async def _note(person: Person | None) -> None:
    if person is not None:
        await note_visit(person)

"""Who looks at a page: the session cookie of its socket's handshake, looked up in the database at every event.

A socket's cookie is as old as the socket, so signing in and out are full page loads; a page whose session ended, or
became another person's, leaves for the sign-in page.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, settings
from app.domain.errors import CoinslotError, LinkInvalid, NotFound
from app.domain.people.sessions import Person
from app.flows.sign_in import find_person, note_visit
from app.web.routes import sign_in_path

LOOK_AGAIN_SECONDS = 1.5
AWAY = "This cannot be read right now. The page tries again by itself."

Read = Callable[[db.Session], Mapping[str, Any]]
"""Reads what a page shows: the values of its variables by name."""


def cookie_in(header: str, name: str) -> str | None:
    """Returns one of our cookies out of a request's `Cookie` header."""
    try:
        found = SimpleCookie(header).get(settings.get().cookie(name))
    except CookieError:
        return None
    return None if found is None else found.value


class VisitorState(rx.State, mixin=True):
    """What pages that know their visitor have in common."""

    phase: str = "loading"
    problem: str = ""
    person_name: str = ""
    person_email: str = ""
    _session_id: str = ""

    async def _visitor(self) -> Person | None:
        """Returns who is signed in right now, None for nobody."""
        return await find_person(cookie_in(self.router.headers.cookie, "session"))

    async def _signed_in(self) -> Person | None:
        """Returns who is signed in, if that is still whom the page was read for."""
        person = await self._visitor()
        return person if person is not None and person.session_id == self._session_id else None

    def _leave(self) -> EventSpec:
        """Forgets what was shown, and goes to sign in."""
        path = self.router.url.path
        self.reset()  # type: ignore[no-untyped-call]
        return rx.redirect(sign_in_path(path))

    def _put(self, values: Mapping[str, Any]) -> None:
        """Sets what changed, and nothing else, so that an idle page is silent."""
        for name, value in values.items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    async def _live(self, reader: Callable[[Person], Read]) -> AsyncIterator[EventSpec | None]:
        """Shows a signed-in person's page and whatever lands in it, for as long as it is open.

        `reader` says what to read for a person; it is asked anew for each reading.
        """
        async with self:
            path, cookie = self.router.url.path, cookie_in(self.router.headers.cookie, "session")
            self.reset()  # type: ignore[no-untyped-call]
        first = True
        while True:
            try:
                person = await find_person(cookie)
                if person is None:
                    async with self:
                        self.reset()  # type: ignore[no-untyped-call]
                    yield rx.redirect(sign_in_path(path))
                    return
                if first:
                    await note_visit(person)
                    first = False
                await self._look(person, reader)
            except (LinkInvalid, NotFound) as error:
                async with self:
                    self._put({"phase": "invalid", "problem": error.message})
                return
            except CoinslotError:
                async with self:
                    self.problem = AWAY
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _look(self, person: Person, reader: Callable[[Person], Read]) -> None:
        async with self:
            read = reader(person)
        values = await db.in_transaction(read)
        async with self:
            self._session_id = person.session_id
            # Where a handler led meanwhile stays: it knows more than this reading, which may have begun before it.
            phase = "ready" if self.phase == "loading" else self.phase
            self._put({"person_name": person.name, "person_email": person.email or person.name, "problem": "",
                       "phase": phase, **values})  # fmt: skip

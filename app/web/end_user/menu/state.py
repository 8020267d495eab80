"""What the menu behind a link shows. In default mode the link is the credential; in shared mode a session is."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import reflex as rx
from reflex.event import EventSpec

from app import db
from app.domain.errors import CoinslotError, LinkInvalid, NotFound
from app.flows import authorize
from app.flows.links import open_menu
from app.flows.sign_in import find_person
from app.web.end_user.menu.rows import MenuRow, read_menu
from app.web.routes import sign_in_path, token_of
from app.web.session_state import AWAY, LOOK_AGAIN_SECONDS, VisitorState, cookie_in


class MenuState(VisitorState, rx.State):
    """One open menu."""

    menu: MenuRow = MenuRow()
    is_revoking: bool = False

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what stands between an app and its user, as it changes."""
        async with self:
            path, cookie = self.router.url.path, cookie_in(self.router.headers.cookie, "session")
            self.reset()  # type: ignore[no-untyped-call]
        while True:
            try:
                link, person = open_menu(token_of(path)), await find_person(cookie)
                menu = await db.in_transaction(partial(read_menu, link=link, person=person))
            except (LinkInvalid, NotFound) as error:
                async with self:
                    self.phase, self.problem = "invalid", error.message
                return
            except CoinslotError:
                async with self:
                    self.problem = AWAY
            else:
                if menu is None:
                    yield rx.redirect(sign_in_path(path))
                    return
                async with self:
                    self._session_id = person.session_id if person else ""
                    shown = person if menu.is_shared else None
                    email = (shown.email or shown.name) if shown else ""
                    self._put({"menu": menu, "phase": "ready", "problem": "", "person_email": email})
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    @rx.event
    async def ask_to_revoke(self, is_asked: bool) -> EventSpec | None:
        """Asks once whether the app shall lose the wallet, or no longer asks."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_revoking = is_asked
        return None

    @rx.event
    async def revoke(self) -> EventSpec | None:
        """Takes the signed-in person's wallet away from the app."""
        person = await self._signed_in()
        if person is None:
            return self._leave()
        try:
            await authorize.revoke_link(person, open_menu(token_of(self.router.url.path)))
        except CoinslotError as error:
            self.problem = error.message
        self.is_revoking = False
        return None

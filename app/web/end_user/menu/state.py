"""What the menu behind a link shows. In default mode the link is the credential; in shared mode a session is."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.authorizations import authorizations
from app.domain.authorizations.caps import cap_id
from app.domain.errors import CoinslotError
from app.domain.ledger import accounts
from app.domain.paywalls import configuration
from app.domain.people.sessions import Person
from app.flows.callers.marks import About, Subject, purse_subjects
from app.flows.people import consent
from app.web.end_user.menu.rows import MenuRow, read_menu
from app.web.frame.routes import token_of
from app.web.frame.session_state import Read, VisitorState


class MenuState(VisitorState, rx.State):
    """One open menu."""

    menu: MenuRow = MenuRow()
    is_revoking: bool = False
    _account_id: str = ""
    _paywall_id: str = ""
    _user: str = ""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what stands between an app and its user, as it changes."""
        async for event in self._live(self._reader, _subjects):
            yield event

    def _reader(self, person: Person | None) -> Read:
        path = self.router.url.path

        def read(session: db.Session) -> dict[str, Any]:
            link = wiring.get().links.open_menu(token_of(path))
            menu, account = read_menu(session, link, person)
            shown = person if menu.is_shared else None
            return {
                "menu": menu, "person_email": (shown.email or shown.name) if shown else "",
                "_account_id": account.id, "_paywall_id": link.paywall_id, "_user": link.user,
            }  # fmt: skip

        return read

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
            await consent.revoke_link(person, wiring.get().links.open_menu(token_of(self.router.url.path)))
        except CoinslotError as error:
            self.problem = error.message
        self.is_revoking = False
        return None


def _subjects(person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The wallet, the app, and what connects them."""
    paywall_id = values["_paywall_id"]
    return [
        *purse_subjects(accounts.parse(values["_account_id"])),
        Subject(About.EPOCH, configuration.epoch_subject(paywall_id)),
        Subject(About.EPOCH, authorizations.epoch_subject(paywall_id, values["_user"])),
        *(() if person is None else (Subject(About.CAP, cap_id(person.account_id, paywall_id)),)),
    ]

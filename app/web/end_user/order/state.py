"""What the page of an order remembers: what is about to be chosen. Who chooses is whoever is signed in, each time."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.authorizations import authorizations
from app.domain.errors import CoinslotError, LinkInvalid
from app.domain.legs.legs import Source
from app.domain.money import Environment
from app.domain.people.sessions import Person
from app.domain.wallets.shared import OWN_UNITS, shared_account
from app.flows.callers.marks import About, Subject, purse_subjects
from app.flows.orders.choose import choose
from app.web.end_user.order.rows import OrderPage, read_order_page
from app.web.frame.format import plainly
from app.web.frame.routes import token_of
from app.web.frame.session_state import Read, VisitorState, for_a_person


class OrderState(VisitorState, rx.State):
    """One open page of an order."""

    page: OrderPage = OrderPage()
    may_fall_back: bool = False
    error: str = ""
    here: str = ""
    _paywall_id: str = ""
    _user: str = ""
    _order_id: str = ""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows the order, and what it comes to."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        path = self.router.url.path

        def read(session: db.Session) -> dict[str, Any]:
            link = wiring.get().links.open_order(token_of(path))
            page = read_order_page(session, link, person)
            named = {"_paywall_id": link.paywall_id, "_user": link.user, "_order_id": link.order_id}
            return {"page": page, "here": path, **named}

        return read

    @rx.event
    async def allow_fall_back(self, is_allowed: bool) -> EventSpec | None:
        """Notes whether the wallet may pay where no key serves."""
        if await self._signed_in() is None:
            return self._leave()
        self.may_fall_back = is_allowed
        return None

    @rx.event
    async def choose(self, billing: str) -> AsyncIterator[EventSpec | None]:
        """Keeps who pays, once, and goes back to an app that waits for it."""
        person = await self._signed_in()
        if person is None:
            yield self._leave()
            return
        if billing not in tuple(Source):
            return
        try:
            link = wiring.get().links.open_order(token_of(self.router.url.path))
            await choose(link, person, Source(billing), may_fall_back=self.may_fall_back)
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
            return
        except CoinslotError as error:
            self.error = plainly(error)
            return
        self.error = ""
        self._look_again()
        if link.state is not None and (back := link.way_back(order=link.order_id)):
            yield rx.redirect(back)


def _subjects(person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The order, the wallets that may pay, and whose the app's user is."""
    if person is None or not values.get("_paywall_id"):
        return []
    own = [
        subject
        for environment in Environment
        for unit in OWN_UNITS
        for subject in purse_subjects(shared_account(person.account_id, environment, unit))
    ]
    epoch = authorizations.epoch_subject(values["_paywall_id"], values["_user"])
    # What a key of one's own paid moves no balance.
    return [*own, Subject(About.ORDER, values["_order_id"]), Subject(About.EPOCH, epoch)]

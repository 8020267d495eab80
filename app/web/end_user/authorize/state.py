"""What the consent page remembers: the chosen cap. Who approves is whoever is signed in, looked up at every step."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from app import db, wiring
from app.domain.authorizations import authorizations
from app.domain.authorizations.own_keys import USUAL_PER_DAY, check_per_day
from app.domain.errors import BadField, CoinslotError, LinkInvalid, NotFound
from app.domain.money import Environment, Unit, format_for_people, parse_amount
from app.domain.paywalls import configuration
from app.domain.people.accounts import check_cap
from app.domain.people.sessions import Person
from app.domain.wallets.shared import shared_account
from app.flows.callers.marks import About, Subject, purse_subjects
from app.flows.people import consent as authorize
from app.web.components.caps import CAPS
from app.web.end_user.authorize.rows import ConsentRow, read_consent_row
from app.web.frame.routes import token_of
from app.web.frame.session_state import Read, VisitorState, for_a_person

PER_DAY_CHARACTERS_MAX = 8


class AuthorizeState(VisitorState, rx.State):
    """One open consent page."""

    consent: ConsentRow = ConsentRow()
    cap: str = ""
    is_other_cap: bool = False
    may_use_own: bool = False
    own_per_day: str = str(USUAL_PER_DAY)
    error: str = ""
    back_url: str = ""
    here: str = ""

    @rx.event(background=True)
    async def watch(self) -> AsyncIterator[EventSpec | None]:
        """Shows what is asked for, and the wallet as it changes."""
        async for event in self._live(for_a_person(self._reader), _subjects):
            yield event

    def _reader(self, person: Person) -> Read:
        if self.phase in ("done", "declined"):
            return _nothing_more  # what was said stays, also when the link is too old to be read again
        path, is_untouched = self.router.url.path, not self.cap and not self.is_other_cap

        def read(session: db.Session) -> dict[str, Any]:
            link = wiring.get().links.open_connect(token_of(path))
            row, cap, per_day = read_consent_row(session, link, person.account_id)
            own = {} if per_day is None else {"own_per_day": str(per_day)}
            begun = {"cap": cap, "is_other_cap": cap not in CAPS, "may_use_own": per_day is not None, **own}
            chosen = begun if is_untouched else {}
            return {"consent": row, "here": path, **chosen}

        return read

    @rx.event
    async def choose_cap(self, cap: str) -> EventSpec | None:
        """Takes one of the usual caps, or what was typed."""
        if await self._signed_in() is None:
            return self._leave()
        self.is_other_cap, self.cap, self.error = cap not in CAPS, cap[:12], ""
        return None

    @rx.event
    async def allow_own(self, is_allowed: bool) -> EventSpec | None:
        """Takes whether the app may use keys of the person's own."""
        if await self._signed_in() is None:
            return self._leave()
        self.may_use_own, self.error = bool(is_allowed), ""
        return None

    @rx.event
    async def type_own(self, per_day: str) -> EventSpec | None:
        """Takes for how many requests a day."""
        if await self._signed_in() is None:
            return self._leave()
        self.own_per_day, self.error = per_day[:PER_DAY_CHARACTERS_MAX], ""
        return None

    @rx.event
    async def approve(self) -> AsyncIterator[EventSpec | None]:
        """Keeps the consent, and goes back to an app that waits for it."""
        person = await self._signed_in()
        if person is None:
            yield self._leave()
            return
        try:
            cap_nanos, per_day = check_cap(parse_amount(self.cap.strip())), self._own_per_day()
            wired = wiring.get()
            link = wired.links.open_connect(token_of(self.router.url.path))
            approval = await authorize.approve(wired.mailer, wired.trial_rules, link, person, cap_nanos, per_day)
        except BadField as error:
            is_own = error.field == "own_keys_per_day"
            self.error = error.message if is_own else "Enter an amount of USDC, such as 20 or 7.50."
            return
        except (LinkInvalid, NotFound) as error:
            self.phase, self.problem = "invalid", error.message
            return
        except CoinslotError as error:
            self.error = error.message
            return
        self.phase, self.back_url = "done", approval.return_url or ""
        if approval.is_awaited and approval.return_url:
            yield rx.redirect(approval.return_url)

    @rx.event
    async def decline(self) -> EventSpec | None:
        """Goes back to the app with nothing allowed."""
        if await self._signed_in() is None:
            return self._leave()
        try:
            url = await authorize.decline(wiring.get().links.open_connect(token_of(self.router.url.path)))
        except LinkInvalid as error:
            self.phase, self.problem = "invalid", error.message
            return None
        self.phase, self.back_url = "declined", url or ""
        return None

    def _own_per_day(self) -> int | None:
        """Returns how many requests a day may go by own keys. Raises BadField."""
        return check_per_day(self.own_per_day.strip()) if self.may_use_own else None

    @rx.var
    def cap_text(self) -> str:
        """The chosen cap as it is said after approval."""
        try:
            return format_for_people(parse_amount(self.cap.strip()), Unit.USDC)
        except BadField:
            return ""


def _subjects(person: Person | None, values: Mapping[str, Any]) -> list[Subject]:
    """The wallet, who the app's user belongs to, and what the app says of itself and takes."""
    if person is None or "here" not in values:
        return []
    link = wiring.get().links.open_connect(token_of(values["here"]))
    return [
        *(subject for environment in Environment
          for subject in purse_subjects(shared_account(person.account_id, environment))),
        Subject(About.EPOCH, authorizations.epoch_subject(link.paywall_id, link.user)),
        Subject(About.EPOCH, configuration.epoch_subject(link.paywall_id)),
    ]  # fmt: skip


def _nothing_more(_session: db.Session) -> dict[str, Any]:
    return {}
